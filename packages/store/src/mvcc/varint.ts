/** Protobuf's variable-length integers, for safe integers of at least 0 and for any 64-bit id. */
import { assert } from '@flotilla/base';

export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Writes and returns the offset after it. */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest > 0x7fff_ffff) {
    target[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 128) {
    target[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

export function idLength(id: bigint): number {
  let length = 1;
  for (let rest = BigInt.asUintN(64, id); rest >= 128n; rest >>= 7n) length++;
  return length;
}

export function writeId(target: Uint8Array, offset: number, id: bigint): number {
  let at = offset;
  let rest = BigInt.asUintN(64, id);
  while (rest >= 128n) {
    target[at++] = Number(rest & 127n) | 128;
    rest >>= 7n;
  }
  target[at++] = Number(rest);
  return at;
}

/** Reads varints one after the other. */
export class VarintReader {
  at = 0;
  bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  number(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  }

  id(): bigint {
    let value = 0n;
    let shift = 0n;
    for (;;) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, value);
      shift += 7n;
    }
  }

  /** Bytes are checked before they get here: an end inside a number is a bug, and must not loop. */
  #byte(): number {
    const byte = this.bytes[this.at++];
    assert(byte !== undefined, 'a version ends inside a number');
    return byte;
  }
}
