/** Rewrites the key in a request's file all the time, so that a generator which reads the file each time sends different keys. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { offsetsOf } from './messages.ts';

/** Keys of all loads: `bench/k/` and six digits. */
export const keyPrefix = 'bench/k/';
export const keyPrefixEnd = 'bench/k0';
/** How many there are unless a row says otherwise. */
export const keySpace = 10_000;

export function keyAt(index: number): string {
  return `${keyPrefix}${String(index).padStart(6, '0')}`;
}

/** Steps by a prime, so that all keys have their turn and neighbours are apart. */
const stride = 7_919;
const periodMs = 1;

interface Rotation {
  /** The file's content; holds `keyAt(0)`. */
  readonly frame: Buffer;
  readonly keyCount: number;
}

/**
 * From now on changes the key in the file, in place.
 * @returns what ends it
 */
export function rotateKeys(file: string, { frame, keyCount }: Rotation): () => void {
  const offsets = offsetsOf(frame, keyAt(0)).map((offset) => offset + keyPrefix.length);
  const descriptor = openSync(file, 'r+');
  let index = 0;
  const timer = setInterval(() => {
    index = (index + stride) % keyCount;
    const digits = String(index).padStart(6, '0');
    for (const offset of offsets) writeSync(descriptor, digits, offset);
  }, periodMs);
  return () => {
    clearInterval(timer);
    closeSync(descriptor);
  };
}
