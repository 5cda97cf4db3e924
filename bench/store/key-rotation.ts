/** Rewrites the key in a request's file all the time, so that a generator which reads the file each time sends different keys. */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { offsetsOf } from './messages.ts';

/** Keys of all loads: `bench/k/` and six digits. */
export const keyPrefix = 'bench/k/';
export const keyPrefixEnd = 'bench/k0';
export const keySpace = 10_000;

export function keyAt(index: number): string {
  return `${keyPrefix}${String(index).padStart(6, '0')}`;
}

/** Steps by a number that is coprime to the space: all keys in turn, neighbours apart. */
const stride = 7_919;
const periodMs = 1;

/**
 * Writes the file with a frame that holds `keyAt(0)`, and from then on changes the key in place.
 * @returns what ends it
 */
export function rotateKeys(file: string, frame: Buffer): () => void {
  writeFileSync(file, frame);
  const offsets = offsetsOf(frame, keyAt(0)).map((offset) => offset + keyPrefix.length);
  const descriptor = openSync(file, 'r+');
  let index = 0;
  const timer = setInterval(() => {
    index = (index + stride) % keySpace;
    const digits = String(index).padStart(6, '0');
    for (const offset of offsets) writeSync(descriptor, digits, offset);
  }, periodMs);
  return () => {
    clearInterval(timer);
    closeSync(descriptor);
  };
}
