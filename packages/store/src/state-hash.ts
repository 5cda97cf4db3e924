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

/** The hash of everything: keys with all their versions, leases, members, revisions. Takes as long as there is state. */
export function hashState(store: Store): number {
  assert(store instanceof StateMachine, 'only a store of this package has a hash');
  const { revision, compactRevision, appliedIndex, appliedTerm } = store;
  const leases = store.leases.list().map(({ id, ttlSeconds }) => [String(id), ttlSeconds]);
  const attached = store.leases
    .list()
    .map(({ id }) => store.leases.keys(id).map((key) => Buffer.from(key).toString('hex')));
  const members = [...store.members]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, attributes]) => [String(id), attributes]);
  const alarms = store.alarms.list().map(({ memberId, type }) => [String(memberId), type]);
  const rest = [revision, compactRevision, appliedIndex, appliedTerm, leases, attached, members, alarms];
  let hash = crc32(JSON.stringify(rest));
  for (const step of hashRevisions(store, { upTo: revision, seed: hash })) hash = step;
  return hash;
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
