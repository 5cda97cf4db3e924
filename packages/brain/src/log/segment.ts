/**
 * A segment of the log: its name, its header and its marks. Segments are numbered without a gap; a number is never used twice.
 *
 *        0 header
 *     4096 mark, 8192 the other mark
 *    12288 records, then zeros up to the end of the file, which is written ahead of the records
 *
 * Header, little endian, 80 bytes: 8 magic, u32 format version, u32 flags (1: the log restarts here), u64 cluster id,
 * u64 member id, u64 number, u64 first index, u64 term of the entry before it, u64 batch of the last record before,
 * u32 crc of the last record before, 8 zero bytes, u32 CRC-32 of all before.
 *
 * Mark, little endian, 16 bytes: u64 offset up to which the segment was synced, 4 zero bytes, u32 CRC-32 that goes on from the
 * header's. Each batch takes along the mark of what was synced before it, so that the loss of a synced tail shows. The two are
 * written in turns and lie apart, so that a torn write leaves the one before.
 */
import { crc32 } from '@flotilla/base';
import type { FileWrite } from './files.ts';
import { type MemberIdentity, corrupt, foreign, unknownFormat } from './refusal.ts';

/** Where the records begin. */
export const recordsOffset = 12_288;
export const markBytes = 16;
const pageBytes = 4096;
/** Shared, so that it reaches another thread without a copy. */
const zeroPage = Buffer.from(new SharedArrayBuffer(pageBytes));
const headerBytes = 80;
const markOffsets = [pageBytes, 2 * pageBytes] as const;
const magic = Buffer.from('FLOTLOG\n');
const formatVersion = 1;
const restartFlag = 1;

export interface SegmentHeader {
  readonly number: number;
  /** The index that the next entry had when the segment was begun. */
  readonly firstIndex: number;
  /** Term of the entry before `firstIndex`. */
  readonly previousTerm: number;
  /** What stood before is void: a snapshot that ends just before `firstIndex` took its place. */
  readonly restart: boolean;
  readonly previousCrc: number;
  readonly previousBatch: number;
}

/** Everything before the first record, and the crc of the header, which that record names as `previous`. */
export function encodeSegmentStart(
  identity: MemberIdentity,
  header: SegmentHeader,
): { readonly writes: readonly FileWrite[]; readonly crc: number } {
  const bytes = Buffer.alloc(headerBytes);
  magic.copy(bytes);
  bytes.writeUInt32LE(formatVersion, 8);
  bytes.writeUInt32LE(header.restart ? restartFlag : 0, 12);
  bytes.writeBigUInt64LE(identity.clusterId, 16);
  bytes.writeBigUInt64LE(identity.memberId, 24);
  bytes.writeBigUInt64LE(BigInt(header.number), 32);
  bytes.writeBigUInt64LE(BigInt(header.firstIndex), 40);
  bytes.writeBigUInt64LE(BigInt(header.previousTerm), 48);
  bytes.writeBigUInt64LE(BigInt(header.previousBatch), 56);
  bytes.writeUInt32LE(header.previousCrc, 64);
  const crc = crc32(bytes.subarray(0, headerBytes - 4));
  bytes.writeUInt32LE(crc, headerBytes - 4);
  return { writes: [{ position: 0, bytes }, ...zeroWrites(headerBytes, recordsOffset)], crc };
}

/**
 * The header at the start of `bytes`, or undefined when it is not whole.
 * @throws OperatingError when it is whole, but of another member or version.
 */
