/**
 * A queue of keys for reconcilers.
 *
 * - Stingy: a key waits at most once, however often it is added.
 * - Exclusive: a key is never given to two workers at once; added while it is worked on, it comes again after `done`.
 * - Fair: keys come in the order in which they were added.
 * - `addAfter` keeps the earliest of several delays; `addRateLimited` delays by a back-off of its own for each key, which
 *   `forget` resets.
 *
 * Invariants: a key in `waiting` is in `dirty`; a key in `dirty` and in `processing` is not in `waiting`; `idle` workers exist
 * only while `waiting` is empty.
 */
import { type Backoff, type BackoffOptions, type Clock, type Randomness, type Timer } from '@flotilla/base';
import { createBackoff, systemClock, systemRandomness } from '@flotilla/base';

export interface WorkQueueOptions {
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  /** Of each key's rate-limited delays; 5 ms to 1,000 s unless told. */
  readonly backoff?: BackoffOptions;
}

export interface WorkQueue {
  /** Keys that wait for a worker, delayed ones not counted. */
  readonly size: number;
  add(key: string): void;
  addAfter(key: string, delayMs: number): void;
  addRateLimited(key: string): void;
  /** The key was worked on well: its next back-off starts anew. */
  forget(key: string): void;
  /** How often the key was rate-limited since it was last forgotten. */
  retries(key: string): number;
  /** The next key, as soon as there is one; undefined when the queue is closed or the signal aborted. `done` must follow. */
  next(signal?: AbortSignal): Promise<string | undefined>;
  done(key: string): void;
  /** Drops what waits and lets all workers go. Idempotent. */
  close(): void;
}

const defaultBackoff: BackoffOptions = { initialMs: 5, maxMs: 1_000_000 };

export function createWorkQueue(options: WorkQueueOptions = {}): WorkQueue {
  const { clock = systemClock, randomness = systemRandomness, backoff = defaultBackoff } = options;
  const waiting = new Set<string>();
  const dirty = new Set<string>();
  const processing = new Set<string>();
  const idle: ((key: string | undefined) => void)[] = [];
  const delayed = new Map<string, { readonly atMs: number; readonly timer: Timer }>();
  const failures = new Map<string, { readonly backoff: Backoff; count: number }>();
  let closed = false;

  const take = (): string | undefined => {
    const [key] = waiting;
    if (key === undefined) return undefined;
    waiting.delete(key);
    dirty.delete(key);
    processing.add(key);
    return key;
  };
  const offer = (): void => {
    while (waiting.size > 0) {
      const worker = idle.shift();
      if (!worker) return;
      worker(take());
    }
  };
  const add = (key: string): void => {
    if (closed || dirty.has(key)) return;
    dirty.add(key);
    if (processing.has(key)) return;
    waiting.add(key);
    offer();
  };
  const addAfter = (key: string, delayMs: number): void => {
    if (closed) return;
    if (delayMs <= 0) return add(key);
    const atMs = clock.monotonicMs() + delayMs;
    const planned = delayed.get(key);
    if (planned && planned.atMs <= atMs) return;
    planned?.timer.cancel();
    const timer = clock.after(delayMs, () => {
      delayed.delete(key);
      add(key);
    });
    delayed.set(key, { atMs, timer });
  };

  return {
    get size() {
      return waiting.size;
    },
    add,
    addAfter,
    addRateLimited(key) {
      const failure = failures.get(key) ?? { backoff: createBackoff(backoff, randomness), count: 0 };
      failures.set(key, failure);
      failure.count++;
      addAfter(key, failure.backoff.nextMs());
    },
    forget: (key) => void failures.delete(key),
    retries: (key) => failures.get(key)?.count ?? 0,
    next(signal) {
      if (closed || signal?.aborted === true) return Promise.resolve(undefined);
      const key = take();
      if (key !== undefined) return Promise.resolve(key);
      return new Promise((resolve) => {
        const give = (given: string | undefined): void => {
          signal?.removeEventListener('abort', leave);
          resolve(given);
        };
        const leave = (): void => {
          idle.splice(idle.indexOf(give), 1);
          resolve(undefined);
        };
        idle.push(give);
        signal?.addEventListener('abort', leave, { once: true });
      });
    },
    done(key) {
      if (!processing.delete(key)) return;
      if (!dirty.has(key)) return;
      waiting.add(key);
      offer();
    },
    close() {
      closed = true;
      for (const { timer } of delayed.values()) timer.cancel();
      delayed.clear();
      waiting.clear();
      dirty.clear();
      for (const give of idle.splice(0)) give(undefined);
    },
  };
}
