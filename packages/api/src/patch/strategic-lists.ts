/** How strategic merge patch merges lists: of objects, told apart by a key, and of scalars, as sets. */
import { deepEqual } from '../object-rules.ts';
import { badRequest } from '../status.ts';
import { isJsonObject, type JsonObject } from './json-value.ts';

interface ObjectListPatch {
  readonly items: readonly unknown[];
  readonly mergeKey: string;
  /** The wished order, as objects that hold the merge key. */
  readonly order: readonly unknown[] | undefined;
  merge(old: JsonObject, change: JsonObject): JsonObject;
  fresh(item: JsonObject): JsonObject;
}

function keyOf(item: unknown, mergeKey: string): unknown {
  if (!isJsonObject(item) || item[mergeKey] === undefined) {
    throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
  }
  return item[mergeKey];
}

/** `{$patch: replace}` as an item of its own makes the other items the whole list. */
function replacement(items: readonly unknown[]): readonly unknown[] | undefined {
  const isMark = (item: unknown): boolean => isJsonObject(item) && item['$patch'] === 'replace';
  return items.some(isMark) ? items.filter((item) => !isMark(item)) : undefined;
}

export function mergeObjectLists(target: readonly unknown[], patch: ObjectListPatch): readonly unknown[] {
  const { items, mergeKey } = patch;
  const replaced = replacement(items);
  if (replaced !== undefined) return replaced;
  const merged = [...target];
  for (const item of items) {
    const key = keyOf(item, mergeKey);
    if (!isJsonObject(item)) continue;
    const at = merged.findIndex((old) => isJsonObject(old) && deepEqual(old[mergeKey], key));
    const old = merged[at];
    if (item['$patch'] === 'delete') {
      removeAll(merged, (other) => isJsonObject(other) && deepEqual(other[mergeKey], key));
    } else if (isJsonObject(old)) {
      merged[at] = patch.merge(old, item);
    } else {
      merged.push(patch.fresh(item));
    }
  }
  const order = patch.order?.map((item) => keyOf(item, mergeKey));
  return ordered(merged, { live: target, order, keyOf: (item) => (isJsonObject(item) ? item[mergeKey] : undefined) });
}

function removeAll(list: unknown[], matches: (item: unknown) => boolean): void {
  for (let index = list.length - 1; index >= 0; index--) if (matches(list[index])) list.splice(index, 1);
}

interface ScalarListPatch {
  readonly items: readonly unknown[];
  readonly deleted: readonly unknown[];
  readonly order: readonly unknown[] | undefined;
}

export function mergeScalarLists(
  target: readonly unknown[],
  { items, deleted, order }: ScalarListPatch,
): readonly unknown[] {
  const kept = target.filter((item) => !deleted.includes(item));
  const merged = [...new Set([...kept, ...items])];
  return ordered(merged, { live: target, order, keyOf: (item) => item });
}

interface Ordering {
  readonly live: readonly unknown[];
  readonly order: readonly unknown[] | undefined;
  keyOf(item: unknown): unknown;
}

/**
 * Items that the order names stand in that order. Items it does not know (someone else added them) keep their place relative to
 * the named items that stood before and after them in the live list: each goes before the first named item that followed it there.
 */
function ordered(items: readonly unknown[], { live, order, keyOf }: Ordering): readonly unknown[] {
  if (order === undefined) return items;
  const rank = (item: unknown): number => order.findIndex((key) => deepEqual(key, keyOf(item)));
  const named = items.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b));
  const others = items.filter((item) => rank(item) < 0);
  const livePosition = (item: unknown): number => live.findIndex((other) => deepEqual(keyOf(other), keyOf(item)));
  return merge(named, others, livePosition);
}

/** Merges two lists; one of `others` goes first only if it stood before the next of `named` in the live list. */
function merge(
  named: readonly unknown[],
  others: readonly unknown[],
  livePosition: (item: unknown) => number,
): readonly unknown[] {
  const result: unknown[] = [];
  let next = 0;
  for (const item of named) {
    const place = livePosition(item);
    while (next < others.length && place >= 0 && livePosition(others[next]) < place) result.push(others[next++]);
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}
