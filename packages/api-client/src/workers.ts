/**
 * Workers that take keys off a queue and reconcile them, at most `workers` at once.
 *
 * A reconcile that fails is tried again after the key's back-off: a conflict is everyday life and stays quiet, anything else is
 * logged. A server that asks for patience gets it. Two failures end the workers instead: a lost fence, which ends the leader's term, and an assertion, which is a bug.
 */
import { setMaxListeners } from 'node:events';
import { AssertionFailure, type Logger, messageOf, silentLogger } from '@flotilla/base';
import { isConflict, isLeaderFenced, isTooManyRequests } from './errors.ts';
import type { WorkQueue } from './work-queue.ts';

/** What a reconcile may ask for: to see the key again after a while even if nothing happens. */
export interface Requeue {
  readonly requeueAfterMs: number;
}

export type Reconcile = (key: string, signal: AbortSignal) => Promise<Requeue | undefined | void>;

export interface WorkersOptions {
  readonly workers: number;
  readonly reconcile: Reconcile;
  readonly signal: AbortSignal;
  readonly logger?: Logger;
}

/** Resolves when the signal is aborted or the queue closed, and every running reconcile has returned. */
export async function runWorkers(queue: WorkQueue, options: WorkersOptions): Promise<void> {
  const { workers, reconcile, logger = silentLogger } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  // Every worker that waits, and every call under way, listens to it.
  setMaxListeners(0, signal);

  const reconcileOne = async (key: string): Promise<void> => {
    try {
      const requeue = await reconcile(key, signal);
      queue.forget(key);
      if (requeue) queue.addAfter(key, requeue.requeueAfterMs);
    } catch (error) {
      if (isLeaderFenced(error) || error instanceof AssertionFailure) throw error;
      if (signal.aborted) return;
      if (!isConflict(error))
        logger.warn('reconcile failed', { key, reason: messageOf(error), retries: queue.retries(key) });
      const retryAfterMs = isTooManyRequests(error) ? (error.status.details?.retryAfterSeconds ?? 0) * 1000 : 0;
      if (retryAfterMs > 0) queue.addAfter(key, retryAfterMs);
      else queue.addRateLimited(key);
    } finally {
      queue.done(key);
    }
  };
  const work = async (): Promise<void> => {
    try {
      for (;;) {
        const key = await queue.next(signal);
        if (key === undefined) return;
        if (signal.aborted) return queue.done(key);
        await reconcileOne(key);
      }
    } catch (error) {
      // The others stop as well: nothing may be written after this.
      stop.abort();
      throw error;
    }
  };

  const outcomes = await Promise.allSettled(Array.from({ length: workers }, work));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}