export function decodeSegmentHeader(
  bytes: Buffer,
  path: string,
  identity: MemberIdentity,
): { readonly header: SegmentHeader; readonly crc: number } | undefined {
  if (bytes.length < recordsOffset) return undefined;
  const crc = bytes.readUInt32LE(headerBytes - 4);
  if (crc32(bytes.subarray(0, headerBytes - 4)) !== crc) return undefined;
  if (!bytes.subarray(0, 8).equals(magic)) return undefined;
  const version = bytes.readUInt32LE(8);
  if (version !== formatVersion) throw unknownFormat(path, version);
  const found = { clusterId: bytes.readBigUInt64LE(16), memberId: bytes.readBigUInt64LE(24) };
  if (found.clusterId !== identity.clusterId || found.memberId !== identity.memberId) {
    throw foreign(path, found, identity);
  }
  const header = {
    number: Number(bytes.readBigUInt64LE(32)),
    firstIndex: Number(bytes.readBigUInt64LE(40)),
    previousTerm: Number(bytes.readBigUInt64LE(48)),
    restart: (bytes.readUInt32LE(12) & restartFlag) !== 0,
    previousBatch: Number(bytes.readBigUInt64LE(56)),
    previousCrc: bytes.readUInt32LE(64),
  };
  return { header, crc };
}

/**
 * Zeros from `start` up to `end`, page by page: a page cache that makes one unit of one large write would count all of it as
 * written again for each small write in it.
 */
export function zeroWrites(start: number, end: number): FileWrite[] {
  const aligned = Math.min(end, Math.ceil(start / pageBytes) * pageBytes);
  const times = Math.floor((end - aligned) / pageBytes);
  const rest = aligned + times * pageBytes;
  return [
    { position: start, bytes: zeroPage.subarray(0, aligned - start) },
    { position: aligned, bytes: zeroPage, times },
    { position: rest, bytes: zeroPage.subarray(0, end - rest) },
  ];
}

/** One of the two places of a mark. */
export type MarkSlot = 0 | 1;

export function otherSlot(slot: MarkSlot): MarkSlot {
  return slot === 0 ? 1 : 0;
}

export function markOffset(slot: MarkSlot): number {
  return markOffsets[slot];
}

/** Writes the mark of a segment that is synced up to `offset` into the first bytes of `target`. */
export function writeMark(target: Buffer, offset: number, headerCrc: number): void {
  target.writeUInt32LE(offset >>> 0, 0);
  target.writeUInt32LE(Math.floor(offset / 2 ** 32), 4);
  target.writeUInt32LE(0, 8);
  target.writeUInt32LE(crc32(target.subarray(0, markBytes - 4), headerCrc), markBytes - 4);
}

/** The marks of a segment. */
export interface FoundMarks {
  /** The segment was synced up to this offset. */
  readonly offset: number;
  /** Where the next mark goes: never over the newest one. */
  readonly nextSlot: MarkSlot;
}

/** @throws OperatingError when both are damaged: a torn write leaves one. */
export function readMarks(bytes: Buffer, path: string, headerCrc: number): FoundMarks {
  const [first, second] = [readMark(bytes, markOffsets[0], headerCrc), readMark(bytes, markOffsets[1], headerCrc)];
  if (first === undefined && second === undefined) {
    throw corrupt(path, markOffsets[0], 'both marks of this segment of the log are damaged');
  }
  const newest: MarkSlot = (second ?? -1) > (first ?? -1) ? 1 : 0;
  return { offset: Math.max(first ?? 0, second ?? 0), nextSlot: otherSlot(newest) };
}

/** Zeros are a mark that was not written yet. */
function readMark(bytes: Buffer, at: number, headerCrc: number): number | undefined {
  const mark = bytes.subarray(at, at + markBytes);
  if (isZero(mark)) return 0;
  const crc = crc32(mark.subarray(0, markBytes - 4), headerCrc);
  return crc === mark.readUInt32LE(markBytes - 4) ? Number(mark.readBigUInt64LE(0)) : undefined;
}

const zeros = Buffer.alloc(64 * 1024);

/** Whether nothing was written here yet. */
export function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const part = bytes.subarray(at, at + zeros.length);
    if (!part.equals(zeros.subarray(0, part.length))) return false;
  }
  return true;
}

/** The file name of a segment. */
export function segmentName(number: number): string {
  return `${number.toString(16).padStart(16, '0')}.log`;
}

/** The number in a segment's file name; undefined for other names. */
export function segmentNumber(name: string): number | undefined {
  return /^[0-9a-f]{16}\.log$/.test(name) ? Number.parseInt(name, 16) : undefined;
}
