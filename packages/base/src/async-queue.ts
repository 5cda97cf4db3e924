/**
 * A bounded queue between one or more producers and one consumer that iterates it asynchronously.
 *
 * Invariant: `items` and `waiting` are never both non-empty. A producer that meets a full queue is told
 * so (`push` returns false) and decides itself what to drop; nothing is lost silently.
 */

export interface AsyncQueue<T> extends AsyncIterable<T> {
  /** Adds an item; false when the queue is full or ended, and then the item was not taken. */
  push(item: T): boolean;
  /** Ends the iteration after the items already queued. */
  end(): void;
  /** Ends the iteration with an error after the items already queued. */
  fail(error: Error): void;
  readonly size: number;
}

/** @param capacity the most items that may wait, Infinity for a producer that is bounded elsewhere. */
export function createAsyncQueue<T>(capacity: number): AsyncQueue<T> {
  const items: T[] = [];
  let waiting: { resolve(result: IteratorResult<T, undefined>): void; reject(error: Error): void } | undefined;
  let ended = false;
  let failure: Error | undefined;

  const finish = (): void => {
    if (!waiting) return;
    const { resolve, reject } = waiting;
    waiting = undefined;
    if (failure) reject(failure);
    else resolve({ value: undefined, done: true });
  };

  const iterator: AsyncIterator<T, undefined> = {
    next() {
      const item = items.shift();
      if (item !== undefined) return Promise.resolve({ value: item, done: false });
      if (failure) return Promise.reject(failure);
      if (ended) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
      });
    },
    return() {
      ended = true;
      items.length = 0;
      finish();
      return Promise.resolve({ value: undefined, done: true });
    },
  };

  return {
    push(item) {
      if (ended || items.length >= capacity) return false;
      if (waiting) {
        const { resolve } = waiting;
        waiting = undefined;
        resolve({ value: item, done: false });
      } else {
        items.push(item);
      }
      return true;
    },
    end() {
      ended = true;
      finish();
    },
    fail(error) {
      if (ended) return;
      ended = true;
      failure = error;
      finish();
    },
    get size() {
      return items.length;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
}
