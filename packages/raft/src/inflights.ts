/** The window of appends on their way to one follower: a ring of (last index, bytes), bounded in messages and bytes. */
import { invariant } from './invariant.ts';

export class Inflights {
  readonly #lastIndexes: Float64Array;
  readonly #sizes: Float64Array;
  readonly #maxBytes: number;
  #start = 0;
  #count = 0;
  #bytes = 0;

  constructor({ maxMessages, maxBytes }: { maxMessages: number; maxBytes: number }) {
    this.#lastIndexes = new Float64Array(maxMessages);
    this.#sizes = new Float64Array(maxMessages);
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#count;
  }

  /** No further append may leave. One message may overstep the bytes, so that an entry of any size travels. */
  get full(): boolean {
    return this.#count === this.#lastIndexes.length || this.#bytes >= this.#maxBytes;
  }

  add({ lastIndex, bytes }: { lastIndex: number; bytes: number }): void {
    invariant(!this.full, 'an append left though the window is full');
    const slot = (this.#start + this.#count) % this.#lastIndexes.length;
    this.#lastIndexes[slot] = lastIndex;
    this.#sizes[slot] = bytes;
    this.#count++;
    this.#bytes += bytes;
  }

  /** Everything up to `index` arrived. */
  freeTo(index: number): void {
    while (this.#count > 0 && (this.#lastIndexes[this.#start] as number) <= index) {
      this.#bytes -= this.#sizes[this.#start] as number;
      this.#start = (this.#start + 1) % this.#lastIndexes.length;
      this.#count--;
    }
  }

  clear(): void {
    this.#start = 0;
    this.#count = 0;
    this.#bytes = 0;
  }
}
