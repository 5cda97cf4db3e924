/**
 * Pods that wait for a node, in three places:
 *
 * - active: to be tried now, in the order of the profile's queueSort;
 * - backoff: tried without luck and worth another try, once its back-off (1 s doubling to 10 s) is over;
 * - unschedulable: rejected, until an event comes that could change the mind of a plugin that rejected it, or five minutes.
 *
 * A pod that a preEnqueue plugin gates is in none of them and costs nothing an event; its own update brings it in.
 *
 * Invariant: a pod's key is in at most one of the three. A scheduling cycle never awaits, so no event can slip in between a
 * pod's rejection and its return to the queue; a pod whose binding failed always goes to backoff.
 */
import { type Pod, deepEqual } from '@flotilla/api';
import { keyOf } from '@flotilla/api-client';
import type { Clock, Timer } from '@flotilla/base';
import type { ClusterEvent } from '../framework/cluster-event.ts';
import type { QueuedPod } from '../framework/plugin.ts';
import type { Profile } from '../framework/profile.ts';
import { createHeap } from './heap.ts';

export interface SchedulingQueueOptions {
  readonly profile: Profile;
  readonly clock: Clock;
  readonly backoffInitialMs?: number;
  readonly backoffMaxMs?: number;
  /** After this long an unschedulable pod is tried again whatever happened. */
  readonly unschedulableMaxMs?: number;
}

export interface SchedulingQueue {
  /** How many pods wait in each place. */
  readonly sizes: { readonly active: number; readonly backoff: number; readonly unschedulable: number };
  /** Takes a new pod, or the new state of one that waits. A changed spec or label is worth a try at once; a status is not. */
  put(pod: Pod): void;
  remove(key: string): void;
  /** The next pod to try; undefined when none is due. */
  pop(): QueuedPod | undefined;
  /** Gives back a pod that no node took. */
  rejected(queued: QueuedPod, rejectedBy: ReadonlySet<string>): void;
  /** Gives back a pod whose binding failed. */
  retry(queued: QueuedPod): void;
  /** Moves those unschedulable pods for which the event is good news. */
  notify(event: ClusterEvent): void;
  /** Calls back whenever `pop` may have something after it had nothing. */
  onReady(callback: () => void): void;
  close(): void;
}

interface Waiting extends QueuedPod {
  readonly key: string;
  /** When it was last tried; the back-off counts from there. */
  readonly triedMs: number;
  /** Backoff: when it is over. Unschedulable: when it is tried anyway. Monotonic milliseconds. */
  readonly dueMs: number;
  readonly rejectedBy: ReadonlySet<string>;
}

const noPlugins: ReadonlySet<string> = new Set();

export function createSchedulingQueue(options: SchedulingQueueOptions): SchedulingQueue {
  const { profile, clock, backoffInitialMs = 1000, backoffMaxMs = 10_000, unschedulableMaxMs = 300_000 } = options;
  const plugins = profile.plugins.map(({ plugin }) => plugin);
  const sorter = plugins.find((plugin) => plugin.queueSort);
  const eventsOf = new Map(plugins.map((plugin) => [plugin.name, plugin.events ?? {}]));
  const byKey = ({ key }: Waiting): string => key;
  const byDue = (a: Waiting, b: Waiting): number => a.dueMs - b.dueMs;

  const active = createHeap<Waiting>(byKey, (a, b) => sorter?.queueSort?.(a, b) ?? 0);
  const backoff = createHeap<Waiting>(byKey, byDue);
  const leftovers = createHeap<Waiting>(byKey, byDue);
  const unschedulable = new Map<string, Waiting>();
  let ready: () => void = () => undefined;
  let timer: Timer | undefined;

  const activate = (waiting: Waiting): void => {
    active.put(waiting);
    ready();
  };
  const backOff = (waiting: Waiting): void => {
    const delayMs = Math.min(backoffMaxMs, backoffInitialMs * 2 ** (waiting.attempts - 1));
    const dueMs = waiting.triedMs + delayMs;
    if (dueMs <= clock.monotonicMs()) return activate(waiting);
    backoff.put({ ...waiting, dueMs });
    arm();
  };
  const take = (key: string): Waiting | undefined => {
    leftovers.remove(key);
    const waiting = active.remove(key) ?? backoff.remove(key) ?? unschedulable.get(key);
    unschedulable.delete(key);
    return waiting;
  };
  /** One timer, for whatever is due first. */
  const arm = (): void => {
    timer?.cancel();
    const dueMs = Math.min(backoff.peek()?.dueMs ?? Infinity, leftovers.peek()?.dueMs ?? Infinity);
    if (dueMs === Infinity) return;
    timer = clock.after(Math.max(0, dueMs - clock.monotonicMs()), flush);
  };
  const flush = (): void => {
    const nowMs = clock.monotonicMs();
    for (const heap of [backoff, leftovers]) {
      for (let due = heap.peek(); due && due.dueMs <= nowMs; due = heap.peek()) {
        take(due.key);
        activate(due);
      }
    }
    arm();
  };
  const isGoodNews = (waiting: Waiting, event: ClusterEvent): boolean =>
    [...waiting.rejectedBy].some((name) => eventsOf.get(name)?.[event.type]?.(waiting.pod, event) === true);
  const waitingOf = (queued: QueuedPod): Waiting => ({
    ...queued,
    key: keyOf(queued.pod),
    triedMs: clock.monotonicMs(),
    dueMs: 0,
    rejectedBy: noPlugins,
  });

  /** Puts a new version that schedules like the old one in the old one's place. */
  const replaceUnchanged = (key: string, pod: Pod): boolean => {
    const old = active.get(key) ?? backoff.get(key) ?? unschedulable.get(key);
    if (!old || !schedulesAlike(old.pod, pod)) return false;
    const waiting = { ...old, pod };
    if (active.get(key)) active.put(waiting);
    else if (backoff.get(key)) backoff.put(waiting);
    else unschedulable.set(key, waiting);
    return true;
  };

  return {
    get sizes() {
      return { active: active.size, backoff: backoff.size, unschedulable: unschedulable.size };
    },
    put(pod) {
      const key = keyOf(pod);
      if (replaceUnchanged(key, pod)) return;
      const old = take(key);
      if (plugins.some((plugin) => plugin.preEnqueue?.(pod) !== undefined)) return;
      const { queuedMs = clock.monotonicMs(), attempts = 0 } = old ?? {};
      activate(waitingOf({ pod, queuedMs, attempts }));
    },
    remove: (key) => void take(key),
    pop() {
      const next = active.pop();
      return next && { pod: next.pod, queuedMs: next.queuedMs, attempts: next.attempts + 1 };
    },
    rejected(queued, rejectedBy) {
      const dueMs = clock.monotonicMs() + unschedulableMaxMs;
      const waiting = { ...waitingOf(queued), dueMs, rejectedBy };
      unschedulable.set(waiting.key, waiting);
      leftovers.put(waiting);
      arm();
    },
    retry: (queued) => backOff(waitingOf(queued)),
    notify(event) {
      for (const waiting of unschedulable.values()) {
        if (!isGoodNews(waiting, event)) continue;
        take(waiting.key);
        backOff(waiting);
      }
    },
    onReady(callback) {
      ready = callback;
    },
    close: () => timer?.cancel(),
  };
}

function schedulesAlike(a: Pod, b: Pod): boolean {
  return (
    a.metadata.uid === b.metadata.uid &&
    deepEqual(a.spec, b.spec) &&
    deepEqual(a.metadata.labels, b.metadata.labels) &&
    deepEqual(a.metadata.annotations, b.metadata.annotations)
  );
}
