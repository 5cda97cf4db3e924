/**
 * A row a key, in columns of numbers: where its newest version lies and what is asked of it most. No object a
 * key. Rows are named by a number that is used again once the key is gone from history too.
 *
 * `bytes` of a row are the newest version as `mvccpb.KeyValue`; a tombstone is a version too (version 0), and
 * keeps the row until it is compacted.
 */
import { assert } from '@flotilla/base';
import { type KeyVersion, encodeInto, encodedLength, keyOffset } from './key-value.ts';
import { type Handle, Slabs } from './slabs.ts';

/** Names a key's row. */
export type KeyId = number;

const initialRows = 1024;

/** What a put or delete makes of a key. */
export interface NewVersion extends KeyVersion {
  /** Order of the change inside its revision. */
  readonly sub: number;
  readonly leaseSlot: number;
}

export class KeyTable {
  readonly slabs = new Slabs();
  #rowCount = 0;
  readonly #freeIds: KeyId[] = [];
  #handle = new Uint32Array(initialRows);
  #length = new Uint32Array(initialRows);
  #keyLength = new Uint32Array(initialRows);
  #modRevision = new Float64Array(initialRows);
  #sub = new Uint32Array(initialRows);
  #createRevision = new Float64Array(initialRows);
  #version = new Float64Array(initialRows);
  #leaseSlot = new Uint32Array(initialRows);
  /** Superseded versions, see `superseded.ts`. */
  olderHandle = new Uint32Array(initialRows);
  olderCount = new Uint32Array(initialRows);

  modRevision(id: KeyId): number {
    return this.#modRevision[id] as number;
  }

  sub(id: KeyId): number {
    return this.#sub[id] as number;
  }

  createRevision(id: KeyId): number {
    return this.#createRevision[id] as number;
  }

  /** 0: deleted. */
  version(id: KeyId): number {
    return this.#version[id] as number;
  }

  isLive(id: KeyId): boolean {
    return this.#version[id] !== 0;
  }

  /** Slot of the attached lease; 0: none. */
  leaseSlot(id: KeyId): number {
    return this.#leaseSlot[id] as number;
  }

  /** For a key that was restored before its lease. */
  setLeaseSlot(id: KeyId, slot: number): void {
    this.#leaseSlot[id] = slot;
  }

  /** Adds a row for a key that has none. */
  add(newest: NewVersion): KeyId {
    const id = this.#freeIds.pop() ?? this.#rowCount++;
    if (id >= this.#handle.length) this.#grow();
    this.#keyLength[id] = newest.key.length;
    this.#place(id, newest);
    return id;
  }

  /** Replaces the newest version; the caller has kept what it needs of the old one. */
  replace(id: KeyId, newest: NewVersion): void {
    const handle = this.#handle[id] as Handle;
    // The value of an ignore_value put is the old one, so it is written elsewhere first.
    this.#place(id, newest);
    this.slabs.free(handle);
  }

  remove(id: KeyId): void {
    assert(this.olderCount[id] === 0, 'a key with superseded versions is removed');
    this.slabs.free(this.#handle[id] as Handle);
    this.#freeIds.push(id);
  }

  /** The newest version's encoded bytes: a view that is valid until the next change. */
  newestBytes(id: KeyId): Uint8Array {
    const handle = this.#handle[id] as Handle;
    const offset = this.slabs.offsetOf(handle);
    return this.slabs.bytesOf(handle).subarray(offset, offset + (this.#length[id] as number));
  }

  /** The key: a view that is valid until the next change. */
  key(id: KeyId): Uint8Array {
    const handle = this.#handle[id] as Handle;
    const length = this.#keyLength[id] as number;
    const offset = this.slabs.offsetOf(handle) + keyOffset(length);
    return this.slabs.bytesOf(handle).subarray(offset, offset + length);
  }

  /** Order of the row's key and another. */
  compareKey(id: KeyId, other: Uint8Array): number {
    const handle = this.#handle[id] as Handle;
    const length = this.#keyLength[id] as number;
    const bytes = this.slabs.bytesOf(handle);
    const offset = this.slabs.offsetOf(handle) + keyOffset(length);
    const shorter = Math.min(length, other.length);
    for (let i = 0; i < shorter; i++) {
      const difference = (bytes[offset + i] as number) - (other[i] as number);
      if (difference !== 0) return difference;
    }
    return length - other.length;
  }

  #place(id: KeyId, newest: NewVersion): void {
    const length = encodedLength(newest);
    const handle = this.slabs.allocate(length);
    encodeInto(this.slabs.bytesOf(handle), this.slabs.offsetOf(handle), newest);
    this.#handle[id] = handle;
    this.#length[id] = length;
    this.#modRevision[id] = newest.modRevision;
    this.#sub[id] = newest.sub;
    this.#createRevision[id] = newest.createRevision;
    this.#version[id] = newest.version;
    this.#leaseSlot[id] = newest.leaseSlot;
  }

  #grow(): void {
    this.#handle = grown(this.#handle, Uint32Array);
    this.#length = grown(this.#length, Uint32Array);
    this.#keyLength = grown(this.#keyLength, Uint32Array);
    this.#modRevision = grown(this.#modRevision, Float64Array);
    this.#sub = grown(this.#sub, Uint32Array);
    this.#createRevision = grown(this.#createRevision, Float64Array);
    this.#version = grown(this.#version, Float64Array);
    this.#leaseSlot = grown(this.#leaseSlot, Uint32Array);
    this.olderHandle = grown(this.olderHandle, Uint32Array);
    this.olderCount = grown(this.olderCount, Uint32Array);
  }
}

function grown<T extends Uint32Array | Float64Array>(column: T, type: new (length: number) => T): T {
  const larger = new type(column.length * 2);
  larger.set(column);
  return larger;
}
