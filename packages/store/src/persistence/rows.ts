/**
 * The rows of the state database.
 *
 *   F                       format version, cluster id, member id
 *   H                       the head: what the state is as of, and the sum over all other rows
 *   l + lease id            granted TTL, seconds; what a checkpoint said is left, ms (absent: the whole of it)
 *   a + member id + type    an active alarm; empty
 *   m + member id           a member, etcdserverpb.Member
 *   x + member id           a member that was removed; empty
 *   u + name                a user, authpb.User
 *   r + name                a role, authpb.Role
 *   Config                  raft's configuration as of the last applied conf change; absent where a member waits for its first snapshot
 *   Auth                    whether authentication is on, and the auth revision; absent as long as it never changed
 *   p + main + sub          a page of history, named by its first revision
 *
 * Numbers in keys are big-endian, so pages lie in the order of revisions. A row's value ends with the CRC-32 of key and
 * content: a row that was damaged, or lies under another key, is refused.
 */
import { crc32 } from 'node:zlib';
import { OperatingError } from '@flotilla/base';
import { authpb, etcdserverpb, fromUnsignedId } from '@flotilla/wire';
import type { AuthSettings, Role, User } from '../auth/auth-state.ts';
import { fromMessage, toMessage } from '../auth/permission.ts';
import { readUint32, readUint64, writeUint32, writeUint64 } from '../bytes.ts';
import type { Alarm } from '../alarms.ts';
import type { MemberRecord } from '../membership.ts';
import { type Lease, wholeLease } from '../leases/lease-table.ts';
import type { Revision } from '../mvcc/superseded.ts';
import type { RowMemory } from './row-memory.ts';

/**
 * Format 2 may have values in files beside the database. One of format 1 has none, and is one of format 2 otherwise: it becomes
 * that once it is accepted, before the first such file.
 */
export const formatVersion = 2;
const checksumBytes = 4;

export const formatKey = Buffer.from('F');
export const headKey = Buffer.from('H');

export const authKey = Buffer.from('Auth');
export const configKey = Buffer.from('Config');

const prefixes = {
  alarm: 0x61,
  lease: 0x6c,
  member: 0x6d,
  page: 0x70,
  role: 0x72,
  user: 0x75,
  removedMember: 0x78,
} as const;

export function pageKey({ main, sub }: Revision): Uint8Array {
  const key = new Uint8Array(13);
  key[0] = prefixes.page;
  writeUint64(key, 1, main);
  writeUint32(key, 9, sub);
  return key;
}

export function leaseKey(id: bigint): Uint8Array {
  return idKey(prefixes.lease, id);
}

export function memberKey(id: bigint): Uint8Array {
  return idKey(prefixes.member, id);
}

export function removedMemberKey(id: bigint): Uint8Array {
  return idKey(prefixes.removedMember, id);
}

export function alarmKey({ memberId, type }: Alarm): Uint8Array {
  return Buffer.concat([idKey(prefixes.alarm, memberId), Buffer.of(type)]);
}

export function userKey(name: string): Uint8Array {
  return nameKey(prefixes.user, name);
}

export function roleKey(name: string): Uint8Array {
  return nameKey(prefixes.role, name);
}

function nameKey(prefix: number, name: string): Uint8Array {
  return Buffer.concat([Buffer.of(prefix), Buffer.from(name)]);
}

function idKey(prefix: number, id: bigint): Uint8Array {
  const key = Buffer.alloc(9);
  key[0] = prefix;
  key.writeBigUInt64BE(BigInt.asUintN(64, id), 1);
  return key;
}

/** What a key names. */
export type RowName =
  | { readonly type: 'page'; readonly page: Revision }
  | { readonly type: 'lease'; readonly id: bigint }
  | { readonly type: 'member' | 'removedMember'; readonly id: bigint }
  | { readonly type: 'alarm'; readonly alarm: Alarm }
  | { readonly type: 'user' | 'role' | 'auth' | 'config' }
  | { readonly type: 'unknown' };

