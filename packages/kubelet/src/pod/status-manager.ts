/**
 * Writes pod statuses to the API server: the newest of each pod, only what changed, and again until it is there. A patch names the
 * pod's uid, so that it never lands on a namesake.
 */
import { deepEqual, pods, type Pod, type PodStatus } from '@flotilla/api';
import {
  createWorkQueue,
  isNotFound,
  revisionOf,
  runWorkers,
  type ApiClient,
  type Patch,
  type WorkQueue,
} from '@flotilla/api-client';
import type { Logger, TaskGroup } from '@flotilla/base';
import { identityOf } from './pod-labels.ts';

export interface StatusManager {
  start(group: TaskGroup): void;
  /** Sees to it that `status` gets to the API server. Also says so again when somebody else changed what it has. */
  set(pod: Pod, status: PodStatus): void;
  /** The pod with the status that the API server answered last, if that is newer than the informer's. */
  newest(pod: Pod): Pod;
  /** Resolves when what was set last is written, or the pod is gone, or the signal is aborted. */
  delivered(pod: Pod, signal: AbortSignal): Promise<void>;
  forget(uid: string): void;
}

/** Invariant: `answer` is a response to a patch of ours, never older than the one before. */
interface Entry {
  readonly pod: Pod;
  readonly wanted: PodStatus;
  readonly answer: Pod | undefined;
  readonly delivered: boolean;
}

const writers = 4;
const retry = { initialMs: 100, maxMs: 10_000 };

export function createStatusManager(options: { readonly client: ApiClient; readonly logger: Logger }): StatusManager {
  const { client, logger } = options;
  const entries = new Map<string, Entry>();
  const waiters = new Map<string, Set<() => void>>();
  const queue: WorkQueue = createWorkQueue({ backoff: retry });

  const settle = (uid: string): void => {
    for (const wake of waiters.get(uid) ?? []) wake();
    waiters.delete(uid);
  };
  const newest = (pod: Pod): Pod => {
    const answer = entries.get(identityOf(pod).uid)?.answer;
    if (!answer || revisionOf(answer.metadata.resourceVersion) <= revisionOf(pod.metadata.resourceVersion)) return pod;
    return { ...pod, status: answer.status };
  };
  const send = async ({ pod, wanted }: Entry, signal: AbortSignal): Promise<Pod | undefined> => {
    const { namespace, name, uid } = identityOf(pod);
    const patch = statusPatch({ uid, before: newest(pod).status ?? {}, wanted });
    if (!patch) return undefined;
    return client.resource(pods).patch({ namespace, name }, patch, { subresource: 'status', signal });
  };
  const write = async (uid: string, signal: AbortSignal): Promise<void> => {
    const entry = entries.get(uid);
    if (!entry) return settle(uid);
    try {
      const answer = await send(entry, signal);
      const current = entries.get(uid);
      if (!current) return settle(uid);
      const delivered = current.wanted === entry.wanted;
      entries.set(uid, { ...current, answer: answer ?? current.answer, delivered });
      if (delivered) settle(uid);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      entries.delete(uid);
      settle(uid);
    }
  };

  return {
    start(group) {
      group.run('pod status', (signal) => runWorkers(queue, { workers: writers, reconcile: write, signal, logger }));
      group.signal.addEventListener('abort', () => queue.close(), { once: true });
    },
    set(pod, wanted) {
      const { uid } = identityOf(pod);
      entries.set(uid, { pod, wanted, answer: entries.get(uid)?.answer, delivered: false });
      queue.add(uid);
    },
    newest,
    async delivered(pod, signal) {
      const { uid } = identityOf(pod);
      const entry = entries.get(uid);
      if (!entry || entry.delivered || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const waiting = waiters.get(uid) ?? new Set();
        waiters.set(uid, waiting.add(resolve));
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    },
    forget(uid) {
      entries.delete(uid);
      settle(uid);
    },
  };
}

interface StatusChange {
  readonly uid: string;
  readonly before: PodStatus;
  readonly wanted: PodStatus;
}

/** The changed fields, or undefined when there are none. Conditions merge by type: those of others stay. */
function statusPatch({ uid, before: old, wanted }: StatusChange): Patch | undefined {
  const changed: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(wanted)) {
    const before: unknown = old[field as keyof PodStatus];
    if (value === undefined ? before !== undefined : !sameField(field, before, value)) {
      changed[field] = value === undefined ? null : field === 'conditions' ? withRemovals(value) : value;
    }
  }
  if (Object.keys(changed).length === 0) return undefined;
  return { type: 'application/strategic-merge-patch+json', body: { metadata: { uid }, status: changed } };
}

/** Merged by type, a condition keeps what a patch leaves out: `null` takes it away. */
function withRemovals(conditions: unknown): unknown {
  return (conditions as NonNullable<PodStatus['conditions']>).map((one) => ({
    ...one,
    reason: one.reason ?? null,
    message: one.message ?? null,
  }));
}

function sameField(field: string, before: unknown, value: unknown): boolean {
  if (field !== 'conditions') return deepEqual(before, value);
  const known = new Map(((before ?? []) as NonNullable<PodStatus['conditions']>).map((one) => [one.type, one]));
  return (value as NonNullable<PodStatus['conditions']>).every((one) => {
    const old = known.get(one.type);
    return old?.status === one.status && old.reason === one.reason && old.message === one.message;
  });
}
