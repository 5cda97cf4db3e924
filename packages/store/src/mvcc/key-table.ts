/**
 * A row a key, of numbers only: where its newest version lies and what is asked of it most. No object a key, and all
 * of a row lies in one or two cache lines. Rows are named by a number that is used again once the key is gone from
 * history too.
 *
 * `bytes` of a row are the newest version as `mvccpb.KeyValue`; a tombstone is a version too (version 0), and
 * keeps the row until it is compacted.
 */
import { assert } from '@flotilla/base';
import { keyOffset } from './key-value.ts';
import { wordOf } from './key-words.ts';
import { type Handle, Slabs } from './slabs.ts';

/** Names a key's row. */
export type KeyId = number;

const initialRows = 1024;

/** A row is seven doubles: three revisions and counts, then eight whole numbers of 32 bits. */
const doublesPerRow = 7;
const wordsPerRow = doublesPerRow * 2;
const doubleAt = { modRevision: 0, createRevision: 1, version: 2 } as const;
const wordAt = { handle: 6, length: 7, keyLength: 8, sub: 9, leaseSlot: 10, olderHandle: 11, olderCount: 12 } as const;

/** What a put or delete makes of a key: its encoded version, a part of some memory, and what the row says of it. */
export interface NewVersion {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly keyLength: number;
  readonly createRevision: number;
  readonly modRevision: number;
  /** 0: a tombstone. */
  readonly version: number;
  /** Order of the change inside its revision. */
  readonly sub: number;
  readonly leaseSlot: number;
}

export class KeyTable {
  readonly slabs = new Slabs();
  #rowCount = 0;
  readonly #freeIds: KeyId[] = [];
  /** The rows, and the same memory as words. */
  #doubles = new Float64Array(initialRows * doublesPerRow);
  #words = new Uint32Array(this.#doubles.buffer);

  /** Ids are below this. */
  get rowCount(): number {
    return this.#rowCount;
  }

  modRevision(id: KeyId): number {
    return this.#doubles[id * doublesPerRow + doubleAt.modRevision] as number;
  }

  sub(id: KeyId): number {
    return this.#words[id * wordsPerRow + wordAt.sub] as number;
  }

  createRevision(id: KeyId): number {
    return this.#doubles[id * doublesPerRow + doubleAt.createRevision] as number;
  }

  /** 0: deleted. */
  version(id: KeyId): number {
    return this.#doubles[id * doublesPerRow + doubleAt.version] as number;
  }

  isLive(id: KeyId): boolean {
    return this.#doubles[id * doublesPerRow + doubleAt.version] !== 0;
  }

  /** Slot of the attached lease; 0: none. */
  leaseSlot(id: KeyId): number {
    return this.#words[id * wordsPerRow + wordAt.leaseSlot] as number;
  }

  /** For a key that was restored before its lease. */
  setLeaseSlot(id: KeyId, slot: number): void {
    this.#words[id * wordsPerRow + wordAt.leaseSlot] = slot;
  }

  /** Where the superseded versions are listed, see `superseded.ts`. */
  olderHandle(id: KeyId): Handle {
    return this.#words[id * wordsPerRow + wordAt.olderHandle] as Handle;
  }

  olderCount(id: KeyId): number {
    return this.#words[id * wordsPerRow + wordAt.olderCount] as number;
  }

  setOlder(id: KeyId, older: { readonly handle: Handle; readonly count: number }): void {
    const row = id * wordsPerRow;
    this.#words[row + wordAt.olderHandle] = older.handle;
    this.#words[row + wordAt.olderCount] = older.count;
  }

