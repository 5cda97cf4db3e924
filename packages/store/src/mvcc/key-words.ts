/**
 * Four bytes of each key of a sorted list, from where the keys differ on: a search looks at the keys themselves, which are
 * spread over memory, only where these bytes are equal.
 *
 * Invariant: all keys of the list begin with the same `prefixLength` bytes; a key that does not is told by
 * {@link accepts}, and then the words must be taken anew.
 *
 * Worked example. Of the keys /a/17, /a/21 and /a/21x the prefix is "/a/" and the words are "17\0\0", "21\0\0" and
 * "21x\0". A search for /a/20 finds its place by words alone; one for /a/21 also looks at the second key.
 */
import { commonLength, noBytes } from '../bytes.ts';

/** The list that the words belong to. */
export interface KeyList {
  /** Order of the key at a position and another. */
  compareAt(position: number, key: Uint8Array): number;
  /** The key at a position, for a moment. */
  keyAt(position: number): Uint8Array;
  /** Four bytes of the key at a position, as {@link wordOf} has them. */
  wordAt(position: number, from: number): number;
}

export class KeyWords {
  #words: Uint32Array;
  /** Begins with the prefix. */
  #sample: Uint8Array = noBytes;
  #prefixLength = 0;

  constructor(capacity: number) {
    this.#words = new Uint32Array(capacity);
  }

  /** Whether the key begins with the prefix. */
  accepts(key: Uint8Array): boolean {
    const length = this.#prefixLength;
    if (key.length < length) return false;
    for (let i = 0; i < length; i++) if (key[i] !== this.#sample[i]) return false;
    return true;
  }

  /** Makes room for a key of the list that is accepted, at its position; `count` is how many there were before. */
  insert(position: number, key: Uint8Array, count: number): void {
    if (count === this.#words.length) this.#grow();
    if (position < count) this.#words.copyWithin(position + 1, position, count);
    this.#words[position] = wordOf(key, this.#prefixLength, key.length);
  }

  /** The key at a position became another, which is accepted. */
  replace(position: number, key: Uint8Array): void {
    this.#words[position] = wordOf(key, this.#prefixLength, key.length);
  }

  remove(position: number, count: number): void {
    this.#words.copyWithin(position, position + 1, count);
  }

  /** Takes the words of a list anew. */
  take(list: KeyList, count: number): void {
    this.#sample = list.keyAt(0).slice();
    this.#prefixLength = commonLength(this.#sample, list.keyAt(count - 1));
    while (this.#words.length < count) this.#grow();
    for (let i = 0; i < count; i++) this.#words[i] = list.wordAt(i, this.#prefixLength);
  }

  /** Takes the words of another list's part from `first` on, and looks at the keys only when that tells them apart much better. */
  takePart(from: KeyWords, first: number, list: KeyList, count: number): void {
    const sample = list.keyAt(0).slice();
    if (commonLength(sample, list.keyAt(count - 1)) >= from.#prefixLength + worthwhileBytes)
      return this.take(list, count);
    this.#sample = sample;
    this.#prefixLength = from.#prefixLength;
    this.#words.set(from.#words.subarray(first, first + count));
  }

  /** How many of the list's keys are below `key`. */
  position(key: Uint8Array, list: KeyList, count: number): number {
    const prefixLength = this.#prefixLength;
    const sample = this.#sample;
    for (let i = 0; i < prefixLength; i++) {
      if (i >= key.length) return 0;
      const difference = (key[i] as number) - (sample[i] as number);
      if (difference !== 0) return difference < 0 ? 0 : count;
    }
    const words = this.#words;
    const word = wordOf(key, prefixLength, key.length);
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = words[middle] as number;
      if (found < word || (found === word && list.compareAt(middle, key) < 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const larger = new Uint32Array(this.#words.length * 2);
    larger.set(this.#words);
    this.#words = larger;
  }
}

/** How much longer the prefix of a part must be before its words are taken anew. */
const worthwhileBytes = 2;

/** Four bytes in byte order, 0 from `end` on: of two keys that are equal before, the smaller one has not the larger word. */
export function wordOf(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 <= end) {
    const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
    return (high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
  }
  let word = 0;
  for (let i = 0; i < 4; i++) word = word * 256 + (at + i < end ? (bytes[at + i] as number) : 0);
  return word;
}
