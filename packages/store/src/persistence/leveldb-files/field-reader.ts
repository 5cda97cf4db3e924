/**
 * Reads the fields that LevelDB's manifests, blocks and footers are made of. Whatever is not so (an end inside a field, a number
 * beyond the safe integers) makes it `isOdd`: then nothing that was read counts. It always comes to an end.
 */
import { noBytes } from '../../bytes.ts';

export class FieldReader {
  isOdd = false;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.isOdd || this.#at === this.#bytes.length;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; value <= Number.MAX_SAFE_INTEGER; factor *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value += (byte & 127) * factor;
      if (byte < 128 && value <= Number.MAX_SAFE_INTEGER) return value;
    }
    this.isOdd = true;
    return 0;
  }

  take(length: number): Uint8Array {
    const start = this.#at;
    if (this.isOdd || start + length > this.#bytes.length) {
      this.isOdd = true;
      return noBytes;
    }
    this.#at = start + length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** Bytes behind their length. */
  text(): Uint8Array {
    return this.take(this.number());
  }
}
