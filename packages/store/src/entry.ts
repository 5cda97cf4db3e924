/**
 * A log entry's data: a fixed header and a body.
 *
 *   offset 0  u8   format version, 1
 *          1  u8   type
 *          2  u64  request id, big-endian
 *         10  u64  member that proposed it
 *         18  u64  auth revision (0: authentication is off)
 *         26  u16  length of the user's name (0: none), then the name
 *         28       body
 *
 * The body of put, deleteRange, txn and compact is the client's own protobuf request; of leaseGrant and
 * leaseRevoke the request as the handler completed it; of memberAttributes an etcdserverpb.Member.
 * Data of length 0 is raft's no-op and not an entry of ours.
 */
import { OperatingError, assert } from '@flotilla/base';

const formatVersion = 1;
const headerBytes = 28;

/** Type → its number on disk. Numbers are never used again; 7 is kept for lease checkpoints. */
const typeNumbers = {
  put: 1,
  deleteRange: 2,
  txn: 3,
  compact: 4,
  leaseGrant: 5,
  leaseRevoke: 6,
  memberAttributes: 8,
} as const;

export type EntryType = keyof typeof typeNumbers;

const typesByNumber: ReadonlyMap<number, EntryType> = new Map(
  (Object.keys(typeNumbers) as EntryType[]).map((type) => [typeNumbers[type], type]),
);

export interface Entry {
  readonly type: EntryType;
  /** Names the waiting call on the member of origin. */
  readonly requestId: bigint;
  /** The member that proposed it. */
  readonly origin: bigint;
  readonly body: Uint8Array;
}

export function encodeEntry(entry: Entry): Uint8Array {
  const bytes = Buffer.allocUnsafe(headerBytes + entry.body.length);
  bytes[0] = formatVersion;
  bytes[1] = typeNumbers[entry.type];
  bytes.writeBigUInt64BE(entry.requestId, 2);
  bytes.writeBigUInt64BE(entry.origin, 10);
  bytes.fill(0, 18, headerBytes);
  bytes.set(entry.body, headerBytes);
  return bytes;
}

/**
 * The body is a view into `bytes`.
 * @throws OperatingError code `UNKNOWN_ENTRY`: a newer version wrote it, and this member must stop.
 */
export function decodeEntry(bytes: Uint8Array): Entry {
  assert(bytes.length >= headerBytes, 'an entry is shorter than its header');
  const version = bytes[0];
  const type = typesByNumber.get(bytes[1] ?? 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reservedIsZero = view.getBigUint64(18) === 0n && view.getUint16(26) === 0;
  if (version !== formatVersion || type === undefined || !reservedIsZero) {
    throw new OperatingError(
      'UNKNOWN_ENTRY',
      `log entry of format ${version} and type ${bytes[1]} is not known to this version: ` +
        'run the version that the other members run',
    );
  }
  return {
    type,
    requestId: view.getBigUint64(2),
    origin: view.getBigUint64(10),
    body: bytes.subarray(headerBytes),
  };
}
