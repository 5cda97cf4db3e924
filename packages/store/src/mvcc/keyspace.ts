/**
 * The keys with all their versions that are not compacted away: the newest of each at hand, the older ones in
 * history. One writer; every change is given its revision by the caller.
 */
import { assert } from '@flotilla/base';
import type { LeaseTable } from '../leases/lease-table.ts';
import { noBytes } from '../bytes.ts';
import { History, type PageArchive } from './history.ts';
import { KeyHash } from './key-hash.ts';
import { type KeyId, KeyTable, type NewVersion } from './key-table.ts';
import { type KeyVersion, decodeKeyVersion } from './key-value.ts';
import { OperationCounts } from './operation-counts.ts';
import { sortByKey } from './sort-by-key.ts';
import { SortedKeys } from './sorted-keys.ts';
import { type Revision, countSupersededUpTo, pushSuperseded, supersededAt } from './superseded.ts';

export interface PutChange extends Revision {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Slot of the lease to attach; 0: none. */
  readonly leaseSlot: number;
}

/** What somebody with a clock is told of a compaction. */
export interface CompactionObserver {
  began(): void;
  sliceBegan(): void;
  sliceEnded(): void;
  ended(): void;
}

export class Keyspace {
  readonly table = new KeyTable();
  readonly order = new SortedKeys(this.table);
  readonly #hash = new KeyHash(this.table);
  readonly history: History;
  readonly leases: LeaseTable;
  readonly counts = new OperationCounts();
  /** Told of compactions, in this keyspace. */
  compactionObserver: CompactionObserver | undefined;

  constructor(leases: LeaseTable, options: { archive?: PageArchive | undefined; cacheBytes?: number } = {}) {
    this.leases = leases;
    this.history = new History(options);
  }

  /** The id of a key that lives, or lived and is not compacted away. */
  find(key: Uint8Array): KeyId | undefined {
    return this.#hash.find(key);
  }

  /** The id of a key that lives now. */
  findLive(key: Uint8Array): KeyId | undefined {
    const id = this.#hash.find(key);
    return id !== undefined && this.table.isLive(id) ? id : undefined;
  }

  /** Adds a key that is not there. */
  #add(key: Uint8Array, newest: NewVersion): KeyId {
    const id = this.table.add(newest);
    this.#hash.add(key, id);
    this.order.insert(key, id);
    return id;
  }

  /** Makes a version the newest of a key that is there; the one before becomes a superseded one. */
  #supersede(id: KeyId, key: Uint8Array, newest: NewVersion): void {
    const wasLive = this.table.isLive(id);
    pushSuperseded(this.table, id);
    this.table.replace(id, newest);
    const isLive = newest.version !== 0;
    if (wasLive !== isLive) this.order.changeLiveness(key, isLive ? 1 : -1);
  }

  /** While a state is restored: a change that follows all before it. The order of keys is made by {@link restored}. */
  restore(key: Uint8Array, newest: NewVersion): KeyId {
    let id = this.#hash.find(key);
    if (id === undefined) {
      id = this.table.add(newest);
      this.#hash.add(key, id);
    } else {
      pushSuperseded(this.table, id);
      this.table.replace(id, newest);
    }
    return id;
  }

  /** All changes are restored. */
  restored(): void {
    const ids = Uint32Array.from({ length: this.table.rowCount }, (_, id) => id);
    sortByKey(this.table, ids);
    this.order.build(ids);
  }

  /** Forgets a key whose last version, a tombstone, is compacted away. */
  forget(id: KeyId): void {
    const key = this.keyCopy(id);
    this.order.remove(key);
    this.#hash.remove(key);
    this.table.remove(id);
  }

  put(change: PutChange): void {
    const { key, value, main, sub, leaseSlot } = change;
    const { table, leases } = this;
    const id = this.#hash.find(key);
    const isLive = id !== undefined && table.isLive(id);
    const createRevision = isLive ? table.createRevision(id) : main;
    const version = isLive ? table.version(id) + 1 : 1;
    const lease = leases.idOf(leaseSlot);
    const place = this.history.append(change, { key, value, createRevision, modRevision: main, version, lease });
    const { bytes, start, end } = place;
    const keyLength = key.length;
    const newest = { bytes, start, end, keyLength, createRevision, modRevision: main, version, sub, leaseSlot };
    if (id === undefined) return leases.attach(leaseSlot, this.#add(key, newest));
    leases.detach(table.leaseSlot(id), id);
    this.#supersede(id, key, newest);
    leases.attach(leaseSlot, id);
  }

  /** Deletes a key that lives. */
  delete(id: KeyId, { main, sub }: Revision): void {
    const { table } = this;
    assert(table.isLive(id), 'a key that does not live is deleted');
    this.leases.detach(table.leaseSlot(id), id);
    const key = this.keyCopy(id);
    const place = this.history.append({ main, sub }, tombstone(key, main));
    const keyLength = key.length;
    const fields = { keyLength, createRevision: 0, modRevision: main, version: 0, sub, leaseSlot: 0 };
    this.#supersede(id, key, { ...place, ...fields });
  }

  keyCopy(id: KeyId): Uint8Array {
    return Buffer.from(this.table.key(id));
  }

  /** The newest version, in memory of its own. */
  newest(id: KeyId): KeyVersion {
    return decodeKeyVersion(Buffer.from(this.table.newestBytes(id)));
  }

  /** The version of a key at a main revision, if it lived then, in memory of its own. */
  at(id: KeyId, revision: number): KeyVersion | undefined {
    const bytes = this.bytesAt(id, revision);
    return bytes && decodeKeyVersion(Buffer.from(bytes));
  }

  /** As {@link at}, as `mvccpb.KeyValue` bytes: a view that is valid until the next change. */
  bytesAt(id: KeyId, revision: number): Uint8Array | undefined {
    if (this.table.modRevision(id) <= revision) return this.table.isLive(id) ? this.table.newestBytes(id) : undefined;
    const found = this.revisionAt(id, revision);
    return found && this.history.version(found);
  }

  /** The change that a key's version at a main revision came from, if it lived then. */
  revisionAt(id: KeyId, revision: number): Revision | undefined {
    const { table } = this;
    if (table.modRevision(id) <= revision) {
      return table.isLive(id) ? { main: table.modRevision(id), sub: table.sub(id) } : undefined;
    }
    const count = countSupersededUpTo(table, id, revision);
    const found = count > 0 ? supersededAt(table, id, count - 1) : undefined;
    return found?.isTombstone === false ? found : undefined;
  }
}

function tombstone(key: Uint8Array, modRevision: number): KeyVersion {
  return { key, value: noBytes, createRevision: 0, modRevision, version: 0, lease: 0n };
}
