/**
 * Where a value lies that LevelDB does not hold itself, and the rows of LevelDB that say so:
 *
 *   0xfe + key of the row    u64 number of the value file   u64 offset   u32 length
 *
 * No row's own key begins with such a byte, so a database without value files is one like any other.
 */
import { assert } from '@flotilla/base';
import { readUint32, readUint64, writeUint32, writeUint64 } from '../bytes.ts';
import type { KeyRange } from './level-database.ts';
import { stateDamaged } from './rows.ts';
import type { Row } from './state-database.ts';

/** Bytes of a value file. */
export interface ValuePlace {
  /** Number of the file. */
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

export function endOf({ offset, length }: ValuePlace): number {
  return offset + length;
}

const placePrefix = 0xfe;
const encodedBytes = 20;

/** The rows that LevelDB holds itself. */
export const ownRows: KeyRange = { gte: Buffer.of(0), lt: Buffer.of(placePrefix) };
/** The rows that say where values lie. */
export const placeRows: KeyRange = { gte: Buffer.of(placePrefix), lt: Buffer.of(placePrefix + 1) };

/** The key under which the place of a row's value is kept. */
export function placeKey(key: Uint8Array): Uint8Array {
  assert((key[0] ?? 0) < placePrefix, 'the key of a row begins with a letter');
  const prefixed = new Uint8Array(key.length + 1);
  prefixed[0] = placePrefix;
  prefixed.set(key, 1);
  return prefixed;
}

export function encodePlace({ file, offset, length }: ValuePlace): Uint8Array {
  const bytes = new Uint8Array(encodedBytes);
  writeUint64(bytes, 0, file);
  writeUint64(bytes, 8, offset);
  writeUint32(bytes, 16, length);
  return bytes;
}

/** A row's key, and where its value lies. */
export interface PlacedRow {
  readonly key: Uint8Array;
  readonly place: ValuePlace;
}

/** @throws OperatingError `STATE_DAMAGED` */
export function decodePlace(value: Uint8Array): ValuePlace {
  if (value.length !== encodedBytes) throw stateDamaged('the place of a row has another length');
  return { file: readUint64(value, 0), offset: readUint64(value, 8), length: readUint32(value, 16) };
}

/** @throws OperatingError `STATE_DAMAGED` */
export function placedRowOf({ key, value }: Row): PlacedRow {
  return { key: key.subarray(1), place: decodePlace(value) };
}
