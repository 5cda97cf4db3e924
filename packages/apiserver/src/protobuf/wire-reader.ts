/** Reads the protobuf wire format: fields of a message as number and value, nothing about what they mean. */

/** A varint as a number (64-bit values beyond 2^53 are refused), or the bytes of everything with a length. */
export type WireValue = number | Uint8Array;

export interface WireField {
  readonly number: number;
  readonly value: WireValue;
}

/** Thrown on bytes that are no message. */
export class WireFormatError extends Error {
  override readonly name = 'WireFormatError';
}

const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;
const fixed32 = 5;

interface Position {
  readonly bytes: Uint8Array;
  at: number;
}

export function* fieldsOf(bytes: Uint8Array): Generator<WireField, void> {
  const position: Position = { bytes, at: 0 };
  while (position.at < bytes.length) {
    const tag = readVarint(position);
    const number = Math.floor(tag / 8);
    const value = readValue(position, tag % 8);
    if (value !== undefined) yield { number, value };
  }
}

/** The varints of a packed list. */
export function* packedVarints(bytes: Uint8Array): Generator<number, void> {
  const position: Position = { bytes, at: 0 };
  while (position.at < bytes.length) yield readVarint(position);
}

function readValue(position: Position, wireType: number): WireValue | undefined {
  switch (wireType) {
    case varint:
      return readVarint(position);
    case lengthDelimited:
      return take(position, readVarint(position));
    // No field of Kubernetes' messages that we know has a fixed width: those of later versions are passed over.
    case fixed64:
      take(position, 8);
      return undefined;
    case fixed32:
      take(position, 4);
      return undefined;
    default:
      throw new WireFormatError(`wire type ${wireType} at byte ${position.at}`);
  }
}

function take(position: Position, length: number): Uint8Array {
  const end = position.at + length;
  if (length < 0 || end > position.bytes.length) throw new WireFormatError(`unexpected end at byte ${position.at}`);
  const taken = position.bytes.subarray(position.at, end);
  position.at = end;
  return taken;
}

function readVarint(position: Position): number {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = position.bytes[position.at++];
    if (byte === undefined) break;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return toNumber(BigInt.asIntN(64, value));
  }
  throw new WireFormatError(`no whole number at byte ${position.at}`);
}

function toNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new WireFormatError(`the number ${value} is too large`);
  return number;
}