  /** Adds a row for a key that has none. */
  add(newest: NewVersion): KeyId {
    const id = this.#freeIds.pop() ?? this.#rowCount++;
    if (id * doublesPerRow >= this.#doubles.length) this.#grow();
    this.#words[id * wordsPerRow + wordAt.olderCount] = 0;
    this.#place(id, newest);
    return id;
  }

  /** Replaces the newest version; the caller has kept what it needs of the old one. */
  replace(id: KeyId, newest: NewVersion): void {
    this.slabs.free(this.#handle(id));
    this.#place(id, newest);
  }

  remove(id: KeyId): void {
    assert(this.olderCount(id) === 0, 'a key with superseded versions is removed');
    this.slabs.free(this.#handle(id));
    this.#freeIds.push(id);
  }

  /** Length of the newest version's encoded bytes. */
  newestLength(id: KeyId): number {
    return this.#words[id * wordsPerRow + wordAt.length] as number;
  }

  /** The newest version's encoded bytes: a view that is valid until the next change. */
  newestBytes(id: KeyId): Uint8Array {
    const handle = this.#handle(id);
    const offset = this.slabs.offsetOf(handle);
    return this.slabs.bytesOf(handle).subarray(offset, offset + this.newestLength(id));
  }

  keyLength(id: KeyId): number {
    return this.#words[id * wordsPerRow + wordAt.keyLength] as number;
  }

  /** The key: a view that is valid until the next change. */
  key(id: KeyId): Uint8Array {
    const handle = this.#handle(id);
    const length = this.keyLength(id);
    const offset = this.slabs.offsetOf(handle) + keyOffset(length);
    return this.slabs.bytesOf(handle).subarray(offset, offset + length);
  }

  /** The memory that holds the newest version, key and all, beside others. */
  memoryOf(id: KeyId): Uint8Array {
    return this.slabs.bytesOf(this.#handle(id));
  }

  /** Where the newest version begins in its memory. */
  versionStart(id: KeyId): number {
    return this.slabs.offsetOf(this.#handle(id));
  }

  /** Where the key begins in the memory of the newest version. */
  keyStart(id: KeyId): number {
    return this.slabs.offsetOf(this.#handle(id)) + keyOffset(this.keyLength(id));
  }

  /** Four bytes of the key, see {@link wordOf}. */
  keyWord(id: KeyId, from: number): number {
    const start = this.keyStart(id);
    return wordOf(this.memoryOf(id), start + from, start + this.keyLength(id));
  }

  /** Order of the row's key and another. */
  compareKey(id: KeyId, other: Uint8Array): number {
    const handle = this.#handle(id);
    const length = this.keyLength(id);
    const bytes = this.slabs.bytesOf(handle);
    const offset = this.slabs.offsetOf(handle) + keyOffset(length);
    const shorter = Math.min(length, other.length);
    for (let i = 0; i < shorter; i++) {
      const difference = (bytes[offset + i] as number) - (other[i] as number);
      if (difference !== 0) return difference;
    }
    return length - other.length;
  }

  #handle(id: KeyId): Handle {
    return this.#words[id * wordsPerRow + wordAt.handle] as Handle;
  }

  #place(id: KeyId, newest: NewVersion): void {
    const { start, end } = newest;
    const handle = this.slabs.allocate(end - start);
    this.slabs.bytesOf(handle).set(newest.bytes.subarray(start, end), this.slabs.offsetOf(handle));
    const doubles = id * doublesPerRow;
    this.#doubles[doubles + doubleAt.modRevision] = newest.modRevision;
    this.#doubles[doubles + doubleAt.createRevision] = newest.createRevision;
    this.#doubles[doubles + doubleAt.version] = newest.version;
    const words = id * wordsPerRow;
    this.#words[words + wordAt.handle] = handle;
    this.#words[words + wordAt.length] = end - start;
    this.#words[words + wordAt.keyLength] = newest.keyLength;
    this.#words[words + wordAt.sub] = newest.sub;
    this.#words[words + wordAt.leaseSlot] = newest.leaseSlot;
  }

  #grow(): void {
    const larger = new Float64Array(this.#doubles.length * 2);
    larger.set(this.#doubles);
    this.#doubles = larger;
    this.#words = new Uint32Array(larger.buffer);
  }
}
