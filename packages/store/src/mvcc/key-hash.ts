/**
 * Finds the row of a key without a search: a table of (hash, id) with linear probing, eight bytes a slot, at most half
 * full. Which slot a key has is no part of the state: nothing that is applied depends on it.
 *
 * Invariant: no free slot lies between a key's home slot and the slot it is in, so a removal moves the run after it.
 */
import type { KeyId, KeyTable } from './key-table.ts';
import { wordOf } from './key-words.ts';

const initialSlots = 2048;

/** A slot is two words: id + 1 (0: free) and the key's hash. */
const wordsPerSlot = 2;

export class KeyHash {
  readonly #table: KeyTable;
  #slots = new Uint32Array(initialSlots * wordsPerSlot);
  #mask = initialSlots - 1;
  #count = 0;

  constructor(table: KeyTable) {
    this.#table = table;
  }

  find(key: Uint8Array): KeyId | undefined {
    const slot = this.#slotOf(key, hashOf(key));
    const id = this.#slots[slot * wordsPerSlot] as number;
    return id === 0 ? undefined : id - 1;
  }

  /** Adds a key that is not there. */
  add(key: Uint8Array, id: KeyId): void {
    if (++this.#count * 2 > this.#mask + 1) this.#grow();
    const hash = hashOf(key);
    this.#fill(this.#slotOf(key, hash), { id, hash });
  }

  /** Removes a key that is there, while its row still is. */
  remove(key: Uint8Array): void {
    this.#count--;
    const slots = this.#slots;
    let hole = this.#slotOf(key, hashOf(key));
    slots[hole * wordsPerSlot] = 0;
    for (let slot = (hole + 1) & this.#mask; slots[slot * wordsPerSlot] !== 0; slot = (slot + 1) & this.#mask) {
      const hash = slots[slot * wordsPerSlot + 1] as number;
      // It may move back to the hole unless its home lies after the hole.
      if (((slot - hash) & this.#mask) < ((slot - hole) & this.#mask)) continue;
      this.#fill(hole, { id: (slots[slot * wordsPerSlot] as number) - 1, hash });
      slots[slot * wordsPerSlot] = 0;
      hole = slot;
    }
  }

  /** Where the key is, or the free slot where it would go. */
  #slotOf(key: Uint8Array, hash: number): number {
    const slots = this.#slots;
    let slot = hash & this.#mask;
    for (;;) {
      const id = slots[slot * wordsPerSlot] as number;
      if (id === 0) return slot;
      if (slots[slot * wordsPerSlot + 1] === hash && this.#table.compareKey(id - 1, key) === 0) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #fill(slot: number, { id, hash }: { readonly id: KeyId; readonly hash: number }): void {
    this.#slots[slot * wordsPerSlot] = id + 1;
    this.#slots[slot * wordsPerSlot + 1] = hash;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.#mask = this.#mask * 2 + 1;
    for (let i = 0; i < old.length; i += wordsPerSlot) {
      if (old[i] === 0) continue;
      const hash = old[i + 1] as number;
      let slot = hash & this.#mask;
      while (this.#slots[slot * wordsPerSlot] !== 0) slot = (slot + 1) & this.#mask;
      this.#fill(slot, { id: (old[i] as number) - 1, hash });
    }
  }
}

/** Four bytes a step, then the bits are spread, because the low ones choose the slot. */
function hashOf(key: Uint8Array): number {
  let hash = key.length;
  for (let at = 0; at < key.length; at += 4) {
    hash = Math.imul(hash ^ wordOf(key, at, key.length), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0x85ebca6b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
