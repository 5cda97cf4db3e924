/**
 * One record of the log. Little endian, 48 bytes of header and a payload, padded to 8 bytes:
 *
 *     0 u32 crc       CRC-32 of everything after it, padding included
 *     4 u32 previous  crc of the record before (of the segment's header for its first): the chain
 *     8 u32 length    of the payload
 *    12 u32 batch     number of the write that carried the record, low bits; all records of a write share it
 *    16 u8  kind
 *    17 u8  1 in the last record of a batch
 *    18 u16 batch     high bits
 *    20 u32 count     of entries
 *    24 u64 index     24, 32, 40: see `LogRecord`
 *    32 u64 term
 *    40 u64 vote
 *
 * The payload of an entries record is a u32 a entry (its length, the top bit set for a conf change), then their data.
 * A record can be checked by itself, and its place by `previous`. At most one write is in flight, so whole records of a
 * later batch prove that the batch before was synced.
 */
import { assert, crc32 } from '@flotilla/base';
import type { Entry } from '@flotilla/raft';

export type LogRecord =
  /** Entries with rising indexes and one term. */
  | { readonly kind: 'entries'; readonly entries: readonly Entry[] }
  | { readonly kind: 'hardState'; readonly term: number; readonly vote: bigint; readonly commit: number }
  /** Entries from `index` on are void; `term` is that of the entry before it. */
  | { readonly kind: 'truncate'; readonly index: number; readonly term: number }
  /** A received snapshot that ends with this entry is about to become the state. */
  | { readonly kind: 'installing'; readonly index: number; readonly term: number };

const headerBytes = 48;
const kinds = ['', 'entries', 'hardState', 'truncate', 'installing'] as const;
const confChangeBit = 0x80000000;
/** Far above what a batch may hold; a longer length is damage. */
const maxPayloadBytes = 0x40000000;

/** The most entries of one record: bounds what a reader must believe. */
const maxRecordEntries = 65_536;

/** Bytes that a record takes. */
export function recordBytes(record: LogRecord): number {
  return padded(headerBytes + payloadBytes(record));
}

function padded(bytes: number): number {
  return (bytes + 7) & ~7;
}

function payloadBytes(record: LogRecord): number {
  if (record.kind !== 'entries') return 0;
  let bytes = 4 * record.entries.length;
  for (const entry of record.entries) bytes += entry.data.length;
  return bytes;
}

/** Writes a record into `target` at `offset`; returns its crc, which the next record names as `previous`. */
export function writeRecord(
  target: Buffer,
  offset: number,
  record: LogRecord,
  place: { readonly previous: number; readonly batch: number; readonly endsBatch: boolean },
): number {
  const length = payloadBytes(record);
  const end = offset + padded(headerBytes + length);
  target.writeUInt32LE(place.previous, offset + 4);
  target.writeUInt32LE(length, offset + 8);
  target.writeUInt32LE(place.batch >>> 0, offset + 12);
  target.writeUInt8(kinds.indexOf(record.kind), offset + 16);
  target.writeUInt8(place.endsBatch ? 1 : 0, offset + 17);
  target.writeUInt16LE(Math.floor(place.batch / 2 ** 32), offset + 18);
  target.writeUInt32LE(record.kind === 'entries' ? record.entries.length : 0, offset + 20);
  if (record.kind === 'entries') writeEntries(target, offset, record.entries);
  else if (record.kind === 'hardState') writeNumbers(target, offset, record.commit, record.term, record.vote);
  else writeNumbers(target, offset, record.index, record.term, 0n);
  target.fill(0, offset + headerBytes + length, end);
  const crc = crc32(target.subarray(offset + 4, end));
  target.writeUInt32LE(crc, offset);
  return crc;
}

function writeNumbers(target: Buffer, offset: number, index: number, term: number, vote: bigint): void {
  writeSafeInteger(target, index, offset + 24);
  writeSafeInteger(target, term, offset + 32);
  target.writeBigUInt64LE(vote, offset + 40);
}

/** As a u64; half the time of a detour over `BigInt`. */
function writeSafeInteger(target: Buffer, value: number, offset: number): void {
  target.writeUInt32LE(value >>> 0, offset);
  target.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4);
}

function readBatch(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + 12) + bytes.readUInt16LE(offset + 18) * 2 ** 32;
}

