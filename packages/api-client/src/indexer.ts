/**
 * The cache of an informer: objects by key, and keys by whatever the indexers compute. Single-threaded, no copies: what it gives
 * out is shared and never changed.
 *
 * Invariant: an object stands under exactly the index values that its indexers give for the version in `objects`.
 */
import type { KubeObject } from '@flotilla/api';
import { assert } from '@flotilla/base';
import { keyOf } from './keys.ts';

/** Index name → the values under which an object is found. */
export type Indexers<T extends KubeObject> = Readonly<Record<string, (object: T) => readonly string[]>>;

/** The index that every informer has. */
export const namespaceIndex = 'namespace';

export interface ReadonlyIndexer<T extends KubeObject> {
  readonly size: number;
  get(key: string): T | undefined;
  list(): readonly T[];
  /** The objects that stand under `value` in that index. */
  byIndex(index: string, value: string): readonly T[];
}

export interface Indexer<T extends KubeObject> extends ReadonlyIndexer<T> {
  /** @returns the version that was replaced, if any. */
  put(object: T): T | undefined;
  remove(key: string): T | undefined;
  keys(): readonly string[];
}

export function createIndexer<T extends KubeObject>(indexers: Indexers<T>): Indexer<T> {
  const objects = new Map<string, T>();
  const all: Indexers<T> = { [namespaceIndex]: ({ metadata }) => [metadata.namespace ?? ''], ...indexers };
  const indexes = new Map(
    Object.entries(all).map(([name, valuesOf]) => [name, { valuesOf, sets: new Map<string, Map<string, T>>() }]),
  );

  const unindex = (key: string, object: T): void => {
    for (const { valuesOf, sets } of indexes.values()) {
      for (const value of valuesOf(object)) {
        const set = sets.get(value);
        set?.delete(key);
        if (set?.size === 0) sets.delete(value);
      }
    }
  };
  const index = (key: string, object: T): void => {
    for (const { valuesOf, sets } of indexes.values()) {
      for (const value of valuesOf(object)) {
        const set = sets.get(value) ?? new Map<string, T>();
        set.set(key, object);
        sets.set(value, set);
      }
    }
  };

  return {
    get size() {
      return objects.size;
    },
    get: (key) => objects.get(key),
    list: () => [...objects.values()],
    keys: () => [...objects.keys()],
    byIndex(name, value) {
      const found = indexes.get(name);
      assert(found !== undefined, `there is no index "${name}"`);
      return [...(found.sets.get(value)?.values() ?? [])];
    },
    put(object) {
      const key = keyOf(object);
      const old = objects.get(key);
      if (old) unindex(key, old);
      objects.set(key, object);
      index(key, object);
      return old;
    },
    remove(key) {
      const old = objects.get(key);
      if (old) unindex(key, old);
      objects.delete(key);
      return old;
    },
  };
}
