/**
 * A log entry's data: a fixed header and a body.
 *
 *   offset 0  u8   format version, 1
 *          1  u8   type
 *          2  u64  request id, big-endian: at most 2^53 - 1
 *         10       source: u64 member that proposed it, u32 number of that member's run
 *         22  u64  auth revision (0: authentication is off)
 *         30  u16  length of the user's name (0: none), then the name
 *         32       body
 *
 * Source and request id name the waiting call. A source is compared as bytes: no entry costs a number of 64 bits.
 *
 * The body of put, deleteRange, txn and compact is the client's own protobuf request; of leaseGrant and
 * leaseRevoke the request as the handler completed it; of alarm the client's AlarmRequest; of memberAttributes an
 * etcdserverpb.Member.
 * Data of length 0 is raft's no-op and not an entry of ours.
 */
import { OperatingError, assert } from '@flotilla/base';
import { readUint64, writeUint64 } from './bytes.ts';

const formatVersion = 1;
const requestIdAt = 2;
const sourceAt = 10;
const sourceBytes = 12;
const reservedAt = sourceAt + sourceBytes;
const headerBytes = 32;

/** Type → its number on disk. Numbers are never used again; 7 is kept for lease checkpoints. */
const typeNumbers = {
  put: 1,
  deleteRange: 2,
  txn: 3,
  compact: 4,
  leaseGrant: 5,
  leaseRevoke: 6,
  memberAttributes: 8,
  alarm: 10,
} as const;

export type EntryType = keyof typeof typeNumbers;

/** By number. */
const types: readonly (EntryType | undefined)[] = Array.from({ length: 256 }, (_, number) =>
  (Object.keys(typeNumbers) as EntryType[]).find((type) => typeNumbers[type] === number),
);

/** Who proposes: one run of one member. See {@link sourceOf}. */
export type EntrySource = Uint8Array;

export interface Entry {
  readonly type: EntryType;
  readonly source: EntrySource;
  /** Names the waiting call of the source: a safe integer of at least 0. */
  readonly requestId: number;
  readonly body: Uint8Array;
}

/** @param run a number of 32 bits that no earlier run of the member has had, as good as surely. */
export function sourceOf({ memberId, run }: { readonly memberId: bigint; readonly run: number }): EntrySource {
  const source = Buffer.alloc(sourceBytes);
  source.writeBigUInt64BE(memberId);
  source.writeUInt32BE(run, 8);
  return source;
}

export function encodeEntry({ type, source, requestId, body }: Entry): Uint8Array {
  assert(source.length === sourceBytes && Number.isSafeInteger(requestId), 'an entry is not named well');
  const bytes = Buffer.allocUnsafe(headerBytes + body.length);
  bytes[0] = formatVersion;
  bytes[1] = typeNumbers[type];
  writeUint64(bytes, requestIdAt, requestId);
  bytes.set(source, sourceAt);
  for (let i = reservedAt; i < headerBytes; i++) bytes[i] = 0;
  bytes.set(body, headerBytes);
  return bytes;
}

/** Whether the source proposed it; a no-op has none. */
export function isFrom(data: Uint8Array, source: EntrySource): boolean {
  if (data.length < headerBytes) return false;
  for (let i = 0; i < sourceBytes; i++) if (data[sourceAt + i] !== source[i]) return false;
  return true;
}

/**
 * The body is a view into `bytes`.
 * @throws OperatingError code `UNKNOWN_ENTRY`: a newer version wrote it, and this member must stop.
 */
export function decodeEntry(bytes: Uint8Array): Omit<Entry, 'source'> {
  assert(bytes.length >= headerBytes, 'an entry is shorter than its header');
  const version = bytes[0];
  const type = types[bytes[1] as number];
  let reserved = 0;
  for (let i = reservedAt; i < headerBytes; i++) reserved |= bytes[i] as number;
  if (version !== formatVersion || type === undefined || reserved !== 0) {
    throw new OperatingError(
      'UNKNOWN_ENTRY',
      `log entry of format ${version} and type ${bytes[1]} is not known to this version: ` +
        'run the version that the other members run',
    );
  }
  const body = new Uint8Array(bytes.buffer, bytes.byteOffset + headerBytes, bytes.length - headerBytes);
  return { type, requestId: readUint64(bytes, requestIdAt), body };
}
