/**
 * The ids of all keys in key order: a list of blocks of up to 512. An insert moves a few hundred numbers at most,
 * a search is two binary searches, and whole blocks are counted without a look at their keys.
 *
 * The keys of a block begin alike. The four bytes after that are kept beside the ids, so that a search inside a block
 * looks at the keys themselves, which are spread over memory, only where those bytes are equal.
 *
 * Invariants: no block is empty; `live` of a block is the number of its keys that are not deleted; all its keys begin with
 * the first `prefixLength` bytes of `firstKey`, and `words` are theirs from there on.
 */
import { assert } from '@flotilla/base';
import { compareBytes, noBytes } from '../bytes.ts';
import { type KeyId, type KeyTable, wordOf } from './key-table.ts';

const blockCapacity = 512;
/** How full a block is built: room for keys to come. */
const builtCount = 384;

class Block {
  readonly ids = new Uint32Array(blockCapacity);
  readonly words = new Uint32Array(blockCapacity);
  count = 0;
  live = 0;
  /** A copy of the first key: the search among blocks stays in few cache lines. */
  firstKey: Uint8Array = noBytes;
  prefixLength = 0;
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

  /** Takes over all keys at once, sorted; there were none before. */
  build(ids: Uint32Array): void {
    assert(this.#count === 0, 'an order is built over another');
    for (let first = 0; first < ids.length; first += builtCount) {
      const block = new Block();
      const part = ids.subarray(first, first + builtCount);
      block.ids.set(part);
      block.count = part.length;
      for (const id of part) if (this.#table.isLive(id)) block.live++;
      this.#indexWords(block);
      this.#blocks.push(block);
      this.#live += block.live;
    }
    this.#count = ids.length;
  }

  /** Inserts a key that is not there. */
  insert(key: Uint8Array, id: KeyId): void {
    if (this.#blocks.length === 0) this.#blocks.push(new Block());
    let index = this.#blockOf(key);
    let block = this.#blocks[index] as Block;
    let position = this.#positionIn(block, key);
    if (block.count === blockCapacity) {
      if (position === blockCapacity && index === this.#blocks.length - 1) {
        // Keys that arrive in order leave full blocks behind.
        this.#blocks.push(new Block());
        index++;
        position = 0;
      } else {
        this.#split(index);
        if (position > blockCapacity / 2) {
          index++;
          position -= blockCapacity / 2;
        }
      }
      block = this.#blocks[index] as Block;
    }
    this.#insertInto(block, { key, id, position });
    this.#count++;
    if (this.#table.isLive(id)) this.#addLive(block, 1);
  }

  /** Removes a key that is there and not live. */
  remove(key: Uint8Array): void {
    const index = this.#blockOf(key);
    const block = this.#blocks[index] as Block;
    const position = this.#positionIn(block, key);
    block.ids.copyWithin(position, position + 1, block.count);
    block.words.copyWithin(position, position + 1, block.count);
    block.count--;
    this.#count--;
    if (block.count === 0) this.#blocks.splice(index, 1);
    else if (position === 0) block.firstKey = this.#table.key(block.ids[0] as number).slice();
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
    const block = this.#blocks[index];
    return { block: index, position: block ? this.#positionIn(block, key) : 0 };
  }

  #insertInto(block: Block, { key, id, position }: { key: Uint8Array; id: KeyId; position: number }): void {
    const { ids, words, count } = block;
    if (position < count) {
      ids.copyWithin(position + 1, position, count);
      words.copyWithin(position + 1, position, count);
    }
    ids[position] = id;
    words[position] = wordOf(key, block.prefixLength, key.length);
    block.count++;
    // A key between two others begins as they do; one at an end may not.
    if (position > 0 && (position < count || beginsWith(key, block))) return;
    this.#indexWords(block);
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
    left.count = kept;
    left.live -= right.live;
    this.#indexWords(left);
    this.#indexWords(right);
    this.#blocks.splice(index + 1, 0, right);
  }

  /** Finds out how far the keys of a block are alike, and takes their words from there. */
  #indexWords(block: Block): void {
    const table = this.#table;
    const { ids, words, count } = block;
    block.firstKey = table.key(ids[0] as number).slice();
    block.prefixLength = commonLength(block.firstKey, table.key(ids[count - 1] as number));
    for (let i = 0; i < count; i++) words[i] = table.keyWord(ids[i] as number, block.prefixLength);
  }

  /** The last block whose first key is not above `key`, or the first of all. */
  #blockOf(key: Uint8Array): number {
    const blocks = this.#blocks;
    const last = blocks.length - 1;
    if (last < 1 || compareBytes((blocks[last] as Block).firstKey, key) <= 0) return Math.max(0, last);
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes((blocks[middle] as Block).firstKey, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** How many of a block's keys are below `key`. */
  #positionIn(block: Block, key: Uint8Array): number {
    const { ids, words, firstKey, prefixLength } = block;
    for (let i = 0; i < prefixLength; i++) {
      if (i >= key.length) return 0;
      const difference = (key[i] as number) - (firstKey[i] as number);
      if (difference !== 0) return difference < 0 ? 0 : block.count;
    }
    const word = wordOf(key, prefixLength, key.length);
    let low = 0;
    let high = block.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = words[middle] as number;
      const isBelow = found < word || (found === word && this.#table.compareKey(ids[middle] as number, key) < 0);
      if (isBelow) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function beginsWith(key: Uint8Array, { firstKey, prefixLength }: Block): boolean {
  if (key.length < prefixLength) return false;
  for (let i = 0; i < prefixLength; i++) if (key[i] !== firstKey[i]) return false;
  return true;
}

function commonLength(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  let length = 0;
  while (length < shorter && a[length] === b[length]) length++;
  return length;
}
