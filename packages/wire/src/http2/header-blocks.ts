/**
 * Reads header blocks, and remembers the last few: a client that makes the same call again and again sends the same bytes,
 * which mean the same while the decoder's table stands still. A block that changed the table is not remembered.
 */
import { HpackDecoder } from './hpack-decoder.ts';
import type { HeaderField } from './static-table.ts';

/** A decoded block. `reading` belongs to the reader of requests, who leaves there what it made of the fields. */
export interface HeaderBlock<Reading> {
  readonly fields: readonly HeaderField[];
  readonly tooLarge: boolean;
  reading: Reading | undefined;
}

interface Remembered<Reading> {
  readonly bytes: Uint8Array;
  readonly version: number;
  readonly block: HeaderBlock<Reading>;
}

const maxRemembered = 8;
const maxRememberedBytes = 512;

export class HeaderBlocks<Reading> {
  readonly #decoder: HpackDecoder;
  readonly #remembered: Remembered<Reading>[] = [];
  #oldest = 0;

  constructor(maxListBytes: number) {
    this.#decoder = new HpackDecoder(maxListBytes);
  }

  /** @throws ConnectionError COMPRESSION_ERROR. */
  read(bytes: Buffer, start: number, end: number): HeaderBlock<Reading> {
    const { version } = this.#decoder;
    for (const known of this.#remembered) {
      if (known.version === version && isSame(known.bytes, bytes, start, end)) return known.block;
    }
    const block: HeaderBlock<Reading> = { ...this.#decoder.decode(bytes, start, end), reading: undefined };
    if (version === this.#decoder.version && end - start <= maxRememberedBytes) {
      this.#remembered[this.#oldest] = { bytes: Uint8Array.prototype.slice.call(bytes, start, end), version, block };
      this.#oldest = (this.#oldest + 1) % maxRemembered;
    }
    return block;
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const { length } = known;
  if (length !== end - start) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
