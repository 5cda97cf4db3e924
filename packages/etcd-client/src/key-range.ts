/** Keys and ranges of keys. */
import type { BytesLike, KeyRange } from './kv-shapes.ts';

/** Bytes of a key or value. */
export function toBytes(bytes: BytesLike): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
}

/** The range end that means "every key from here on". */
export const fromKeyEnd: Uint8Array = Uint8Array.of(0);

/** Every key of the store. */
export const allKeys: KeyRange = { key: Uint8Array.of(0), rangeEnd: fromKeyEnd };

/** The range end that, with `prefix` as the key, covers all keys that begin with it. */
export function prefixEnd(prefix: BytesLike): Uint8Array {
  const end = Uint8Array.from(toBytes(prefix));
  for (let i = end.length - 1; i >= 0; i--) {
    const byte = end[i] ?? 0;
    if (byte === 0xff) continue;
    end[i] = byte + 1;
    return end.slice(0, i + 1);
  }
  return fromKeyEnd;
}

/** All keys that begin with `prefix`; an empty one means all keys. */
export function prefixRange(prefix: BytesLike): KeyRange {
  return prefix.length === 0 ? allKeys : { key: prefix, rangeEnd: prefixEnd(prefix) };
}
