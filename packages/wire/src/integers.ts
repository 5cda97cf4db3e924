/**
 * 64-bit integers of the wire, converted in this one place. Revisions, counts, terms, indexes and TTLs
 * are safe integers; ids (cluster, member, lease) are bigint. A decoded field is a `Long`; an encoder
 * takes a `Long` or a plain number, never a bigint (protobufjs would silently write 0).
 */
import Long from 'long';
import { assert } from '@flotilla/base';

/** A 64-bit field as protobufjs gives it. */
export type WireInteger = Long | number | null | undefined;

const zero = Long.ZERO;

/**
 * A decoded field as a number; absent is 0.
 * @throws AssertionFailure beyond 2^53: use {@link clampInteger} for what a client may choose freely.
 */
export function toSafeInteger(value: WireInteger): number {
  if (value === null || value === undefined) return 0;
  const number = typeof value === 'number' ? value : value.toNumber();
  assert(Number.isSafeInteger(number), 'a 64-bit field exceeds the safe integers');
  return number;
}

/** A field that a client chose, as a number, held within the safe integers (the sign survives). */
export function clampInteger(value: WireInteger): number {
  if (value === null || value === undefined) return 0;
  const number = typeof value === 'number' ? value : value.toNumber();
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, number));
}

/** A decoded id, with the sign that its field type gives it; absent is 0n. */
export function toId(value: WireInteger): bigint {
  if (value === null || value === undefined) return 0n;
  return typeof value === 'number' ? BigInt(value) : value.toBigInt();
}

/** An unsigned id (cluster, member) for an encoder. */
export function fromUnsignedId(id: bigint): Long {
  return id === 0n ? zero : Long.fromString(BigInt.asUintN(64, id).toString(16), true, 16);
}

/** A signed id (lease) for an encoder. */
export function fromId(id: bigint): Long {
  return id === 0n ? zero : Long.fromBigInt(id);
}
