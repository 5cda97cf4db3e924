/** A map that holds at most `capacity` entries: a new one pushes out the one that was not used for longest. */

export interface BoundedMap<K, V> {
  readonly size: number;
  get(key: K): V | undefined;
  set(key: K, value: V): void;
}

export function createBoundedMap<K, V>(capacity: number): BoundedMap<K, V> {
  // A Map iterates in the order of insertion, so the first key is the oldest.
  const entries = new Map<K, V>();
  return {
    get size() {
      return entries.size;
    },
    get(key) {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size <= capacity) return;
      const [oldest] = entries.keys();
      entries.delete(oldest as K);
    },
  };
}
