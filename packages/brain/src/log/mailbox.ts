/**
 * A write with its sync for the thread of the files, in memory that both share: to put it there and to ring costs a fraction of
 * a message, of which the bytes of the batch are no part anyway. One write at a time, of bytes in memory that the thread knows
 * already, because an earlier message brought it.
 *
 * The memory: a bell, whether a write is there, the file, the number of parts, whether the thread is to end; behind them position,
 * offset, length and times of each part.
 */
import type { FlatWrites } from './sync-write.ts';

const [bellAt, fullAt, fdAt, partsAt, endAt] = [0, 1, 2, 3, 4];
const headBytes = 24;
const numbersAPart = 4;
/** More go by message. */
const maxParts = 4;
export const mailboxBytes = headBytes + maxParts * numbersAPart * Float64Array.BYTES_PER_ELEMENT;

export class Mailbox {
  readonly #head: Int32Array<SharedArrayBuffer>;
  readonly #numbers: Float64Array<SharedArrayBuffer>;
  /** What offsets count from. */
  #bytes: SharedArrayBuffer | undefined;

  constructor(memory: SharedArrayBuffer) {
    this.#head = new Int32Array(memory, 0, headBytes / Int32Array.BYTES_PER_ELEMENT);
    this.#numbers = new Float64Array(memory, headBytes);
  }

  /** How often it has rung. */
  get rings(): number {
    return Atomics.load(this.#head, bellAt);
  }

  ring(): void {
    Atomics.add(this.#head, bellAt, 1);
    Atomics.notify(this.#head, bellAt);
  }

  /** Whether the thread is to end. */
  get ends(): boolean {
    return Atomics.load(this.#head, endAt) === 1;
  }

  /** Lets the thread end, once it has done what was asked. */
  end(): void {
    Atomics.store(this.#head, endAt, 1);
    this.ring();
  }

  /** Sleeps until it has rung more often than that. */
  sleep(heard: number): void {
    Atomics.wait(this.#head, bellAt, heard);
  }

  /** A message carries these: both sides know their memory from now on. */
  learn(writes: FlatWrites): void {
    const [, bytes] = writes;
    if (bytes instanceof Uint8Array && bytes.buffer instanceof SharedArrayBuffer) this.#bytes = bytes.buffer;
  }

  /** Leaves a write for the thread; false when it must go by message. The caller rings. */
  put(fd: number, writes: FlatWrites): boolean {
    const parts = writes.length / 3;
    if (parts > maxParts) return false;
    for (let i = 0; i < parts; i++) {
      const bytes = writes[3 * i + 1] as Uint8Array;
      if (bytes.buffer !== this.#bytes) return false;
      const at = i * numbersAPart;
      this.#numbers[at] = writes[3 * i] as number;
      this.#numbers[at + 1] = bytes.byteOffset;
      this.#numbers[at + 2] = bytes.length;
      this.#numbers[at + 3] = writes[3 * i + 2] as number;
    }
    this.#head[fdAt] = fd;
    this.#head[partsAt] = parts;
    Atomics.store(this.#head, fullAt, 1);
    return true;
  }

  /**
   * The write that lies there, once. Read number by number: of a pattern with defaults V8 makes code that it throws away again and
   * again.
   */
  take(): { readonly fd: number; readonly writes: FlatWrites } | undefined {
    if (Atomics.exchange(this.#head, fullAt, 0) === 0) return undefined;
    const fd = this.#head[fdAt] as number;
    const parts = this.#head[partsAt] as number;
    const writes: (number | Uint8Array)[] = [];
    for (let i = 0; i < parts; i++) {
      const at = i * numbersAPart;
      const offset = this.#numbers[at + 1] as number;
      const length = this.#numbers[at + 2] as number;
      const bytes = new Uint8Array(this.#bytes as SharedArrayBuffer, offset, length);
      writes.push(this.#numbers[at] as number, bytes, this.#numbers[at + 3] as number);
    }
    return { fd, writes };
  }
}
