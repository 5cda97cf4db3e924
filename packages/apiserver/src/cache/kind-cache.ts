/**
 * The watch cache of one kind: its present objects, in the store's order, and the window of its recent events. It loads
 * when it is first used and follows the store watch from then on.
 *
 * Loading meets the watch like this. The subscription comes first, so every change after it is either in the list that is
 * read next (its revision is not above the list's) or waits in `pending`:
 *
 *     subscribed at 10, list read at 14, changes 12, 13, 15 arrive meanwhile
 *     -> the list holds 12 and 13; they are dropped; 15 is applied on top
 *
 * Invariants: `objects` is the store's state of the prefix at `revision`; the window holds every event after its start.
 */
import { type Logger, messageOf } from '@flotilla/base';
import type { Kind } from '@flotilla/api';
import { type EtcdClient, prefixRange } from '@flotilla/etcd-client';
import { CacheEvent, type Selects, type WatchItem } from './cache-event.ts';
import { type EventWindow, createEventWindow } from './event-window.ts';
import { insertKey, keysBelow, removeKey } from './sorted-keys.ts';
import type { StoreChange, StoreWatch, Subscriber } from './store-watch.ts';
import { type Version, decodeStored, versionOf } from './version.ts';
import { type Bookmark, Watcher } from './watcher.ts';

export interface KindCacheOptions {
  readonly kind: Kind;
  readonly client: EtcdClient;
  readonly storeWatch: StoreWatch;
  readonly logger: Logger;
  /** The most events kept for watches that start in the past. */
  readonly windowCapacity: number;
  /** The most events that wait for one watcher. */
  readonly watcherCapacity: number;
}

export interface WatchStart {
  /** Keys that the watcher may see begin with this. */
  readonly prefix: string;
  readonly selects: Selects;
  /** Start after this revision, from the window; absent: with the present state. */
  readonly after?: number;
  /** After the present state, a bookmark that says so. */
  readonly markInitialEnd?: boolean;
}

const loadPageLimit = 1_000;

