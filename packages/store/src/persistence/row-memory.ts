/**
 * Memory for the rows of one batch, used again for the next: pages pass through it all the time, and memory outside of the
 * JavaScript heap that is thrown away makes V8 collect all of the heap.
 *
 * Invariant: a batch has ended before the next one begins.
 */
const firstBytes = 64 * 1024;
/** Larger batches are rare, and do not keep their memory. */
const keptBytes = 8 * 1024 * 1024;

export class RowMemory {
  #bytes = new Uint8Array(firstBytes);
  #used = 0;

  /** A batch begins: what was taken before is void. */
  begin(): void {
    this.#used = 0;
  }

  /** So many bytes with anything in them. */
  take(length: number): Uint8Array {
    const start = this.#used;
    if (start + length > this.#bytes.length) return this.#takeMore(length);
    this.#used = start + length;
    return this.#bytes.subarray(start, this.#used);
  }

  /** What is in use stays as it is, the next batch finds room for twice as much. */
  #takeMore(length: number): Uint8Array {
    const larger = 2 * Math.max(this.#bytes.length, length);
    if (larger > keptBytes) return new Uint8Array(length);
    this.#bytes = new Uint8Array(larger);
    this.#used = length;
    return this.#bytes.subarray(0, length);
  }
}
