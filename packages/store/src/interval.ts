/**
 * The keys that a request names, in etcd's convention: no range_end is the one key, a range_end of one
 * zero byte is every key from `key` on, anything else is [key, range_end).
 */
import { compareBytes, noBytes } from './bytes.ts';

export interface Interval {
  readonly start: Uint8Array;
  /** First key after the interval; undefined: no end. */
  readonly end: Uint8Array | undefined;
  /** Whether it was asked for as one key, `[start, start + 0x00)`. */
  readonly isPoint: boolean;
}

export function intervalOf(key: Uint8Array | null | undefined, rangeEnd: Uint8Array | null | undefined): Interval {
  const start = key ?? noBytes;
  if (!rangeEnd || rangeEnd.length === 0) return { start, end: keyAfter(start), isPoint: true };
  if (rangeEnd.length === 1 && rangeEnd[0] === 0) return { start, end: undefined, isPoint: false };
  return { start, end: rangeEnd, isPoint: false };
}

export function contains({ start, end }: Interval, key: Uint8Array): boolean {
  return compareBytes(key, start) >= 0 && (end === undefined || compareBytes(key, end) < 0);
}

/** The smallest key above `key`. */
function keyAfter(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