export function nameOf(key: Uint8Array): RowName {
  if (key[0] === prefixes.page && key.length === 13) {
    return { type: 'page', page: { main: readUint64(key, 1), sub: readUint32(key, 9) } };
  }
  if (key[0] === prefixes.user) return { type: 'user' };
  if (key[0] === prefixes.role) return { type: 'role' };
  if (authKey.equals(key)) return { type: 'auth' };
  if (configKey.equals(key)) return { type: 'config' };
  const isAlarm = key[0] === prefixes.alarm && key.length === 10;
  if (key.length !== 9 && !isAlarm) return { type: 'unknown' };
  const id = new DataView(key.buffer, key.byteOffset).getBigUint64(1);
  if (isAlarm) return { type: 'alarm', alarm: { memberId: id, type: key[9] as etcdserverpb.AlarmType } };
  if (key[0] === prefixes.lease) return { type: 'lease', id: BigInt.asIntN(64, id) };
  if (key[0] === prefixes.member) return { type: 'member', id };
  return key[0] === prefixes.removedMember ? { type: 'removedMember', id } : { type: 'unknown' };
}

/** A value as it is stored, and its checksum. */
export interface SealedRow {
  readonly value: Uint8Array;
  readonly checksum: number;
}

/** @param memory where the value goes; into memory of its own unless told */
export function sealRow(key: Uint8Array, content: Uint8Array, memory?: RowMemory): SealedRow {
  const checksum = crc32(content, crc32(key));
  const length = content.length + checksumBytes;
  const value = memory?.take(length) ?? Buffer.allocUnsafe(length);
  value.set(content);
  writeUint32(value, content.length, checksum);
  return { value, checksum };
}

/** The content of a stored value: a view. @throws OperatingError `STATE_DAMAGED` */
export function openRow(
  key: Uint8Array,
  value: Uint8Array,
): { readonly content: Uint8Array; readonly checksum: number } {
  const content = value.subarray(0, Math.max(0, value.length - checksumBytes));
  const checksum = crc32(content, crc32(key));
  if (value.length < checksumBytes || readUint32(value, content.length) !== checksum) {
    throw stateDamaged(`row ${Buffer.from(key).toString('hex')} does not match its checksum`);
  }
  return { content, checksum };
}

export function stateDamaged(reason: string, cause?: unknown): OperatingError {
  return new OperatingError(
    'STATE_DAMAGED',
    `the applied state is damaged: ${reason}. Replace this member: remove it from the cluster and add it anew ` +
      'with an empty data directory, so that it gets a snapshot from the others',
    { cause },
  );
}

export function stateLocked(directory: string, cause?: unknown): OperatingError {
  return new OperatingError('STATE_LOCKED', `${directory} is in use by another process: stop that one`, { cause });
}

/** Why a database was refused, with the place where it lies. */
export function refusedAt(directory: string, error: unknown): unknown {
  if (!(error instanceof OperatingError) || error.message.includes(directory)) return error;
  return new OperatingError(error.code, `${directory}: ${error.message}`, { cause: error });
}

/** What the state is as of. `rowCount`, `rowBytes` and `digest` are over all rows but `F` and `H`. */
export interface Head {
  /** Index of the batch before this one. */
  readonly previousIndex: number;
  readonly index: number;
  readonly term: number;
  readonly revision: number;
  readonly compactRevision: number;
  readonly rowCount: number;
  readonly rowBytes: number;
  /** Sum of the rows' checksums: a row that is missing, stale or too many changes it. */
  readonly digest: number;
}

const headFields = [
  'previousIndex',
  'index',
  'term',
  'revision',
  'compactRevision',
  'rowCount',
  'rowBytes',
  'digest',
] as const satisfies readonly (keyof Head)[];

export const headBytes = headFields.length * 8;

export function encodeHead(head: Head): Uint8Array {
  const content = new Uint8Array(headBytes);
  // One more than each number, because the compact revision may be -1.
  headFields.forEach((field, i) => writeUint64(content, i * 8, head[field] + 1));
  return content;
}

export function decodeHead(content: Uint8Array): Head {
  if (content.length !== headBytes) throw stateDamaged('the head has another length');
  const numbers = headFields.map((_, i) => readUint64(content, i * 8) - 1);
  return Object.fromEntries(headFields.map((field, i) => [field, numbers[i] ?? 0])) as Record<keyof Head, number>;
}

