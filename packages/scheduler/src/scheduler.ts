/**
 * The loop of one leader's term: take a pod, find its node in one synchronous cycle, count it there at once ("assume"), and
 * bind beside the next cycles. Everything it decides from is rebuilt at the start of a term and dropped at its end.
 */
import { type Pod, pods } from '@flotilla/api';
import {
  type ApiClient,
  type EventRecorder,
  type InformerFactory,
  isConflict,
  isLeaderFenced,
  isNotFound,
} from '@flotilla/api-client';
import { AssertionFailure, type Clock, type Logger, type Randomness, messageOf } from '@flotilla/base';
import { reserve, runBindingCycle, unreserve } from './binding-cycle.ts';
import { type ClusterView, createClusterView } from './cluster-view.ts';
import type { Placement, QueuedPod } from './framework/plugin.ts';
import type { Profile } from './framework/profile.ts';
import type { Diagnosis } from './framework/rejection.ts';
import { runSchedulingCycle } from './framework/scheduling-cycle.ts';
import { type SchedulingQueue, createSchedulingQueue } from './queue/scheduling-queue.ts';

export interface SchedulerOptions {
  /** Its writes carry the term's fence. */
  readonly client: ApiClient;
  readonly informers: InformerFactory;
  readonly profile: Profile;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly logger: Logger;
}

/** So many cycles run before other work of the process gets a turn. */
const cyclesPerTurn = 32;

/** Schedules until the signal is aborted. Rejects when a write is fenced (the term is over) and with bugs. */
export async function runScheduler(options: SchedulerOptions, signal: AbortSignal): Promise<void> {
  const { informers, profile, clock } = options;
  const queue = createSchedulingQueue({ profile, clock });
  const view = createClusterView({ informers, queue, schedulerName: profile.schedulerName });
  const term = new Term(options, queue, view, signal);
  try {
    await term.run();
  } finally {
    view.close();
    queue.close();
  }
}

class Term {
  readonly #options: SchedulerOptions;
  readonly #queue: SchedulingQueue;
  readonly #view: ClusterView;
  readonly #signal: AbortSignal;
  readonly #background = new Set<Promise<void>>();
  #wake: () => void = () => undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: SchedulerOptions, queue: SchedulingQueue, view: ClusterView, signal: AbortSignal) {
    this.#options = options;
    this.#queue = queue;
    this.#view = view;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const wake = (): void => this.#wake();
    this.#queue.onReady(wake);
    this.#signal.addEventListener('abort', wake, { once: true });
    while (!this.#signal.aborted && !this.#failure) {
      if (this.#scheduleSome()) await new Promise((resolve) => setImmediate(resolve));
      else await this.#somethingToDo();
    }
    this.#signal.removeEventListener('abort', wake);
    await Promise.all(this.#background);
    if (this.#failure && !this.#signal.aborted) throw this.#failure.error;
  }

  #somethingToDo(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#signal.aborted || this.#failure || this.#queue.sizes.active > 0) resolve();
    });
  }

  /** @returns whether pods may be left. */
  #scheduleSome(): boolean {
    for (let cycles = 0; cycles < cyclesPerTurn; cycles++) {
      const queued = this.#queue.pop();
      if (!queued) return false;
      this.#scheduleOne(queued);
    }
    return true;
  }

  #scheduleOne(queued: QueuedPod): void {
    const { profile, randomness } = this.#options;
    const { pod } = queued;
    const result = runSchedulingCycle({ pod, nodes: this.#view.nodes, profile, randomness });
    if (result.outcome === 'unschedulable') {
      this.#queue.rejected(queued, result.diagnosis.rejectedBy);
      this.#inBackground(this.#tellUnschedulable(pod, result.diagnosis));
      return;
    }
    const placement: Placement = { pod, node: result.node };
    this.#view.assume(pod, result.node);
    const refused = reserve(placement, profile);
    if (refused === undefined) this.#inBackground(this.#bind(queued, placement));
    else this.#giveUp(queued, placement, refused);
  }

  async #bind(queued: QueuedPod, placement: Placement): Promise<void> {
    const { profile, clock, recorder, logger } = this.#options;
    const { pod, node } = placement;
    try {
      const result = await runBindingCycle(placement, profile, { clock, signal: this.#signal });
      if (result.outcome === 'denied') {
        unreserve(placement, profile);
        return this.#giveUp(queued, placement, result.reason);
      }
      const { namespace, name } = pod.metadata;
      recorder.record(pod, {
        type: 'Normal',
        reason: 'Scheduled',
        message: `Successfully assigned ${namespace}/${name} to ${node}`,
      });
    } catch (error) {
      unreserve(placement, profile);
      if (isLeaderFenced(error) || error instanceof AssertionFailure) throw error;
      if (!this.#signal.aborted && !isNotFound(error) && !isConflict(error)) {
        logger.warn('binding failed', { pod: `${pod.metadata.namespace}/${pod.metadata.name}`, node, err: error });
      }
      this.#giveUp(queued, placement, messageOf(error));
    }
  }

  /** A pod that did not get its node waits out a back-off, unless it is gone or was placed by somebody else. */
  #giveUp(queued: QueuedPod, { pod }: Placement, reason: string): void {
    const { informers, recorder } = this.#options;
    this.#view.forget(pod);
    const current = informers.informer(pods).get(`${pod.metadata.namespace}/${pod.metadata.name}`);
    if (!current || current.metadata.uid !== pod.metadata.uid) return;
    if ((current.spec?.nodeName ?? '') !== '' || current.metadata.deletionTimestamp !== undefined) return;
    this.#queue.retry({ ...queued, pod: current });
    recorder.record(pod, { type: 'Warning', reason: 'FailedScheduling', message: reason });
  }

  /** The condition and the event that people look for when a pod stays Pending. Written only when it says something new. */
  async #tellUnschedulable(pod: Pod, { message }: Diagnosis): Promise<void> {
    const { client, recorder, clock, logger } = this.#options;
    recorder.record(pod, { type: 'Warning', reason: 'FailedScheduling', message });
    const old = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    if (old?.status === 'False' && old.message === message) return;
    const now = new Date(clock.wallMs()).toISOString().replace(/\.\d+Z$/, 'Z');
    const lastTransitionTime = old?.status === 'False' ? old.lastTransitionTime : now;
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime };
    const { namespace, name } = pod.metadata;
    try {
      await client
        .resource(pods)
        .patch(
          { namespace, name },
          { type: 'application/strategic-merge-patch+json', body: { status: { conditions: [condition] } } },
          { subresource: 'status', signal: this.#signal },
        );
    } catch (error) {
      if (isLeaderFenced(error)) throw error;
      if (!this.#signal.aborted && !isNotFound(error)) {
        logger.warn('could not write the PodScheduled condition', { pod: `${namespace}/${name}`, err: error });
      }
    }
  }

  #inBackground(work: Promise<void>): void {
    const watched = work.catch((error: unknown) => {
      this.#failure ??= { error };
      this.#wake();
    });
    this.#background.add(watched);
    void watched.finally(() => this.#background.delete(watched));
  }
}
