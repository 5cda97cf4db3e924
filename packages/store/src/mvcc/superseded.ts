/**
 * The superseded versions of a key: their revisions only, oldest first, 16 bytes each in the slabs. What the
 * versions held is read from history by revision.
 *
 * Worked example. After put at 5, put at 7, delete at 9 and put at 12 a key's newest version is 12 and its
 * superseded ones are [5, 7, 9†]. Reading at 8 finds 7, at 10 finds the tombstone 9 (no key), at 4 nothing.
 * compact(7) leaves [7, 9†]; compact(10) leaves [] because a tombstone below the compacted revision goes too;
 * compact(9) leaves [9†].
 */
import type { KeyId, KeyTable } from './key-table.ts';
import type { Handle } from './slabs.ts';

/** One change in the order of all changes. */
export interface Revision {
  readonly main: number;
  readonly sub: number;
}

export interface VersionRevision extends Revision {
  readonly isTombstone: boolean;
}

const entryBytes = 16;

/** Appends the key's newest version, which is about to be replaced. */
export function pushSuperseded(table: KeyTable, id: KeyId): void {
  const count = table.olderCount(id);
  let handle = table.olderHandle(id);
  if (count === 0) {
    handle = table.slabs.allocate(entryBytes);
  } else if ((count + 1) * entryBytes > table.slabs.capacityOf(handle)) {
    handle = moved(table, { handle, from: 0, count, capacity: count * 2 });
  }
  const doubles = table.slabs.doublesOf(handle);
  const at = table.slabs.offsetOf(handle) / 8 + count * 2;
  doubles[at] = table.modRevision(id);
  doubles[at + 1] = table.sub(id) * 2 + (table.isLive(id) ? 0 : 1);
  table.setOlder(id, { handle, count: count + 1 });
}

export function supersededAt(table: KeyTable, id: KeyId, position: number): VersionRevision {
  const handle = table.olderHandle(id);
  const doubles = table.slabs.doublesOf(handle);
  const at = table.slabs.offsetOf(handle) / 8 + position * 2;
  const packed = doubles[at + 1] as number;
  return { main: doubles[at] as number, sub: Math.floor(packed / 2), isTombstone: packed % 2 === 1 };
}

/** How many superseded versions have a main revision of at most `revision`. */
export function countSupersededUpTo(table: KeyTable, id: KeyId, revision: number): number {
  let low = 0;
  let high = table.olderCount(id);
  if (high === 0) return 0;
  const handle = table.olderHandle(id);
  const doubles = table.slabs.doublesOf(handle);
  const base = table.slabs.offsetOf(handle) / 8;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((doubles[base + middle * 2] as number) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Drops the oldest `count` superseded versions. */
export function dropSuperseded(table: KeyTable, id: KeyId, count: number): void {
  if (count === 0) return;
  const handle = table.olderHandle(id);
  const left = table.olderCount(id) - count;
  if (left > 0) {
    const smaller = moved(table, { handle, from: count, count: left, capacity: left });
    return table.setOlder(id, { handle: smaller, count: left });
  }
  table.slabs.free(handle);
  table.setOlder(id, { handle: 0, count: 0 });
}

function moved(
  table: KeyTable,
  list: { readonly handle: Handle; readonly from: number; readonly count: number; readonly capacity: number },
): Handle {
  const { slabs } = table;
  const target = slabs.allocate(list.capacity * entryBytes);
  const source = slabs.offsetOf(list.handle) / 8 + list.from * 2;
  const entries = slabs.doublesOf(list.handle).subarray(source, source + list.count * 2);
  slabs.doublesOf(target).set(entries, slabs.offsetOf(target) / 8);
  slabs.free(list.handle);
  return target;
}
