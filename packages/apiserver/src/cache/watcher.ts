/**
 * One watcher of a cache: the versions it starts with, then the events as they come, in batches of whatever is there. Its
 * queue is bounded; a watcher that lets it fill up is ended, and its client watches again from the last version it saw.
 */
import type { CacheEvent, Selects, WatchItem } from './cache-event.ts';

/** A point up to which the watcher has been told everything. */
export interface Bookmark {
  readonly type: 'BOOKMARK';
  readonly revision: number;
  /** The first one after the initial events of a streaming list. */
  readonly initialEventsEnd: boolean;
}

export type WatchOutput = WatchItem | Bookmark;

/** The most that a batch holds: a message of the wire must stay moderate. */
const batchMax = 128;

export class Watcher implements AsyncIterable<readonly WatchOutput[]> {
  readonly #selects: Selects;
  readonly #after: number;
  readonly #capacity: number;
  readonly #onEnd: (watcher: Watcher) => void;
  #initial: readonly WatchOutput[];
  #queue: WatchOutput[] = [];
  #hasEnded = false;
  #wake: () => void = () => undefined;

  /** @param after events up to this revision are not for this watcher. */
  constructor(options: {
    selects: Selects;
    after: number;
    initial: readonly WatchOutput[];
    capacity: number;
    onEnd: (watcher: Watcher) => void;
  }) {
    this.#selects = options.selects;
    this.#after = options.after;
    this.#initial = options.initial;
    this.#capacity = options.capacity;
    this.#onEnd = options.onEnd;
  }

  offer(event: CacheEvent): void {
    if (event.revision <= this.#after) return;
    const item = event.seenBy(this.#selects);
    if (item) this.#push(item);
  }

  /** Tells that everything up to `revision` has been said. */
  bookmark(revision: number): void {
    if (revision < this.#after) return;
    this.#push({ type: 'BOOKMARK', revision, initialEventsEnd: false });
  }

  /** Ends after what is queued. */
  end(): void {
    this.#hasEnded = true;
    this.#onEnd(this);
    this.#wake();
  }

  #push(output: WatchOutput): void {
    if (this.#hasEnded) return;
    if (this.#queue.length >= this.#capacity) return this.end();
    this.#queue.push(output);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly WatchOutput[], void> {
    try {
      const initial = this.#initial;
      // A stream of hours must not keep the versions it began with.
      this.#initial = [];
      yield* batchesOf(initial);
      for (;;) {
        const queued = this.#queue;
        this.#queue = [];
        yield* batchesOf(queued);
        if (this.#queue.length > 0) continue;
        if (this.#hasEnded) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.end();
    }
  }
}

function* batchesOf(outputs: readonly WatchOutput[]): Generator<readonly WatchOutput[], void> {
  for (let start = 0; start < outputs.length; start += batchMax) yield outputs.slice(start, start + batchMax);
}
