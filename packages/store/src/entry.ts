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
 * leaseRevoke the request as the handler completed it; of leaseCheckpoint what `leases/lease-checkpoint.ts` says; of alarm the client's AlarmRequest; of memberAttributes an
 * etcdserverpb.Member; of those about users and roles the client's request with a hash in place of the password; of
 * authenticate an InternalAuthenticateRequest; of memberAdd see `membership.ts`; of the others about members the client's
 * request. Those about members are carried by raft's conf changes and are never entries by themselves.
 * Data of length 0 is raft's no-op and not an entry of ours.
 */
import { OperatingError, assert } from '@flotilla/base';
import type { Caller } from './auth/auth-state.ts';
import { readUint64, writeUint64 } from './bytes.ts';

const formatVersion = 1;
const requestIdAt = 2;
const sourceAt = 10;
const sourceBytes = 12;
const authRevisionAt = sourceAt + sourceBytes;
const nameLengthAt = authRevisionAt + 8;
const headerBytes = nameLengthAt + 2;
/** The longest name of a caller that an entry can carry, as UTF-8. */
export const maxCallerNameBytes = 2 ** 16 - 1;

/** Type → its number on disk. Numbers are never used again; 20 to 31 are those of users. */
const typeNumbers = {
  put: 1,
  deleteRange: 2,
  txn: 3,
  compact: 4,
  leaseGrant: 5,
  leaseRevoke: 6,
  leaseCheckpoint: 7,
  memberAttributes: 8,
  alarm: 10,
  memberAdd: 11,
  memberUpdate: 12,
  memberRemove: 13,
  memberPromote: 14,
  authEnable: 20,
  authDisable: 21,
  authenticate: 22,
  userAdd: 23,
  userDelete: 24,
  userChangePassword: 25,
  userGrantRole: 26,
  userRevokeRole: 27,
  roleAdd: 28,
  roleDelete: 29,
  roleGrantPermission: 30,
  roleRevokePermission: 31,
} as const;

export type EntryType = keyof typeof typeNumbers;

/** Entries that only root may propose while authentication is on. */
export type AuthEntryType = Extract<EntryType, `auth${'En' | 'Dis'}able` | `user${string}` | `role${string}`>;

export function isAuthEntry(type: EntryType): type is AuthEntryType {
  const number = typeNumbers[type];
  const isAboutAuth = number >= typeNumbers.authEnable && number <= typeNumbers.roleRevokePermission;
  return isAboutAuth && type !== 'authenticate';
}

/** What a conf change carries. */
export type MembershipEntryType = 'memberAdd' | 'memberUpdate' | 'memberRemove' | 'memberPromote';

export function isMembershipEntry(type: EntryType): type is MembershipEntryType {
  return typeNumbers[type] >= typeNumbers.memberAdd && typeNumbers[type] <= typeNumbers.memberPromote;
}

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
  /** Who asked for it, as the member knew; undefined: nobody in particular. */
  readonly caller?: Caller | undefined;
  readonly body: Uint8Array;
}

/** @param run a number of 32 bits that no earlier run of the member has had, as good as surely. */
export function sourceOf({ memberId, run }: { readonly memberId: bigint; readonly run: number }): EntrySource {
  const source = Buffer.alloc(sourceBytes);
  source.writeBigUInt64BE(memberId);
  source.writeUInt32BE(run, 8);
  return source;
}

export function encodeEntry(entry: Entry): Uint8Array {
  const { type, source, requestId, caller, body } = entry;
  if (caller) return withCaller(encodeEntry({ ...entry, caller: undefined }), caller);
  assert(source.length === sourceBytes && Number.isSafeInteger(requestId), 'an entry is not named well');
  const bytes = Buffer.allocUnsafe(headerBytes + body.length);
  bytes[0] = formatVersion;
  bytes[1] = typeNumbers[type];
  writeUint64(bytes, requestIdAt, requestId);
  bytes.set(source, sourceAt);
  for (let i = authRevisionAt; i < headerBytes; i++) bytes[i] = 0;
  bytes.set(body, headerBytes);
  return bytes;
}

/** The same entry with a caller in its header. */
function withCaller(entry: Uint8Array, { name, authRevision }: Caller): Uint8Array {
  const nameBytes = Buffer.from(name);
  assert(nameBytes.length <= maxCallerNameBytes, 'the name of a caller is too long for an entry');
  const bytes = Buffer.concat([entry.subarray(0, headerBytes), nameBytes, entry.subarray(headerBytes)]);
  writeUint64(bytes, authRevisionAt, authRevision);
  bytes.writeUInt16BE(nameBytes.length, nameLengthAt);
  return bytes;
}

/** Whether the source proposed it; a no-op has none. */
export function isFrom(data: Uint8Array, source: EntrySource): boolean {
  if (data.length < headerBytes) return false;
  for (let i = 0; i < sourceBytes; i++) if (data[sourceAt + i] !== source[i]) return false;
  return true;
}

/** Which proposal of which run data of an entry are; undefined for data that are too short to say so. */
export function proposalName(data: Uint8Array): { readonly source: string; readonly requestId: number } | undefined {
  if (data.length < headerBytes) return undefined;
  const source = Buffer.from(data.buffer, data.byteOffset + sourceAt, sourceBytes).toString('latin1');
  return { source, requestId: readUint64(data, requestIdAt) };
}

/**
 * The body is a view into `bytes`.
 * @throws OperatingError code `UNKNOWN_ENTRY`: a newer version wrote it, and this member must stop.
 */
export function decodeEntry(bytes: Uint8Array): Omit<Entry, 'source'> {
  assert(bytes.length >= headerBytes, 'an entry is shorter than its header');
  const version = bytes[0];
  const type = types[bytes[1] as number];
  const nameLength = (bytes[nameLengthAt] as number) * 256 + (bytes[nameLengthAt + 1] as number);
  const bodyAt = headerBytes + nameLength;
  if (version !== formatVersion || type === undefined || bodyAt > bytes.length) {
    throw new OperatingError(
      'UNKNOWN_ENTRY',
      `log entry of format ${version} and type ${bytes[1]} is not known to this version: ` +
        'run the version that the other members run',
    );
  }
  const authRevision = readUint64(bytes, authRevisionAt);
  const isForNobody = nameLength === 0 && authRevision === 0;
  const body = new Uint8Array(bytes.buffer, bytes.byteOffset + bodyAt, bytes.length - bodyAt);
  const caller = isForNobody ? undefined : { name: nameOf(bytes.subarray(headerBytes, bodyAt)), authRevision };
  return { type, requestId: readUint64(bytes, requestIdAt), caller, body };
}

function nameOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}
