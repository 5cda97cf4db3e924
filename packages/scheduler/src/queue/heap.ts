/** A binary heap with removal by key. Invariant: no item sorts before its parent; `positions` says where each key lies. */

export interface Heap<T> {
  readonly size: number;
  peek(): T | undefined;
  /** Adds the item, or replaces the one with its key. */
  put(item: T): void;
  pop(): T | undefined;
  remove(key: string): T | undefined;
  get(key: string): T | undefined;
}

export function createHeap<T>(keyOf: (item: T) => string, compare: (a: T, b: T) => number): Heap<T> {
  const items: T[] = [];
  const positions = new Map<string, number>();

  const place = (item: T, position: number): void => {
    items[position] = item;
    positions.set(keyOf(item), position);
  };
  const up = (item: T, start: number): void => {
    let position = start;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = items[above] as T;
      if (compare(parent, item) <= 0) break;
      place(parent, position);
      position = above;
    }
    place(item, position);
  };
  const down = (item: T, start: number): void => {
    let position = start;
    for (;;) {
      let below = position * 2 + 1;
      if (below >= items.length) break;
      const right = below + 1;
      if (right < items.length && compare(items[right] as T, items[below] as T) < 0) below = right;
      const child = items[below] as T;
      if (compare(item, child) <= 0) break;
      place(child, position);
      position = below;
    }
    place(item, position);
  };
  const settle = (item: T, position: number): void => {
    up(item, position);
    if (positions.get(keyOf(item)) === position) down(item, position);
  };
  const remove = (key: string): T | undefined => {
    const position = positions.get(key);
    if (position === undefined) return undefined;
    const removed = items[position] as T;
    const last = items.pop() as T;
    positions.delete(key);
    if (position < items.length) settle(last, position);
    return removed;
  };

  return {
    get size() {
      return items.length;
    },
    peek: () => items[0],
    put(item) {
      const position = positions.get(keyOf(item)) ?? items.length;
      place(item, position);
      settle(item, position);
    },
    pop: () => (items.length === 0 ? undefined : remove(keyOf(items[0] as T))),
    remove,
    get(key) {
      const position = positions.get(key);
      return position === undefined ? undefined : items[position];
    },
  };
}
