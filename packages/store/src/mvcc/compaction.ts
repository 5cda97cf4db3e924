/**
 * Drops what a compaction made unreachable: of each key every version below the newest one at or under the
 * compacted revision, and that one too when it is a tombstone below it. (A tombstone exactly at the compacted
 * revision stays, so that hashes and watchers at that revision see it.)
 *
 * It runs in slices and may be repeated: only changes from the last compacted revision to the new one are looked at,
 * because nothing older can have become unreachable since. Reads never see a difference.
 */
import { decodeKeyVersion } from './key-value.ts';
import type { KeyId } from './key-table.ts';
import type { SparsePage } from './history.ts';
import type { Keyspace } from './keyspace.ts';
import { RecordCursor } from './page.ts';
import { type Revision, countSupersededUpTo, dropSuperseded, supersededAt } from './superseded.ts';

/** A compaction under way. */
export interface Compaction {
  /** Does a slice, page after page for as long as `goesOn` says so of those that it did; true when all is done. */
  step(goesOn: (pages: number) => boolean): boolean;
}

/** @param from the revision of the last finished compaction. */
export function startCompaction(keyspace: Keyspace, { from, to }: { from: number; to: number }): Compaction {
  const { history, compactionObserver } = keyspace;
  let next = from;
  let sparse: Iterator<SparsePage> | undefined;
  const step = (goesOn: (pages: number) => boolean): boolean => {
    let done = 0;
    do {
      if (!sparse) {
        const index = history.pageIndexFrom(next);
        const page = history.page(index);
        if (page && page.name.main <= to) {
          dropFromPage(keyspace, index, { from, to });
          next = page.lastMain + 1;
        } else {
          sparse = history.sparsePages(to).values();
        }
      } else {
        const page = sparse.next();
        if (page.done === true) return true;
        history.clean(page.value, (record) => isReachable(keyspace, record));
      }
    } while (goesOn(++done));
    return false;
  };
  compactionObserver?.began();
  return {
    step(goesOn) {
      compactionObserver?.sliceBegan();
      const isDone = step(goesOn);
      compactionObserver?.sliceEnded();
      if (isDone) compactionObserver?.ended();
      return isDone;
    },
  };
}

/** Drops everything unreachable from the index at once, as after a load; pages are cleaned by later compactions. */
export function compactIndex(keyspace: Keyspace, to: number): void {
  const { order, table } = keyspace;
  const candidates: KeyId[] = [];
  order.scan(new Uint8Array(0), undefined, (id) => {
    if (table.olderCount(id) > 0 || !table.isLive(id)) candidates.push(id);
    return true;
  });
  for (const id of candidates) compactKey(keyspace, id, to);
}

/** The version of a key that a compaction keeps for reads at its revision; a tombstone below it is not kept. */
export function keptRevision(keyspace: Keyspace, id: KeyId, compacted: number): Revision | undefined {
  const { table } = keyspace;
  if (table.modRevision(id) <= compacted) {
    const main = table.modRevision(id);
    return table.isLive(id) || main === compacted ? { main, sub: table.sub(id) } : undefined;
  }
  const count = countSupersededUpTo(table, id, compacted);
  if (count === 0) return undefined;
  const kept = supersededAt(table, id, count - 1);
  return !kept.isTombstone || kept.main === compacted ? kept : undefined;
}

function dropFromPage(keyspace: Keyspace, pageIndex: number, { from, to }: { from: number; to: number }): void {
  const cursor = new RecordCursor(keyspace.history.records(pageIndex));
  while (cursor.next()) {
    if (cursor.main < from || cursor.main > to) continue;
    const id = keyspace.find(decodeKeyVersion(cursor.version()).key);
    if (id !== undefined) compactKey(keyspace, id, to);
  }
}

function compactKey(keyspace: Keyspace, id: KeyId, to: number): void {
  const { table, history } = keyspace;
  const newestIsOlder = table.modRevision(id) <= to;
  const upTo = newestIsOlder ? table.olderCount(id) : countSupersededUpTo(table, id, to);
  const keeper = newestIsOlder || upTo === 0 ? undefined : supersededAt(table, id, upTo - 1);
  const keepsLast = keeper !== undefined && (!keeper.isTombstone || keeper.main === to);
  const dropped = keepsLast ? upTo - 1 : upTo;
  for (let i = 0; i < dropped; i++) history.markDead(supersededAt(table, id, i));
  dropSuperseded(table, id, dropped);
  keyspace.counts.compacted += dropped;

  if (newestIsOlder && !table.isLive(id) && table.modRevision(id) < to) {
    history.markDead({ main: table.modRevision(id), sub: table.sub(id) });
    keyspace.counts.compacted++;
    keyspace.forget(id);
  }
}

/** Whether the index still leads to a record. */
function isReachable(keyspace: Keyspace, record: RecordCursor): boolean {
  const { table } = keyspace;
  const id = keyspace.find(decodeKeyVersion(record.version()).key);
  if (id === undefined) return false;
  if (table.modRevision(id) === record.main && table.sub(id) === record.sub) return true;
  for (let i = countSupersededUpTo(table, id, record.main) - 1; i >= 0; i--) {
    const older = supersededAt(table, id, i);
    if (older.main !== record.main) return false;
    if (older.sub === record.sub) return true;
  }
  return false;
}
