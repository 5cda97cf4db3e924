/**
 * Finds the row of a key without a search: a table of (hash, id) with linear probing, eight bytes a slot, at most half
 * full. Which slot a key has is no part of the state: nothing that is applied depends on it.
 *
 * Invariant: no free slot lies between a key's home slot and the slot it is in, so a removal moves the run after it.
 */
import type { KeyId, KeyTable } from './key-table.ts';

const initialSlots = 2048;

export class KeyHash {
  readonly #table: KeyTable;
  /** Id + 1; 0: free. */
  #ids = new Uint32Array(initialSlots);
  #hashes = new Uint32Array(initialSlots);
  #mask = initialSlots - 1;
  #count = 0;

  constructor(table: KeyTable) {
    this.#table = table;
  }

  find(key: Uint8Array): KeyId | undefined {
    const slot = this.#slotOf(key, hashOf(key));
    const id = this.#ids[slot] as number;
    return id === 0 ? undefined : id - 1;
  }

  /** Adds a key that is not there. */
  add(key: Uint8Array, id: KeyId): void {
    if (++this.#count * 2 > this.#ids.length) this.#grow();
    const hash = hashOf(key);
    const slot = this.#slotOf(key, hash);
    this.#ids[slot] = id + 1;
    this.#hashes[slot] = hash;
  }

  /** Removes a key that is there, while its row still is. */
  remove(key: Uint8Array): void {
    this.#count--;
    let hole = this.#slotOf(key, hashOf(key));
    this.#ids[hole] = 0;
    for (let slot = (hole + 1) & this.#mask; this.#ids[slot] !== 0; slot = (slot + 1) & this.#mask) {
      const home = (this.#hashes[slot] as number) & this.#mask;
      // It may move back to the hole unless its home lies after the hole.
      if (((slot - home) & this.#mask) < ((slot - hole) & this.#mask)) continue;
      this.#ids[hole] = this.#ids[slot] as number;
      this.#hashes[hole] = this.#hashes[slot] as number;
      this.#ids[slot] = 0;
      hole = slot;
    }
  }

  /** Where the key is, or the free slot where it would go. */
  #slotOf(key: Uint8Array, hash: number): number {
    let slot = hash & this.#mask;
    for (;;) {
      const id = this.#ids[slot] as number;
      if (id === 0) return slot;
      if (this.#hashes[slot] === hash && this.#table.compareKey(id - 1, key) === 0) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    const [ids, hashes] = [this.#ids, this.#hashes];
    this.#ids = new Uint32Array(ids.length * 2);
    this.#hashes = new Uint32Array(ids.length * 2);
    this.#mask = this.#ids.length - 1;
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] === 0) continue;
      let slot = (hashes[i] as number) & this.#mask;
      while (this.#ids[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#ids[slot] = ids[i] as number;
      this.#hashes[slot] = hashes[i] as number;
    }
  }
}

/** FNV-1a, with its high bits folded into the low ones that choose the slot. */
function hashOf(key: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ (key[i] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