export class KindCache implements Subscriber {
  readonly #options: KindCacheOptions;
  readonly #watchers = new Set<Watcher>();
  #objects = new Map<string, Version>();
  #keys: string[] = [];
  #window: EventWindow = createEventWindow(1, 0);
  #loadRevision = 0;
  /** Changes that arrive while the list is read; undefined once it is there. */
  #pending: StoreChange[] | undefined;
  #loading: Promise<void> | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: KindCacheOptions) {
    this.#options = options;
  }

  /** Loads on the first call; every later one waits for a load that is under way. */
  async ready(): Promise<void> {
    this.#unsubscribe ??= this.#options.storeWatch.subscribe(this.#options.kind.storagePrefix, this);
    if (this.#loadRevision === 0 || this.#pending) this.#loading ??= this.#load();
    await this.#loading;
  }

  /** Whether reads can be answered without waiting. */
  get isReady(): boolean {
    return this.#loadRevision > 0 && !this.#pending;
  }

  /** The store's revision that the present state is of. */
  get revision(): number {
    return Math.max(this.#loadRevision, this.#options.storeWatch.revision);
  }

  /** Watches may start at this revision or later. */
  get windowStart(): number {
    return this.#window.start;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Resolves true once the state is at `revision` or later, false when the signal is aborted first. */
  async reached(revision: number, signal: AbortSignal): Promise<boolean> {
    await this.ready();
    if (this.revision >= revision) return true;
    return this.#options.storeWatch.reached(revision, signal);
  }

  get(key: string): Version | undefined {
    return this.#objects.get(key);
  }

  /** The present versions below a prefix that are selected, in the store's order. */
  list(prefix: string, selects: Selects): Version[] {
    const versions: Version[] = [];
    for (const key of keysBelow(this.#keys, prefix)) {
      const version = this.#objects.get(key);
      if (version && selects(version)) versions.push(version);
    }
    return versions;
  }

  /** The caller has checked that `after` lies in the window. */
  watch(start: WatchStart): Watcher {
    const { prefix, after } = start;
    const selects: Selects = (version) => version.key.startsWith(prefix) && start.selects(version);
    const watcher = new Watcher({
      selects,
      after: Math.max(after ?? 0, this.revision),
      initial: after === undefined ? this.#present(start) : this.#since(after, selects),
      capacity: this.#options.watcherCapacity,
      onEnd: (ended) => this.#watchers.delete(ended),
    });
    this.#watchers.add(watcher);
    return watcher;
  }

  onChanges(changes: readonly StoreChange[]): void {
    if (this.#pending) this.#pending.push(...changes);
    else for (const change of changes) this.#apply(change);
  }

  onLost(): void {
    this.#endWatchers();
    this.#pending = [];
    // Whoever reads waits for it; a failure is theirs to see, and the next reader tries again.
    this.#loading = undefined;
    this.ready().catch((error: unknown) => {
      this.#options.logger.warn('a cache could not be loaded', {
        resource: this.#options.kind.plural,
        error: messageOf(error),
      });
    });
  }

  /** Ends all watchers; the cache is not used any more. */
  close(): void {
    this.#unsubscribe?.();
    this.#endWatchers();
  }

  #endWatchers(): void {
    for (const watcher of this.#watchers) watcher.end();
  }

  #present({ prefix, selects, markInitialEnd }: WatchStart): (WatchItem | Bookmark)[] {
    const items: (WatchItem | Bookmark)[] = this.list(prefix, selects).map((version) => ({ type: 'ADDED', version }));
    if (markInitialEnd === true) items.push({ type: 'BOOKMARK', revision: this.revision, initialEventsEnd: true });
    return items;
  }

  #since(revision: number, selects: Selects): WatchItem[] {
    return this.#window.after(revision).flatMap((event) => event.seenBy(selects) ?? []);
  }

  async #load(): Promise<void> {
    this.#pending ??= [];
    try {
      // Changes between a list and a later start of the watch would be seen by neither.
      await this.#options.storeWatch.standing;
      const { objects, revision } = await this.#read();
      this.#objects = objects;
      this.#keys = [...objects.keys()];
      this.#window = createEventWindow(this.#options.windowCapacity, revision);
      this.#loadRevision = revision;
      const pending = this.#pending;
      this.#pending = undefined;
      for (const change of pending) this.#apply(change);
    } finally {
      this.#loading = undefined;
    }
  }

  async #read(): Promise<{ objects: Map<string, Version>; revision: number }> {
    const { client, kind } = this.#options;
    const { rangeEnd } = prefixRange(kind.storagePrefix);
    const objects = new Map<string, Version>();
    let revision = 0;
    let key = kind.storagePrefix;
    for (;;) {
      const page = await client.kv.range({ key, ...(rangeEnd && { rangeEnd }), limit: loadPageLimit, revision });
      if (revision === 0) revision = page.header.revision;
      for (const kv of page.kvs) {
        const version = this.#decode(kv.key, kv.value, kv.modRevision);
        if (version) objects.set(version.key, version);
      }
      const last = page.kvs.at(-1);
      if (!page.more || !last) return { objects, revision };
      key = `${Buffer.from(last.key).toString()}\0`;
    }
  }

  #decode(keyBytes: Uint8Array, value: Uint8Array, revision: number): Version | undefined {
    const key = Buffer.from(keyBytes).toString();
    try {
      return versionOf(this.#options.kind, key, decodeStored(value), revision);
    } catch (error) {
      // A value that another writer left there in another format: it is no object to us, and must not hide the others.
      this.#options.logger.error('a stored value is not readable', { key, revision, error: messageOf(error) });
      return undefined;
    }
  }

  #apply({ type, key, revision, kv }: StoreChange): void {
    if (revision <= this.#loadRevision) return;
    const previous = this.#objects.get(key);
    const current = type === 'put' ? this.#decode(kv.key, kv.value, revision) : undefined;
    if (!previous && !current) return;
    if (current) {
      if (!previous) insertKey(this.#keys, key);
      this.#objects.set(key, current);
    } else {
      this.#objects.delete(key);
      removeKey(this.#keys, key);
    }
    const event = new CacheEvent(revision, previous, current);
    this.#window.push(event);
    for (const watcher of this.#watchers) watcher.offer(event);
  }
}
