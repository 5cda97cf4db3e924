/**
 * A page: a run of changes in the order of revisions. Pages are what history is kept in, in memory, on level and
 * in a snapshot. A record of a page is
 *
 *   offset 0  u64  main revision, big-endian
 *          8  u32  sub revision
 *         12  u8   0 put, 1 delete
 *         13  u32  length of the version
 *         17       the version, `mvccpb.KeyValue`
 */
import { readUint32, readUint64, writeUint32, writeUint64 } from '../bytes.ts';
import type { Revision } from './superseded.ts';

export const recordHeaderBytes = 17;

/** Order of two changes. */
export function compareRevisions(a: Revision, b: Revision): number {
  return a.main - b.main || a.sub - b.sub;
}

/** Walks the records of a page; its fields are the record at hand after `next` returned true. */
export class RecordCursor implements Revision {
  main = 0;
  sub = 0;
  isTombstone = false;
  /** Where the record begins. */
  start = 0;
  /** Where the version begins. */
  versionStart = 0;
  /** Where the record and its version end. */
  end = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(): boolean {
    const start = this.end;
    if (start >= this.#bytes.length) return false;
    this.start = start;
    this.main = readUint64(this.#bytes, start);
    this.sub = readUint32(this.#bytes, start + 8);
    this.isTombstone = this.#bytes[start + 12] === 1;
    this.versionStart = start + recordHeaderBytes;
    this.end = this.versionStart + readUint32(this.#bytes, start + 13);
    return true;
  }

  /** The version's bytes: a view. */
  version(): Uint8Array {
    return this.#bytes.subarray(this.versionStart, this.end);
  }
}

/** Writes a record's header and returns the offset after it, where the version follows. */
export function writeRecordHeader(
  target: Uint8Array,
  offset: number,
  record: Revision & { readonly isTombstone: boolean; readonly versionLength: number },
): number {
  writeUint64(target, offset, record.main);
  writeUint32(target, offset + 8, record.sub);
  target[offset + 12] = record.isTombstone ? 1 : 0;
  writeUint32(target, offset + 13, record.versionLength);
  return offset + recordHeaderBytes;
}

/** Length of the records up to a main revision, that one included. */
export function lengthUpTo(bytes: Uint8Array, main: number): number {
  const cursor = new RecordCursor(bytes);
  while (cursor.next()) if (cursor.main > main) return cursor.start;
  return bytes.length;
}
