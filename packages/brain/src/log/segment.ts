/**
 * The header of a segment, and its name. Segments are numbered without a gap; a number is never used twice.
 *
 * Little endian, 80 bytes: 8 magic, u32 format version, u32 flags (1: the log restarts here), u64 cluster id,
 * u64 member id, u64 number, u64 first index, u64 term of the entry before it, u32 batch of the last record before,
 * u32 crc of the last record before, 8 zero bytes, u32 zero, u32 CRC-32C of all before.
 */
import { crc32c } from '@flotilla/base';
import { type MemberIdentity, foreign, unknownFormat } from './refusal.ts';

export const segmentHeaderBytes = 80;
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

/** The header's bytes and its crc, which the first record names as `previous`. */
export function encodeSegmentHeader(
  identity: MemberIdentity,
  header: SegmentHeader,
): { readonly bytes: Buffer; readonly crc: number } {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  magic.copy(bytes);
  bytes.writeUInt32LE(formatVersion, 8);
  bytes.writeUInt32LE(header.restart ? restartFlag : 0, 12);
  bytes.writeBigUInt64LE(identity.clusterId, 16);
  bytes.writeBigUInt64LE(identity.memberId, 24);
  bytes.writeBigUInt64LE(BigInt(header.number), 32);
  bytes.writeBigUInt64LE(BigInt(header.firstIndex), 40);
  bytes.writeBigUInt64LE(BigInt(header.previousTerm), 48);
  bytes.writeUInt32LE(header.previousBatch, 56);
  bytes.writeUInt32LE(header.previousCrc, 60);
  const crc = crc32c(bytes.subarray(0, segmentHeaderBytes - 4));
  bytes.writeUInt32LE(crc, segmentHeaderBytes - 4);
  return { bytes, crc };
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
  if (bytes.length < segmentHeaderBytes) return undefined;
  const crc = bytes.readUInt32LE(segmentHeaderBytes - 4);
  if (crc32c(bytes.subarray(0, segmentHeaderBytes - 4)) !== crc) return undefined;
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
    previousBatch: bytes.readUInt32LE(56),
    previousCrc: bytes.readUInt32LE(60),
  };
  return { header, crc };
}

/** The file name of a segment. */
export function segmentName(number: number): string {
  return `${number.toString(16).padStart(16, '0')}.log`;
}

/** The number in a segment's file name; undefined for other names. */
export function segmentNumber(name: string): number | undefined {
  return /^[0-9a-f]{16}\.log$/.test(name) ? Number.parseInt(name, 16) : undefined;
}
