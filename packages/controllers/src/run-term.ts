/**
 * One term: waits until the caches show all that earlier leaders wrote, then runs every controller until the term ends. The
 * first lost fence, or the first bug, stops them all.
 */
import { type LeaderTerm, createEventRecorder, createWorkQueue, runWorkers } from '@flotilla/api-client';
import type { ControllerContext, ControllerDefinition } from './controller.ts';

export type TermContext = Omit<ControllerContext, 'client' | 'recorder'>;

export async function runTerm(
  controllers: readonly ControllerDefinition[],
  context: TermContext,
  term: LeaderTerm,
): Promise<void> {
  try {
    await context.caches.waitForRevision(term.electedRevision, term.signal);
  } catch (error) {
    if (term.signal.aborted) return;
    throw error;
  }
  context.logger.info('the caches have caught up', { electedRevision: term.electedRevision });
  const failed = new AbortController();
  const signal = AbortSignal.any([term.signal, failed.signal]);
  const runs = controllers.map((definition) =>
    runController(definition, context, { ...term, signal }).catch((error: unknown) => {
      failed.abort();
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(runs);
  const first = outcomes.find((outcome) => outcome.status === 'rejected');
  if (first) throw first.reason;
}

async function runController(definition: ControllerDefinition, context: TermContext, term: LeaderTerm): Promise<void> {
  const { name, workers, register } = definition;
  const { clock, randomness } = context;
  const logger = context.logger.child({ controller: name });
  const queue = createWorkQueue({ clock, randomness, backoff: { initialMs: 5, maxMs: 60_000 } });
  const recorder = createEventRecorder({ client: term.client, component: name, clock, randomness, logger });
  const controller = register({ ...context, client: term.client, recorder, logger }, queue);
  try {
    await runWorkers(queue, { workers, reconcile: controller.reconcile, signal: term.signal, logger });
  } finally {
    controller.unregister();
    queue.close();
    recorder.close();
  }
}
