/**
 * The requests of a stream between their arrival and their handler. How many may wait is the window of the stream: `consumed` is
 * called as they are taken.
 *
 * Invariant: there is never both a request that waits and somebody who waits for one.
 */
import type { RequestStream } from '../service.ts';

interface Item {
  readonly request: unknown;
  readonly bytes: number;
}

interface Waiter {
  resolve(result: IteratorResult<unknown, undefined>): void;
  reject(error: unknown): void;
}

const over: IteratorResult<unknown, undefined> = { value: undefined, done: true };

export class RequestQueue implements RequestStream<unknown> {
  /** Bytes that wait. */
  waitingBytes = 0;
  readonly #consumed: (bytes: number) => void;
  #items: Item[] = [];
  #waiter: Waiter | undefined;
  #take: ((request: unknown) => void) | undefined;
  /** Nothing more is wanted. */
  #abandoned = false;
  #ended = false;
  #failure: Error | undefined;

  constructor(consumed: (bytes: number) => void) {
    this.#consumed = consumed;
  }

  push(request: unknown, bytes: number): void {
    if (this.#abandoned || this.#take || this.#waiter) {
      this.#consumed(bytes);
      if (this.#take) return this.#take(request);
      const waiter = this.#waiter;
      this.#waiter = undefined;
      waiter?.resolve({ value: request, done: false });
      return;
    }
    this.#items.push({ request, bytes });
    this.waitingBytes += bytes;
  }

  /** No more requests come, because of an error or not. The first end counts. */
  end(failure?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (failure) waiter?.reject(failure);
    else waiter?.resolve(over);
  }

  forEach(take: (request: unknown) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#take = undefined;
        this.#abandoned = true;
      };
      const takeOrStop = (request: unknown): void => {
        try {
          take(request);
        } catch (error) {
          stop();
          reject(error as Error);
        }
      };
      for (let item = this.#shift(); item && !this.#abandoned; item = this.#shift()) takeOrStop(item.request);
      if (this.#abandoned) return;
      if (this.#ended) return this.#failure ? reject(this.#failure) : resolve();
      this.#take = takeOrStop;
      this.#waiter = { resolve: () => resolve(), reject };
    });
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    return {
      next: () => {
        const item = this.#shift();
        if (item) return Promise.resolve({ value: item.request, done: false });
        if (this.#failure) return Promise.reject(this.#failure);
        if (this.#ended || this.#abandoned) return Promise.resolve(over);
        return new Promise((resolve, reject) => {
          this.#waiter = { resolve, reject };
        });
      },
      return: () => {
        this.abandon();
        return Promise.resolve(over);
      },
    };
  }

  /** Drops what waits and what still comes. */
  abandon(): void {
    this.#abandoned = true;
    while (this.#shift());
    this.#waiter?.resolve(over);
    this.#waiter = undefined;
  }

  #shift(): Item | undefined {
    const item = this.#items.shift();
    if (!item) return undefined;
    this.waitingBytes -= item.bytes;
    this.#consumed(item.bytes);
    return item;
  }
}
