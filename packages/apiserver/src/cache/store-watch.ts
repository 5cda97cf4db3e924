/**
 * The one watch on the store, over all its keys. Every change of any key passes here, in order of revision, so the
 * position of the watch is the store's own revision: whoever read a revision from the store and waits until the watch
 * has reached it has seen everything up to it. No progress request is needed, and no version of etcd has to be trusted
 * to answer one in order.
 *
 * Invariant: `revision` rises only after all changes up to it were handed to their subscribers, in the same turn.
 */
import { type Logger, assert } from '@flotilla/base';
import { type EtcdClient, CompactedError, type KeyValue, type WatchBatch, allKeys } from '@flotilla/etcd-client';

/** One change of a key. */
export interface StoreChange {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly revision: number;
  /** The new version of a put; a delete's has only key and revision. */
  readonly kv: KeyValue;
}

export interface Subscriber {
  /** Changes below the subscriber's prefix, in order. Called synchronously; must not throw. */
  onChanges(changes: readonly StoreChange[]): void;
  /** Changes were missed (the store compacted them while it could not be reached): load everything anew. */
  onLost(): void;
}

export interface StoreWatch {
  /** Everything up to this revision was handed out. */
  readonly revision: number;
  /** Hands out the changes below `prefix` until the returned function is called. */
  subscribe(prefix: string, subscriber: Subscriber): () => void;
  /** Resolves true once `revision` is reached, false when the signal is aborted first. */
  reached(revision: number, signal: AbortSignal): Promise<boolean>;
  /** Resolves when the watch stands for the first time. */
  readonly standing: Promise<void>;
}

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
}

/** Runs until the signal is aborted. @returns the watch, and the loop that feeds it. */
export function createStoreWatch(
  client: EtcdClient,
  logger: Logger,
): StoreWatch & { run(signal: AbortSignal): Promise<void> } {
  const subscriptions = new Map<string, Set<Subscriber>>();
  const waiters = new Set<Waiter>();
  let revision = 0;
  let announceStanding: () => void = () => undefined;
  const standing = new Promise<void>((resolve) => {
    announceStanding = resolve;
  });

  const advance = (to: number): void => {
    if (to <= revision) return;
    revision = to;
    for (const waiter of waiters) if (waiter.revision <= revision) waiter.resolve();
  };

  const handOut = (batch: Extract<WatchBatch, { type: 'events' }>): void => {
    const bySubscriber = new Map<Subscriber, StoreChange[]>();
    let last = 0;
    for (const { type, kv } of batch.events) {
      const change: StoreChange = { type, key: Buffer.from(kv.key).toString(), revision: kv.modRevision, kv };
      last = Math.max(last, change.revision);
      for (const subscriber of subscribersOf(subscriptions, change.key)) {
        const changes = bySubscriber.get(subscriber);
        if (changes) changes.push(change);
        else bySubscriber.set(subscriber, [change]);
      }
    }
    for (const [subscriber, changes] of bySubscriber) subscriber.onChanges(changes);
    advance(last);
  };

  const take = (batch: WatchBatch, missed: boolean): void => {
    switch (batch.type) {
      case 'created':
        // With a start revision nothing is known yet of what lies between it and the store's revision.
        if (revision === 0 || missed) advance(batch.revision);
        if (missed) for (const set of subscriptions.values()) for (const subscriber of set) subscriber.onLost();
        announceStanding();
        return;
      case 'events':
        return handOut(batch);
      case 'progress':
        // Early versions of etcd report progress ahead of events; every revision comes with an event here anyway.
        return;
    }
  };

  return {
    get revision() {
      return revision;
    },
    standing,
    subscribe(prefix, subscriber) {
      assert(prefix.endsWith('/'), 'a subscription covers whole path segments');
      const set = subscriptions.get(prefix) ?? new Set();
      subscriptions.set(prefix, set.add(subscriber));
      return () => {
        set.delete(subscriber);
        if (set.size === 0) subscriptions.delete(prefix);
      };
    },
    reached(wanted, signal) {
      if (revision >= wanted) return Promise.resolve(true);
      if (signal.aborted) return Promise.resolve(false);
      return new Promise((resolve) => {
        const finish = (reached: boolean): void => {
          waiters.delete(waiter);
          signal.removeEventListener('abort', abandon);
          resolve(reached);
        };
        const abandon = (): void => finish(false);
        const waiter: Waiter = { revision: wanted, resolve: () => finish(true) };
        waiters.add(waiter);
        signal.addEventListener('abort', abandon, { once: true });
      });
    },
    async run(signal) {
      let missed = false;
      while (!signal.aborted) {
        const startRevision = revision === 0 || missed ? 0 : revision + 1;
        try {
          for await (const batch of client.watch({ ...allKeys, startRevision, signal })) {
            take(batch, missed);
            missed = false;
          }
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof CompactedError)) throw error;
          logger.warn('the store compacted changes that this server had not seen; all caches load anew', { revision });
          missed = true;
        }
      }
    },
  };
}

/** The subscribers of all prefixes of a key: prefixes end in a slash, so each slash is looked up once. */
function subscribersOf(subscriptions: ReadonlyMap<string, ReadonlySet<Subscriber>>, key: string): Subscriber[] {
  const found: Subscriber[] = [];
  for (let slash = key.indexOf('/', 1); slash >= 0; slash = key.indexOf('/', slash + 1)) {
    const set = subscriptions.get(key.slice(0, slash + 1));
    if (set) found.push(...set);
  }
  return found;
}