function writeEntries(target: Buffer, offset: number, entries: readonly Entry[]): void {
  const [first] = entries;
  assert(first !== undefined && entries.length <= maxRecordEntries, 'an entries record holds 1 to 65,536 entries');
  writeNumbers(target, offset, first.index, first.term, 0n);
  let lengthAt = offset + headerBytes;
  let dataAt = lengthAt + 4 * entries.length;
  for (const { data, type } of entries) {
    target.writeUInt32LE((data.length | (type === 'confChange' ? confChangeBit : 0)) >>> 0, lengthAt);
    target.set(data, dataAt);
    lengthAt += 4;
    dataAt += data.length;
  }
}

/** A whole record that was found in a segment. */
export interface FoundRecord {
  readonly record: LogRecord;
  readonly previous: number;
  readonly crc: number;
  readonly batch: number;
  readonly endsBatch: boolean;
  /** Offset behind it. */
  readonly end: number;
}

/** The record at `offset` if it is whole and its own checksum holds; entries are views into `bytes`. */
export function readRecord(bytes: Buffer, offset: number): FoundRecord | undefined {
  if (offset + headerBytes > bytes.length) return undefined;
  const length = bytes.readUInt32LE(offset + 8);
  const end = offset + padded(headerBytes + length);
  if (length > maxPayloadBytes || end > bytes.length) return undefined;
  const crc = bytes.readUInt32LE(offset);
  if (crc32(bytes.subarray(offset + 4, end)) !== crc) return undefined;
  const record = decode(bytes, offset, length);
  if (!record) return undefined;
  return {
    record,
    previous: bytes.readUInt32LE(offset + 4),
    crc,
    batch: readBatch(bytes, offset),
    endsBatch: bytes.readUInt8(offset + 17) === 1,
    end,
  };
}

function decode(bytes: Buffer, offset: number, length: number): LogRecord | undefined {
  const index = Number(bytes.readBigUInt64LE(offset + 24));
  const term = Number(bytes.readBigUInt64LE(offset + 32));
  const kind = kinds[bytes.readUInt8(offset + 16)];
  switch (kind) {
    case 'entries': {
      const entries = readEntries(bytes, offset, length, { index, term });
      return entries && { kind, entries };
    }
    case 'hardState':
      return { kind, term, vote: bytes.readBigUInt64LE(offset + 40), commit: index };
    case 'truncate':
    case 'installing':
      return { kind, index, term };
    case '':
    case undefined:
      return undefined;
  }
}

function readEntries(
  bytes: Buffer,
  offset: number,
  length: number,
  first: { readonly index: number; readonly term: number },
): readonly Entry[] | undefined {
  const count = bytes.readUInt32LE(offset + 20);
  const payload = offset + headerBytes;
  if (count === 0 || count > maxRecordEntries || 4 * count > length) return undefined;
  const entries: Entry[] = [];
  let dataAt = payload + 4 * count;
  for (let i = 0; i < count; i++) {
    const word = bytes.readUInt32LE(payload + 4 * i);
    const dataEnd = dataAt + (word & ~confChangeBit);
    if (dataEnd > payload + length) return undefined;
    const type = word & confChangeBit ? 'confChange' : 'normal';
    entries.push({ term: first.term, index: first.index + i, type, data: bytes.subarray(dataAt, dataEnd) });
    dataAt = dataEnd;
  }
  return dataAt === payload + length ? entries : undefined;
}

/** Whether a whole record of a batch after `batch` lies anywhere from `offset` on. */
export function laterBatchFollows(bytes: Buffer, offset: number, batch: number): boolean {
  for (let at = padded(offset); at + headerBytes <= bytes.length; at += 8) {
    // Cheap tests first: a wrong kind or batch rules most places out.
    const kind = bytes.readUInt8(at + 16);
    if (kind === 0 || kind >= kinds.length || readBatch(bytes, at) <= batch) continue;
    if (readRecord(bytes, at)) return true;
  }
  return false;
}

/** Consecutive entries of one term, at most as many as a record holds. */
export function runsOfOneTerm(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const runs: (readonly Entry[])[] = [];
  for (let start = 0; start < entries.length;) {
    let end = start + 1;
    while (end < entries.length && end - start < maxRecordEntries && entries[end]?.term === entries[start]?.term) end++;
    runs.push(start === 0 && end === entries.length ? entries : entries.slice(start, end));
    start = end;
  }
  return runs;
}
