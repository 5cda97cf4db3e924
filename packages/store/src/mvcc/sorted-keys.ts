/**
 * The ids of all keys in key order: a list of blocks of up to 512. An insert moves a few hundred numbers at most,
 * a search is two binary searches, and whole blocks are counted without a look at their keys.
 *
 * Invariants: no block is empty; `live` of a block is the number of its keys that are not deleted.
 */
import { assert } from '@flotilla/base';
import { compareBytes, noBytes } from '../bytes.ts';
import type { KeyId, KeyTable } from './key-table.ts';

const blockCapacity = 512;

class Block {
  readonly ids = new Uint32Array(blockCapacity);
  count = 0;
  live = 0;
  /** A copy of the first key: the search among blocks stays in few cache lines. */
  firstKey: Uint8Array = noBytes;
}

/** A place in the order. */
export interface Place {
  readonly block: number;
  readonly position: number;
}

export class SortedKeys {
  readonly #table: KeyTable;
  readonly #blocks: Block[] = [];
  #count = 0;
  #live = 0;
  constructor(table: KeyTable) {
    this.#table = table;
  }

  get count(): number {
    return this.#count;
  }

  get liveCount(): number {
    return this.#live;
  }

  /** Inserts a key that is not there. */
  insert(key: Uint8Array, id: KeyId): void {
    if (this.#blocks.length === 0) this.#blocks.push(new Block());
    let { block: index, position } = this.#lowerBound(key);
    if ((this.#blocks[index] as Block).count === blockCapacity) {
      this.#split(index);
      if (position > blockCapacity / 2) {
        index++;
        position -= blockCapacity / 2;
      }
    }
    const block = this.#blocks[index] as Block;
    block.ids.copyWithin(position + 1, position, block.count);
    block.ids[position] = id;
    block.count++;
    if (position === 0) block.firstKey = Uint8Array.from(key);
    this.#count++;
    if (this.#table.isLive(id)) this.#addLive(block, 1);
  }

  /** Removes a key that is there and not live. */
  remove(key: Uint8Array): void {
    const { block: index, position } = this.#lowerBound(key);
    const block = this.#blocks[index] as Block;
    block.ids.copyWithin(position, position + 1, block.count);
    block.count--;
    this.#count--;
    if (block.count === 0) this.#blocks.splice(index, 1);
    else if (position === 0) block.firstKey = this.#table.key(block.ids[0] as number).slice();
  }

  /** A key that is there was born again (1) or deleted (-1). */
  changeLiveness(key: Uint8Array, change: 1 | -1): void {
    this.#addLive(this.#blocks[this.#lowerBound(key).block] as Block, change);
  }

  /** Visits the ids of [start, end) in key order until `visit` returns false; returns where it stopped. */
  scan(start: Uint8Array, end: Uint8Array | undefined, visit: (id: KeyId) => boolean): Place | undefined {
    let { block: index, position } = this.#lowerBound(start);
    const last = end === undefined ? undefined : this.#lowerBound(end);
    for (; index < this.#blocks.length; index++, position = 0) {
      const block = this.#blocks[index] as Block;
      if (last !== undefined && index > last.block) return undefined;
      const stop = last?.block === index ? last.position : block.count;
      for (; position < stop; position++) {
        if (!visit(block.ids[position] as number)) return { block: index, position };
      }
    }
    return undefined;
  }

  /** Live keys from a place to the end of the interval. */
  countLive(from: Place, end: Uint8Array | undefined): number {
    const last = end === undefined ? { block: this.#blocks.length, position: 0 } : this.#lowerBound(end);
    let live = 0;
    for (let index = from.block; index <= last.block && index < this.#blocks.length; index++) {
      const block = this.#blocks[index] as Block;
      const start = index === from.block ? from.position : 0;
      const stop = index === last.block ? last.position : block.count;
      if (start === 0 && stop === block.count) live += block.live;
      else for (let i = start; i < stop; i++) if (this.#table.isLive(block.ids[i] as number)) live++;
    }
    return live;
  }

  /** The place of the first key that is not below `key`. */
  place(key: Uint8Array): Place {
    return this.#lowerBound(key);
  }

  #addLive(block: Block, change: 1 | -1): void {
    block.live += change;
    this.#live += change;
    assert(block.live >= 0 && block.live <= block.count, 'a block counts more live keys than it has');
  }

  /** Halves a full block. */
  #split(index: number): void {
    const left = this.#blocks[index] as Block;
    const right = new Block();
    const kept = blockCapacity / 2;
    right.ids.set(left.ids.subarray(kept, left.count));
    right.count = left.count - kept;
    for (let i = 0; i < right.count; i++) if (this.#table.isLive(right.ids[i] as number)) right.live++;
    right.firstKey = this.#table.key(right.ids[0] as number).slice();
    left.count = kept;
    left.live -= right.live;
    this.#blocks.splice(index + 1, 0, right);
  }

  #lowerBound(key: Uint8Array): Place {
    const blocks = this.#blocks;
    // The last block whose first key is not above `key`.
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes((blocks[middle] as Block).firstKey, key) <= 0) low = middle + 1;
      else high = middle;
    }
    const index = Math.max(0, low - 1);
    const block = blocks[index];
    if (!block) return { block: 0, position: 0 };
    low = 0;
    high = block.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#table.compareKey(block.ids[middle] as number, key) < 0) low = middle + 1;
      else high = middle;
    }
    return { block: index, position: low };
  }
}
