/**
 * What a connection is about to write. Small pieces are gathered in slabs, large ones are kept as they are; the whole goes to
 * the socket in one write. Slabs are shared: a connection holds one only while it has something to write.
 *
 * Invariant: no byte of a slab is given out twice, so that what went to a socket never changes.
 */

const slabBytes = 64 * 1024;
/** Pieces of this size are not copied. */
const largeBytes = 8 * 1024;
/** A slab with less than this left is dropped. */
const leastBytes = 1024;
const maxIdleSlabs = 16;

interface Slab {
  readonly bytes: Buffer;
  used: number;
}

/** The slabs that no connection holds. */
export class SlabPool {
  readonly #idle: Slab[] = [];

  take(): Slab {
    return this.#idle.pop() ?? { bytes: Buffer.allocUnsafeSlow(slabBytes), used: 0 };
  }

  give(slab: Slab): void {
    if (slabBytes - slab.used >= leastBytes && this.#idle.length < maxIdleSlabs) this.#idle.push(slab);
  }
}

export class Output {
  /** The place of the next byte, after {@link reserve}. */
  at = 0;
  /** What the slab at hand holds; valid after {@link reserve}. */
  bytes: Buffer = Buffer.alloc(0);
  readonly #pool: SlabPool;
  #slab: Slab | undefined;
  #start = 0;
  #parts: Uint8Array[] = [];
  #partBytes = 0;

  constructor(pool: SlabPool) {
    this.#pool = pool;
  }

  /** Bytes that wait to be taken. */
  get size(): number {
    return this.#slab ? this.#partBytes + this.at - this.#start : this.#partBytes;
  }

  /** Makes room for `size` bytes (fewer than a slab has) in {@link bytes} from {@link at} on. */
  reserve(size: number): void {
    if (this.#slab && this.at + size <= slabBytes) return;
    this.#endPart();
    this.#release();
    let slab = this.#pool.take();
    if (slab.used + size > slabBytes) slab = { bytes: Buffer.allocUnsafeSlow(slabBytes), used: 0 };
    this.#slab = slab;
    this.bytes = slab.bytes;
    this.at = slab.used;
    this.#start = slab.used;
  }

  /** Adds bytes; those of a large piece must not change any more. */
  append(piece: Uint8Array): void {
    const { length } = piece;
    if (length >= largeBytes) {
      this.#endPart();
      this.#parts.push(piece);
      this.#partBytes += length;
      return;
    }
    this.reserve(length);
    this.copy(piece);
  }

  /** Copies into reserved room. */
  copy(piece: Uint8Array): void {
    const { length } = piece;
    if (length <= 48) {
      const { bytes, at } = this;
      for (let i = 0; i < length; i++) bytes[at + i] = piece[i] ?? 0;
    } else {
      this.bytes.set(piece, this.at);
    }
    this.at += length;
  }

  /** Everything that waits, in order. */
  take(): readonly Uint8Array[] {
    this.#endPart();
    this.#release();
    const parts = this.#parts;
    this.#parts = [];
    this.#partBytes = 0;
    return parts;
  }

  #endPart(): void {
    if (!this.#slab || this.at === this.#start) return;
    this.#parts.push(this.bytes.subarray(this.#start, this.at));
    this.#partBytes += this.at - this.#start;
    this.#start = this.at;
  }

  #release(): void {
    if (!this.#slab) return;
    this.#slab.used = this.at;
    this.#pool.give(this.#slab);
    this.#slab = undefined;
  }
}
