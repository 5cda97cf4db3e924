/**
 * The state of the in-memory server: every change has a revision, the log of changes feeds the watches, and a prefix of the log
 * may be compacted.
 */
import { type KubeObject, expired, resourceVersionTooLarge } from '@flotilla/api';
import { type AsyncQueue, createAsyncQueue } from '@flotilla/base';

/** One change of one key; `object` is absent after a deletion. */
export interface Change {
  readonly revision: number;
  readonly collection: string;
  readonly key: string;
  readonly old: KubeObject | undefined;
  readonly object: KubeObject | undefined;
}

/** A change, or the word that nothing else happened up to a revision. */
export type HistoryEvent = Change | { readonly bookmark: number };

export interface History {
  readonly revision: number;
  get(collection: string, key: string): KubeObject | undefined;
  list(collection: string): readonly KubeObject[];
  /** Writes the object as it will be at the next revision, or deletes it. @returns the object as it was written. */
  put(collection: string, key: string, object: KubeObject | undefined): KubeObject | undefined;
  /** Lets a revision pass in which no object changed, as a change of something else would. */
  tick(): number;
  /** The changes of a collection after that revision, as they come. */
  follow(collection: string, after: number): AsyncQueue<HistoryEvent>;
  unfollow(queue: AsyncQueue<HistoryEvent>): void;
  /** Forgets the changes up to the current revision. */
  compact(): void;
  /** Ends all watches, as a restarted server does; with an error if one is given. */
  breakWatches(error?: Error): void;
  /** Tells all watches the current revision. */
  bookmark(): void;
  /** Holds back what watches of one collection are told, as a slow network does; lists and gets show it all the same. */
  holdWatches(collection: string): void;
  releaseWatches(): void;
}

export function createHistory(): History {
  const collections = new Map<string, Map<string, KubeObject>>();
  const log: Change[] = [];
  const followers = new Map<AsyncQueue<HistoryEvent>, { readonly collection: string; readonly after: number }>();
  let held: { readonly collection: string; readonly changes: Change[] } | undefined;
  let revision = 1;
  let compacted = 0;

  const collectionOf = (name: string): Map<string, KubeObject> => {
    const found = collections.get(name) ?? new Map<string, KubeObject>();
    collections.set(name, found);
    return found;
  };

  const deliver = (change: Change): void => {
    for (const [queue, { collection, after }] of followers) {
      if (collection === change.collection && after < change.revision) queue.push(change);
    }
  };

  return {
    get revision() {
      return revision;
    },
    get: (collection, key) => collectionOf(collection).get(key),
    list: (collection) =>
      [...collectionOf(collection).entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, o]) => o),
    put(collection, key, object) {
      revision++;
      const objects = collectionOf(collection);
      const old = objects.get(key);
      const written = object && versioned(object, revision);
      if (written) objects.set(key, written);
      else objects.delete(key);
      const change = { revision, collection, key, old, object: written };
      log.push(change);
      if (held?.collection === collection) held.changes.push(change);
      else deliver(change);
      return written;
    },
    tick: () => ++revision,
    follow(collection, after) {
      if (after < compacted) throw expired(`too old resource version: ${after} (${compacted})`);
      if (after > revision) throw resourceVersionTooLarge({ requested: after, current: revision });
      const queue = createAsyncQueue<HistoryEvent>(Infinity);
      const firstHeld = held?.changes[0]?.revision ?? Infinity;
      const isDue = (change: Change): boolean =>
        change.collection === collection &&
        change.revision > after &&
        (held?.collection !== collection || change.revision < firstHeld);
      for (const change of log) if (isDue(change)) queue.push(change);
      followers.set(queue, { collection, after });
      return queue;
    },
    unfollow: (queue) => void followers.delete(queue),
    compact() {
      compacted = revision;
      log.length = 0;
    },
    breakWatches(error) {
      for (const queue of followers.keys()) {
        if (error) queue.fail(error);
        else queue.end();
      }
      followers.clear();
    },
    bookmark() {
      for (const queue of followers.keys()) queue.push({ bookmark: revision });
    },
    holdWatches(collection) {
      held ??= { collection, changes: [] };
    },
    releaseWatches() {
      const released = held?.changes ?? [];
      held = undefined;
      for (const change of released) deliver(change);
    },
  };
}

export function versioned(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}