/** Whose state it is. */
export interface Identity {
  readonly clusterId: bigint;
  readonly memberId: bigint;
}

export function encodeFormat({ clusterId, memberId }: Identity): Uint8Array {
  const content = Buffer.alloc(17);
  content[0] = formatVersion;
  content.writeBigUInt64BE(clusterId, 1);
  content.writeBigUInt64BE(memberId, 9);
  return content;
}

/** The version of the format. @throws OperatingError `STATE_FORMAT` or `STATE_FOREIGN` */
export function checkFormat(content: Uint8Array, expected: Identity): number {
  const [version = 0] = content;
  if (version < 1 || version > formatVersion) {
    const reason = `the applied state has format ${version}, this version knows 1 to ${formatVersion}`;
    throw new OperatingError('STATE_FORMAT', `${reason}: start the version that wrote it`);
  }
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const found = { clusterId: view.getBigUint64(1), memberId: view.getBigUint64(9) };
  if (found.clusterId === expected.clusterId && found.memberId === expected.memberId) return version;
  const name = ({ clusterId, memberId }: Identity): string =>
    `member ${memberId.toString(16)} of ${clusterId.toString(16)}`;
  throw new OperatingError(
    'STATE_FOREIGN',
    `the applied state belongs to ${name(found)}, not to ${name(expected)}: use another data directory`,
  );
}

export function encodeLease({ id, ttlSeconds, remainingMs }: Lease): Uint8Array {
  const isWhole = remainingMs === wholeLease({ id, ttlSeconds }).remainingMs;
  const content = new Uint8Array(isWhole ? 8 : 16);
  writeUint64(content, 0, ttlSeconds);
  if (!isWhole) writeUint64(content, 8, remainingMs);
  return content;
}

export function decodeLease(id: bigint, content: Uint8Array): Lease {
  const lease = wholeLease({ id, ttlSeconds: readUint64(content, 0) });
  return content.length < 16 ? lease : { ...lease, remainingMs: readUint64(content, 8) };
}

export function encodeMember(id: bigint, { name, peerUrls, clientUrls, isLearner }: MemberRecord): Uint8Array {
  const urls = { peerURLs: [...peerUrls], clientURLs: [...clientUrls] };
  return etcdserverpb.Member.encode({ ID: fromUnsignedId(id), name, ...urls, isLearner }).finish();
}

export function decodeMember(content: Uint8Array): MemberRecord {
  const { name, peerURLs, clientURLs, isLearner } = etcdserverpb.Member.decode(content);
  return { name, peerUrls: peerURLs, clientUrls: clientURLs, isLearner };
}

export function encodeUser({ name, passwordHash, noPassword, roles }: User): Uint8Array {
  const options = { no_password: noPassword };
  return authpb.User.encode({ name: Buffer.from(name), password: passwordHash, roles: [...roles], options }).finish();
}

export function decodeUser(content: Uint8Array): User {
  const { name, password, roles, options } = authpb.User.decode(content);
  const passwordHash = new Uint8Array(password);
  return { name: Buffer.from(name).toString(), passwordHash, noPassword: options?.no_password === true, roles };
}

export function encodeRole({ name, permissions }: Role): Uint8Array {
  const keyPermission = permissions.map(toMessage);
  return authpb.Role.encode({ name: Buffer.from(name), keyPermission }).finish();
}

export function decodeRole(content: Uint8Array): Role {
  const { name, keyPermission } = authpb.Role.decode(content);
  return { name: Buffer.from(name).toString(), permissions: keyPermission.map(fromMessage) };
}

export function encodeAuthSettings({ enabled, revision }: AuthSettings): Uint8Array {
  const content = new Uint8Array(9);
  content[0] = enabled ? 1 : 0;
  writeUint64(content, 1, revision);
  return content;
}

export function decodeAuthSettings(content: Uint8Array): AuthSettings {
  return { enabled: content[0] === 1, revision: readUint64(content, 1) };
}
