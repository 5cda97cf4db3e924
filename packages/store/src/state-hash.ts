/**
 * A hash over the applied state that is equal on any two members that applied the same entries, however far each
 * has come with dropping what was compacted. Pages are added one by one, so that the caller decides how much it does in
 * one turn.
 */
import { crc32 } from 'node:zlib';
import { assert } from '@flotilla/base';
import { keptRevision } from './mvcc/compaction.ts';
import { decodeKeyVersion } from './mvcc/key-value.ts';
import { RecordCursor } from './mvcc/page.ts';
import { StateMachine } from './state-machine.ts';
import type { Store } from './store.ts';

/** The hash of everything: keys with all their versions, leases, members, users, roles, revisions. Takes as long as there is state. */
export function hashState(store: Store): number {
  assert(store instanceof StateMachine, 'only a store of this package has a hash');
  const { revision, compactRevision, appliedIndex, appliedTerm } = store;
  const leases = store.leases.list().map(({ id, ttlSeconds, remainingMs }) => [String(id), ttlSeconds, remainingMs]);
  const attached = store.leases
    .list()
    .map(({ id }) => store.leases.keys(id).map((key) => Buffer.from(key).toString('hex')));
  const alarms = store.alarms.list().map(({ memberId, type }) => [String(memberId), type]);
  const numbers = [revision, compactRevision, appliedIndex, appliedTerm];
  let hash = crc32(JSON.stringify([...numbers, leases, attached, membershipOf(store), alarms, authOf(store)]));
  for (const step of hashRevisions(store, { upTo: revision, seed: hash })) hash = step;
  return hash;
}

function membershipOf({ membership }: Store): unknown {
  const byId = (a: bigint, b: bigint): number => (a < b ? -1 : 1);
  const ids = [...membership.members.keys()].sort(byId);
  const members = ids.map((id) => [String(id), membership.members.get(id)]);
  return [
    members,
    [...membership.removed].sort(byId).map(String),
    Buffer.from(membership.config ?? []).toString('hex'),
  ];
}

function authOf({ auth }: Store): unknown {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const users = auth.userNames().map((name) => {
    const user = auth.user(name);
    return user && { ...user, passwordHash: text(user.passwordHash) };
  });
  const roles = auth.roleNames().map((name) => {
    const permissions = auth.role(name)?.permissions ?? [];
    return [name, permissions.map(({ type, key, rangeEnd }) => [type, text(key), text(rangeEnd)])];
  });
  return [auth.enabled, auth.revision, users, roles];
}

/** Hashes the revisions from the last compaction up to one; yields the hash so far after each page. */
export function* hashRevisions(
  store: Store,
  { upTo, seed = 0 }: { readonly upTo: number; readonly seed?: number },
): Generator<number, void> {
  assert(store instanceof StateMachine, 'only a store of this package has a hash');
  const { keyspace, compactRevision } = store;
  let hash = seed;
  for (let page = 0; page < keyspace.history.pageCount; page++) {
    const records = keyspace.history.records(page);
    const cursor = new RecordCursor(records);
    while (cursor.next()) {
      if (cursor.main > upTo) break;
      if (cursor.main > compactRevision || isKept(store, cursor)) {
        hash = crc32(records.subarray(cursor.start, cursor.end), hash);
      }
    }
    yield hash;
  }
}

/** Whether a change at or below the compacted revision is the one that a compaction keeps of its key. */
export function isKept({ keyspace, compactRevision }: StateMachine, record: RecordCursor): boolean {
  const id = keyspace.find(decodeKeyVersion(record.version()).key);
  const kept = id === undefined ? undefined : keptRevision(keyspace, id, compactRevision);
  return kept?.main === record.main && kept.sub === record.sub;
}
