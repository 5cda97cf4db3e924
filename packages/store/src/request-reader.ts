/**
 * Reads the fields of a protobuf message as clients write them. Whatever is not so (a field out of order, a number beyond the
 * safe integers, a length beyond the end) makes it `isOdd`: then nothing that was read counts. It always comes to an end.
 */
export class RequestReader {
  isOdd = false;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next field's tag, which must be above the one before; 0 at the end, or when the message is odd. */
  tag(previous: number, end: number): number {
    if (this.isOdd || this.#at >= end) return 0;
    const tag = this.#bytes[this.#at++] as number;
    // A tag of more than one byte is not a field of the requests that are read here.
    if (tag <= previous || tag >= 128) return this.#odd();
    return tag;
  }

  /** A number of up to seven bytes: below 2^49. */
  number(end: number): number {
    let value = 0;
    let factor = 1;
    while (this.#at < end && factor < 2 ** 49) {
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    return this.#odd();
  }

  flag(end: number): boolean {
    const value = this.number(end);
    if (value > 1) this.#odd();
    return value === 1;
  }

  /** A signed number of 64 bits. */
  id(end: number): bigint {
    let value = 0n;
    for (let shift = 0n; this.#at < end && shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++] as number;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, value);
    }
    this.#odd();
    return 0n;
  }

  /** Reads a length; returns where the field ends, which is not beyond `end`. */
  fieldEnd(end: number): number {
    const length = this.number(end);
    if (this.#at + length > end) this.#odd();
    return this.isOdd ? end : this.#at + length;
  }

  /** A field of bytes: a view. */
  bytesField(end: number): Uint8Array {
    return this.rest(this.fieldEnd(end));
  }

  /** What is left up to `end`: a view. */
  rest(end: number): Uint8Array {
    const start = this.#at;
    this.#at = end;
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, end - start);
  }

  #odd(): number {
    this.isOdd = true;
    return 0;
  }
}
