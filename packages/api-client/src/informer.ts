/**
 * An informer: a local cache of a collection, kept by a reflector, with handlers that are told of each change after the cache
 * shows it.
 *
 * What it promises:
 * - The states of one object that the cache shows are a subsequence of the states that it had, in order; the last one is never
 *   missed for good.
 * - Handlers run synchronously, in the order of the changes. A handler added later first gets `added` for all that is there.
 * - A deletion that was not seen happening (found by a relist) is told with `finalStateUnknown`: the object is then the last
 *   state that was known. A name that came back with another uid is a deletion and an addition.
 * What it does not promise: an order across kinds, or that every intermediate state is seen.
 *
 * A handler must not throw and must not change an object; it puts a key on a queue and returns.
 */
import type { KubeObject } from '@flotilla/api';
import {
  type Clock,
  type Logger,
  type Randomness,
  type TaskGroup,
  silentLogger,
  systemClock,
  systemRandomness,
} from '@flotilla/base';
import type { ApiClient, InNamespace, ResourceType } from './client.ts';
import { type Indexers, type ReadonlyIndexer, createIndexer } from './indexer.ts';
import { keyOf, revisionOf } from './keys.ts';
import { createReflector } from './reflector.ts';
import type { ObjectList, Selectors, WatchEvent } from './transport.ts';

export interface ChangeHandlers<T extends KubeObject> {
  added?(object: T): void;
  updated?(old: T, object: T): void;
  /** `finalStateUnknown`: the deletion was noticed late, and the object is older than its end. */
  deleted?(object: T, options: { readonly finalStateUnknown: boolean }): void;
}

export interface InformerOptions<T extends KubeObject> extends Selectors, InNamespace {
  readonly indexers?: Indexers<T> | undefined;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly logger?: Logger;
}

export interface Informer<T extends KubeObject> extends ReadonlyIndexer<T> {
  readonly type: ResourceType<T>;
  /** Begins to list and watch, as a task of the group. Once only. */
  start(group: TaskGroup): void;
  /** Whether the first list has been delivered. */
  hasSynced(): boolean;
  /** Resolves when `hasSynced`; rejects when the signal is aborted first. */
  waitForSync(signal: AbortSignal): Promise<void>;
  /** The store revision that the cache has reached; 0 before the first list. */
  readonly revision: number;
  /** Resolves once the cache shows everything up to that store revision, listing anew if the watch lags behind it. */
  waitForRevision(revision: number, signal: AbortSignal): Promise<void>;
  /** @returns what takes the handlers away again. */
  onChange(handlers: ChangeHandlers<T>): () => void;
}

export function createInformer<T extends KubeObject>(
  client: ApiClient,
  type: ResourceType<T>,
  options: InformerOptions<T> = {},
): Informer<T> {
  const {
    clock = systemClock,
    randomness = systemRandomness,
    logger = silentLogger,
    indexers = {},
    ...scope
  } = options;
  const cache = createIndexer(indexers);
  const handlers = new Set<ChangeHandlers<T>>();
  const waiters = new Set<() => void>();
  let synced = false;
  let revision = 0;

  const put = (object: T): void => {
    const before = cache.get(keyOf(object));
    if (before && before.metadata.uid !== object.metadata.uid) remove(before, { finalStateUnknown: true });
    const old = cache.put(object);
    if (old?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    for (const handler of handlers) {
      if (old) handler.updated?.(old, object);
      else handler.added?.(object);
    }
  };
  const remove = (object: T, how: { readonly finalStateUnknown: boolean }): void => {
    if (!cache.remove(keyOf(object))) return;
    for (const handler of handlers) handler.deleted?.(object, how);
  };
  const reached = (resourceVersion: string | undefined): void => {
    revision = revisionOf(resourceVersion);
    for (const wake of waiters) wake();
  };

  const replace = ({ items, resourceVersion }: ObjectList<T>): void => {
    const listed = new Set(items.map(keyOf));
    for (const object of cache.list()) {
      if (!listed.has(keyOf(object))) remove(object, { finalStateUnknown: true });
    }
    for (const object of items) put(object);
    synced = true;
    reached(resourceVersion);
  };
  const apply = ({ type: change, object }: WatchEvent<T>): void => {
    switch (change) {
      case 'ADDED':
      case 'MODIFIED':
        put(object);
        break;
      case 'DELETED':
        remove(object, { finalStateUnknown: false });
        break;
      case 'BOOKMARK':
        break;
    }
    reached(object.metadata.resourceVersion);
  };

  const reflector = createReflector({
    ...scope,
    resource: client.resource(type),
    sink: { replace, apply },
    clock,
    randomness,
    logger,
  });

  const until = (condition: () => boolean, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        waiters.delete(check);
        signal.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        leave();
        reject(new Error(`waiting for the cache of ${type.plural} was given up`, { cause: signal.reason }));
      };
      const check = (): void => {
        if (!condition()) return;
        leave();
        resolve();
      };
      if (signal.aborted) return abort();
      waiters.add(check);
      signal.addEventListener('abort', abort, { once: true });
      check();
    });

  return {
    type,
    get size() {
      return cache.size;
    },
    get: (key) => cache.get(key),
    list: () => cache.list(),
    byIndex: (index, value) => cache.byIndex(index, value),
    start: (group) => group.run(`informer of ${type.plural}`, (signal) => reflector.run(signal)),
    hasSynced: () => synced,
    waitForSync: (signal) => until(() => synced, signal),
    get revision() {
      return revision;
    },
    async waitForRevision(wanted, signal) {
      if (revision < wanted) reflector.relist();
      await until(() => synced && revision >= wanted, signal);
    },
    onChange(added) {
      handlers.add(added);
      for (const object of cache.list()) added.added?.(object);
      return () => handlers.delete(added);
    },
  };
}
