/**
 * Sorts ids by their keys, a million in a fraction of a second: three bytes of a key and its place make one number,
 * numbers are sorted natively, and ids whose three bytes are equal are sorted by what comes after them.
 */
import type { KeyId, KeyTable } from './key-table.ts';

const bytesPerRound = 3;
/** More places than ids fit into memory. With 257 values a byte (0: the key has ended) numbers stay safe integers. */
const placeCount = 2 ** 28;
const fewIds = 12;

/** @param from how many first bytes all the keys are known to share. */
export function sortByKey(table: KeyTable, ids: Uint32Array, from = 0): void {
  if (ids.length <= fewIds) return sortFew(table, ids);
  const depth = sharedLength(table, ids, from);
  const numbers = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i++) numbers[i] = threeBytes(table, ids[i] as KeyId, depth) * placeCount + i;
  numbers.sort();
  const unsorted = ids.slice();
  let runStart = 0;
  let runBytes = -1;
  for (let i = 0; i < ids.length; i++) {
    const bytes = Math.floor((numbers[i] as number) / placeCount);
    ids[i] = unsorted[(numbers[i] as number) - bytes * placeCount] as KeyId;
    if (bytes === runBytes) continue;
    if (i - runStart > 1) sortByKey(table, ids.subarray(runStart, i), depth + bytesPerRound);
    runStart = i;
    runBytes = bytes;
  }
  if (ids.length - runStart > 1) sortByKey(table, ids.subarray(runStart), depth + bytesPerRound);
}

/** By insertion. */
function sortFew(table: KeyTable, ids: Uint32Array): void {
  for (let i = 1; i < ids.length; i++) {
    const id = ids[i] as KeyId;
    const key = table.key(id);
    let at = i;
    for (; at > 0 && table.compareKey(ids[at - 1] as KeyId, key) > 0; at--) ids[at] = ids[at - 1] as KeyId;
    ids[at] = id;
  }
}

/** How many first bytes all the keys share. */
function sharedLength(table: KeyTable, ids: Uint32Array, from: number): number {
  const first = table.key(ids[0] as KeyId);
  let shared = first.length;
  for (const id of ids) {
    const memory = table.memoryOf(id);
    const start = table.keyStart(id);
    const end = Math.min(shared, table.keyLength(id));
    let length = from;
    while (length < end && memory[start + length] === first[length]) length++;
    shared = length;
  }
  return shared;
}

/** The bytes of a key from `from` on as one number in byte order, whose first digit is 0 where the key has ended. */
function threeBytes(table: KeyTable, id: KeyId, from: number): number {
  const memory = table.memoryOf(id);
  const start = table.keyStart(id);
  const end = start + table.keyLength(id);
  let number = 0;
  for (let at = start + from; at < start + from + bytesPerRound; at++) {
    number = number * 257 + (at < end ? (memory[at] as number) + 1 : 0);
  }
  return number;
}
