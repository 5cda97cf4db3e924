/**
 * Changes of the membership, and their encoding as the data of a `confChange` entry. The encoding is on disk and stays:
 * little endian, canonical, and bounded, so that a reader need not believe a length.
 *
 *     0 u8   format, 1
 *     1 u8   kind: 0 leave; a change by its transition: 1 auto, 2 implicit, 3 explicit
 *     2 u16  count of the members named
 *     4 u32  length of the context
 *     8      a member: u8 type (0 voter, 1 learner, 2 remove, 3 update), u64 id; then the context
 */
import type { NodeId } from './entry.ts';
import { noNode } from './entry.ts';

/**
 * What becomes of one member. `voter` adds it or promotes a learner, `learner` adds it or demotes a voter, `update` changes
 * nothing here: it gives what the driver knows of a member, its addresses for one, a place in the order of changes.
 */
export interface MemberChange {
  readonly type: 'voter' | 'learner' | 'remove' | 'update';
  readonly id: NodeId;
}

/**
 * How several voters change together (thesis 4.3): through a joint configuration, in which both halves must agree. `auto`
 * takes that way only where it is needed and leaves it by itself; `implicit` takes it always and leaves it by itself;
 * `explicit` takes it always and stays until a `leave` is proposed.
 */
export type Transition = 'auto' | 'implicit' | 'explicit';

/** One step of the membership. `context` is the driver's, opaque to raft. */
export type ConfChange =
  | {
      readonly kind: 'change';
      readonly transition: Transition;
      /** Each member at most once. */
      readonly members: readonly MemberChange[];
      readonly context: Uint8Array;
    }
  | { readonly kind: 'leave'; readonly context: Uint8Array };

/** The most members that one change names. */
export const maxChangedMembers = 128;
/** The most bytes of a context. */
export const maxContextBytes = 64 * 1024;

/** Thrown for a conf change that does not decode, or does not fit the format. A member that finds one in its log must stop. */
export class ConfChangeFormatError extends Error {
  override readonly name = 'ConfChangeFormatError';
  readonly code = 'CONF_CHANGE_FORMAT';
}

const format = 1;
const headerBytes = 8;
const memberBytes = 9;
const kinds = ['leave', 'auto', 'implicit', 'explicit'] as const;
const memberTypes = ['voter', 'learner', 'remove', 'update'] as const;
const maxId = 2n ** 64n - 1n;

/** @throws ConfChangeFormatError when the change does not fit the format. */
export function encodeConfChange(change: ConfChange): Uint8Array {
  const members = change.kind === 'change' ? change.members : [];
  check(change);
  const { context } = change;
  const contextAt = headerBytes + memberBytes * members.length;
  const bytes = new Uint8Array(contextAt + context.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, format);
  view.setUint8(1, kinds.indexOf(change.kind === 'leave' ? 'leave' : change.transition));
  view.setUint16(2, members.length, true);
  view.setUint32(4, context.length, true);
  for (const [i, { type, id }] of members.entries()) {
    view.setUint8(headerBytes + memberBytes * i, memberTypes.indexOf(type));
    view.setBigUint64(headerBytes + memberBytes * i + 1, id, true);
  }
  bytes.set(context, contextAt);
  return bytes;
}

/** The context is a copy. @throws ConfChangeFormatError for anything that `encodeConfChange` does not make. */
export function decodeConfChange(bytes: Uint8Array): ConfChange {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length > 0 && view.getUint8(0) !== format) {
    throw new ConfChangeFormatError(
      `a conf change of format ${view.getUint8(0)} is not known to this version: start a newer one`,
    );
  }
  if (bytes.length < headerBytes)
    throw new ConfChangeFormatError(`a conf change of ${bytes.length} bytes is cut short`);
  const count = view.getUint16(2, true);
  const contextAt = headerBytes + memberBytes * count;
  if (bytes.length !== contextAt + view.getUint32(4, true)) {
    throw new ConfChangeFormatError('the lengths in a conf change do not add up');
  }
  const kind = kinds[view.getUint8(1)];
  const members = count > maxChangedMembers ? undefined : readMembers(view, count);
  if (kind === undefined || members === undefined)
    throw new ConfChangeFormatError('a conf change names what is unknown');
  if (kind === 'leave' && count > 0) throw new ConfChangeFormatError('a leave names no members');
  const context = bytes.slice(contextAt);
  const change: ConfChange =
    kind === 'leave' ? { kind, context } : { kind: 'change', transition: kind, members, context };
  check(change);
  return change;
}

function readMembers(view: DataView, count: number): MemberChange[] | undefined {
  const members: MemberChange[] = [];
  for (let at = headerBytes; at < headerBytes + memberBytes * count; at += memberBytes) {
    const type = memberTypes[view.getUint8(at)];
    if (type === undefined) return undefined;
    members.push({ type, id: view.getBigUint64(at + 1, true) });
  }
  return members;
}

function check(change: ConfChange): void {
  if (change.context.length > maxContextBytes) {
    throw new ConfChangeFormatError(`the context of a conf change is above ${maxContextBytes} bytes`);
  }
  if (change.kind === 'leave') return;
  const ids = new Set(change.members.map(({ id }) => id));
  if (change.members.length === 0 || change.members.length > maxChangedMembers) {
    throw new ConfChangeFormatError(
      `a conf change names 1 to ${maxChangedMembers} members, not ${change.members.length}`,
    );
  }
  if (ids.size < change.members.length) throw new ConfChangeFormatError('a conf change names a member twice');
  for (const id of ids) {
    if (id <= noNode || id > maxId) throw new ConfChangeFormatError(`${id} is not the id of a member`);
  }
}
