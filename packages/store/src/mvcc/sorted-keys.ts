/**
 * The ids of all keys in key order: a list of blocks of up to 512. An insert moves a few hundred numbers at most,
 * a search is two binary searches, and whole blocks are counted without a look at their keys.
 *
 * Invariants: no block is empty; `live` of a block is the number of its keys that are not deleted.
 */
import { assert } from '@flotilla/base';
import { compareBytes, noBytes } from '../bytes.ts';
import type { KeyId, KeyTable } from './key-table.ts';
import { type KeyList, KeyWords, wordOf } from './key-words.ts';

const blockCapacity = 512;
/** How full a block is built: room for keys to come. */
const builtCount = 384;

class Block implements KeyList {
  readonly ids = new Uint32Array(blockCapacity);
  readonly words = new KeyWords(blockCapacity);
  count = 0;
  live = 0;
  /** A copy of the first key: the search among blocks stays in few cache lines. */
  firstKey: Uint8Array = noBytes;
  readonly #table: KeyTable;

  constructor(table: KeyTable) {
    this.#table = table;
  }

  compareAt(position: number, key: Uint8Array): number {
    return this.#table.compareKey(this.ids[position] as KeyId, key);
  }

  keyAt(position: number): Uint8Array {
    return this.#table.key(this.ids[position] as KeyId);
  }

  wordAt(position: number, from: number): number {
    return this.#table.keyWord(this.ids[position] as KeyId, from);
  }

  /** How many of the block's keys are below `key`. */
  position(key: Uint8Array): number {
    return this.words.position(key, this, this.count);
  }

  insert(position: number, key: Uint8Array, id: KeyId): void {
    const { ids, words, count } = this;
    if (position < count) ids.copyWithin(position + 1, position, count);
    ids[position] = id;
    this.count++;
    if (position === 0) this.firstKey = Uint8Array.from(key);
    // A key between two others begins as they do; one at an end may not.
    const isBetween = position > 0 && position < count;
    if (isBetween || (count > 0 && words.accepts(key))) words.insert(position, key, count);
    else words.take(this, this.count);
  }

  remove(position: number): void {
    this.ids.copyWithin(position, position + 1, this.count);
    this.words.remove(position, this.count);
    this.count--;
    if (position === 0 && this.count > 0) this.firstKey = this.keyAt(0).slice();
  }

  /** Moves all after the first `kept` keys to a new block. */
  split(kept: number): Block {
    const right = new Block(this.#table);
    right.fill(this.ids.subarray(kept, this.count));
    right.words.takePart(this.words, kept, right, right.count);
    this.count = kept;
    this.live -= right.live;
    this.words.takePart(this.words, 0, this, kept);
    return right;
  }

  /** Makes it hold these keys; the words are still to be taken. */
  fill(ids: Uint32Array): void {
    this.ids.set(ids);
    this.count = ids.length;
    for (const id of ids) if (this.#table.isLive(id)) this.live++;
    this.firstKey = this.keyAt(0).slice();
  }
}

/** A place in the order. */
export interface Place {
  readonly block: number;
  readonly position: number;
}

export class SortedKeys implements KeyList {
  readonly #table: KeyTable;
  readonly #blocks: Block[] = [];
  /** Of the blocks' first keys. */
  readonly #firstWords = new KeyWords(64);
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

  /** Takes over all keys at once, sorted; there were none before. */
  build(ids: Uint32Array): void {
    assert(this.#count === 0, 'an order is built over another');
    for (let first = 0; first < ids.length; first += builtCount) {
      const block = new Block(this.#table);
      block.fill(ids.subarray(first, first + builtCount));
      block.words.take(block, block.count);
      this.#blocks.push(block);
      this.#live += block.live;
    }
    this.#count = ids.length;
    if (ids.length > 0) this.#firstWords.take(this, this.#blocks.length);
  }

  /** Inserts a key that is not there. */
  insert(key: Uint8Array, id: KeyId): void {
    let index = this.#blockOf(key);
    let block = this.#blocks[index];
    let position = block?.position(key) ?? 0;
    const isAtEnd = index === this.#blocks.length - 1 && position === blockCapacity;
    if (!block || isAtEnd) {
      // Keys that arrive in order leave full blocks behind.
      block = new Block(this.#table);
      index = this.#blocks.length;
      position = 0;
    } else if (block.count === blockCapacity) {
      const kept = blockCapacity / 2;
      const right = block.split(kept);
      this.#addBlock(index + 1, right);
      if (position > kept) {
        block = right;
        position -= kept;
      }
    }
    block.insert(position, key, id);
    if (index === this.#blocks.length) this.#addBlock(index, block);
    else if (position === 0) this.#firstKeyChanged(index);
    this.#count++;
    if (this.#table.isLive(id)) this.#addLive(block, 1);
  }

  /** Removes a key that is there and not live. */
  remove(key: Uint8Array): void {
    const index = this.#blockOf(key);
    const block = this.#blocks[index] as Block;
    const position = block.position(key);
    block.remove(position);
    this.#count--;
    if (block.count === 0) {
      this.#firstWords.remove(index, this.#blocks.length);
      this.#blocks.splice(index, 1);
    } else if (position === 0) {
      this.#firstKeyChanged(index);
    }
  }

  /** A key that is there was born again (1) or deleted (-1). */
  changeLiveness(key: Uint8Array, change: 1 | -1): void {
    this.#addLive(this.#blocks[this.#blockOf(key)] as Block, change);
  }

  /** Visits the ids of [start, end) in key order until `visit` returns false; returns where it stopped. */
  scan(start: Uint8Array, end: Uint8Array | undefined, visit: (id: KeyId) => boolean): Place | undefined {
    let { block: index, position } = this.place(start);
    const last = end === undefined ? undefined : this.place(end);
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
    const last = end === undefined ? { block: this.#blocks.length, position: 0 } : this.place(end);
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
    const index = this.#blockOf(key);
    return { block: index, position: this.#blocks[index]?.position(key) ?? 0 };
  }

  compareAt(block: number, key: Uint8Array): number {
    return compareBytes(this.keyAt(block), key);
  }

  keyAt(block: number): Uint8Array {
    return (this.#blocks[block] as Block).firstKey;
  }

  wordAt(block: number, from: number): number {
    const key = this.keyAt(block);
    return wordOf(key, from, key.length);
  }

  #addLive(block: Block, change: 1 | -1): void {
    block.live += change;
    this.#live += change;
    assert(block.live >= 0 && block.live <= block.count, 'a block counts more live keys than it has');
  }

  #addBlock(index: number, block: Block): void {
    const count = this.#blocks.length;
    this.#blocks.splice(index, 0, block);
    if (count > 0 && this.#firstWords.accepts(block.firstKey)) this.#firstWords.insert(index, block.firstKey, count);
    else this.#firstWords.take(this, count + 1);
  }

  #firstKeyChanged(index: number): void {
    const key = this.keyAt(index);
    if (this.#firstWords.accepts(key)) this.#firstWords.replace(index, key);
    else this.#firstWords.take(this, this.#blocks.length);
  }

  /** The last block whose first key is not above `key`, or the first of all. */
  #blockOf(key: Uint8Array): number {
    const count = this.#blocks.length;
    if (count === 0) return 0;
    const position = this.#firstWords.position(key, this, count);
    const isFirstKey = position < count && this.compareAt(position, key) === 0;
    return isFirstKey ? position : Math.max(0, position - 1);
  }
}
