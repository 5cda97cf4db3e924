/**
 * Watching, beside the store: follows what it applies and keeps every watcher of every stream fed.
 *
 * A watcher is synced or behind. Synced ones are fed at the end of each `apply`, in the same turn. One whose stream has
 * no room falls behind; those behind are taken through history in slices, as far as their streams have room, until
 * they have reached the store's revision. A slow stream therefore costs a bounded queue and holds up nobody.
 *
 * What a watcher is sent: every change of its interval from its start revision on, once, in order of revision and sub
 * revision, a revision whole in one response (unless it asked for fragments), or one answer that it was
 * cancelled because its next revision is compacted.
 */
import { type Clock, type Randomness, assert } from '@flotilla/base';
import { type AppliedBatch, StateMachine } from '../state-machine.ts';
import type { Store } from '../store.ts';
import { feedWatchers } from './event-feed.ts';
import { QueuedStream, type WatchStream, type WatchStreamOptions } from './watch-stream.ts';
import type { Watcher } from './watcher.ts';
import { WatcherIndex } from './watcher-index.ts';

export interface WatchHubOptions {
  readonly clock: Clock;
  /** Spreads the automatic progress answers. */
  readonly randomness: Randomness;
  /** Interval of the automatic progress answers; 10 minutes unless told. */
  readonly progressIntervalMs?: number;
  /** Bytes of events that may wait in one stream; 8 MiB and 4 KiB for each of its watchers unless told. */
  readonly maxQueuedBytes?: number;
  /** Runs a later slice of work after pending I/O was served; `setImmediate` unless told. */
  readonly defer?: (slice: () => void) => void;
  /** Told when history could not be read: the state is damaged and the member must stop. */
  readonly onFailure: (error: unknown) => void;
}

export interface WatchHub {
  openStream(options: WatchStreamOptions): WatchStream;
  readonly streamCount: number;
  readonly watcherCount: number;
  /** Of the watchers, those that lack changes which are applied already. */
  readonly slowWatcherCount: number;
  /** Events that the streams took so far, once for each watcher, and those of them that wait for their clients now. */
  readonly takenEvents: number;
  readonly pendingEvents: number;
  /** Goes on with the store of a received snapshot; watchers catch up in it, or learn that they cannot. */
  replaceStore(store: Store): void;
  /** Ends every stream, with the error if there is one, and every timer. */
  close(error?: Error): void;
}

const defaultProgressIntervalMs = 10 * 60 * 1000;
const watchersPerSlice = 512;
const pagesPerSlice = 32;

export function createWatchHub(store: Store, options: WatchHubOptions): WatchHub {
  return new Hub(machineOf(store), options);
}

function machineOf(store: Store): StateMachine {
  assert(store instanceof StateMachine, 'a watch hub needs a store of this package');
  return store;
}

class Hub implements WatchHub {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly progressIntervalMs: number;
  readonly maxQueuedBytes: number | undefined;
  readonly #defer: (slice: () => void) => void;
  readonly #onFailure: (error: unknown) => void;
  readonly #streams = new Set<QueuedStream>();
  readonly #synced = new WatcherIndex();
  readonly #behind = new Set<Watcher>();
  #machine: StateMachine;
  #unfollow: () => void;
  #takenEvents = 0;
  #isSliceDue = false;
  #isClosed = false;

  constructor(machine: StateMachine, options: WatchHubOptions) {
    this.clock = options.clock;
    this.randomness = options.randomness;
    this.progressIntervalMs = options.progressIntervalMs ?? defaultProgressIntervalMs;
    this.maxQueuedBytes = options.maxQueuedBytes;
    this.#defer = options.defer ?? ((slice) => void setImmediate(slice));
    this.#onFailure = options.onFailure;
    this.#machine = machine;
    this.#unfollow = machine.follow((batch) => this.#feedSynced(batch));
  }

  get revision(): number {
    return this.#machine.revision;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  get watcherCount(): number {
    let count = 0;
    for (const { watchers } of this.#streams) count += watchers.size;
    return count;
  }

  get slowWatcherCount(): number {
    return this.#behind.size;
  }

  get takenEvents(): number {
    return this.#takenEvents;
  }

  get pendingEvents(): number {
    let count = 0;
    for (const { pendingEvents } of this.#streams) count += pendingEvents;
    return count;
  }

  openStream(options: WatchStreamOptions): WatchStream {
    const stream = new QueuedStream(this, options);
    this.#streams.add(stream);
    if (this.#isClosed) stream.close();
    return stream;
  }

  replaceStore(store: Store): void {
    const sentTo = this.revision;
    this.#unfollow();
    this.#machine = machineOf(store);
    this.#unfollow = this.#machine.follow((batch) => this.#feedSynced(batch));
    for (const { watchers } of this.#streams) {
      for (const watcher of watchers.values()) {
        if (watcher.isSynced) this.#fallBehind(watcher, Math.max(watcher.options.startRevision, sentTo + 1));
      }
    }
    this.#scheduleSlice();
  }

  close(error?: Error): void {
    this.#isClosed = true;
    this.#unfollow();
    for (const stream of this.#streams) stream.close(error);
  }

  add(watcher: Watcher): void {
    if (watcher.options.startRevision > this.revision) {
      this.#sync(watcher);
    } else {
      this.#behind.add(watcher);
      this.#scheduleSlice();
    }
  }

  remove(watcher: Watcher): void {
    this.#behind.delete(watcher);
    if (watcher.isSynced) this.#synced.remove(watcher);
  }

  roomMade(): void {
    this.#scheduleSlice();
  }

  eventsTaken(count: number): void {
    this.#takenEvents += count;
  }

  closed(stream: QueuedStream): void {
    this.#streams.delete(stream);
  }

  #sync(watcher: Watcher): void {
    this.#behind.delete(watcher);
    watcher.isSynced = true;
    this.#synced.add(watcher);
  }

  #fallBehind(watcher: Watcher, nextRevision: number): void {
    if (watcher.isSynced) this.#synced.remove(watcher);
    watcher.isSynced = false;
    watcher.nextRevision = nextRevision;
    this.#behind.add(watcher);
  }

  #feedSynced({ revisionBefore, revision }: AppliedBatch): void {
    if (revision === revisionBefore || this.#synced.isEmpty) return;
    const late = feedWatchers(this.#synced, this.#machine, { from: revisionBefore + 1, to: revision });
    for (const [watcher, nextRevision] of late) this.#fallBehind(watcher, nextRevision);
  }

  #scheduleSlice(): void {
    if (this.#isSliceDue || this.#isClosed || this.#behind.size === 0) return;
    this.#isSliceDue = true;
    this.#defer(() => {
      this.#isSliceDue = false;
      try {
        if (!this.#isClosed && this.#catchUp()) this.#scheduleSlice();
      } catch (error) {
        this.#onFailure(error);
      }
    });
  }

  /** Takes some of those behind a bounded way through history; whether it is worth going on at once. */
  #catchUp(): boolean {
    const chosen = this.#chooseBehind();
    if (chosen.length === 0) return false;
    const { history } = this.#machine.keyspace;
    const from = Math.min(...chosen.map((watcher) => watcher.nextRevision));
    const lastPage = history.page(history.pageIndexFrom(from) + pagesPerSlice);
    const to = Math.min(this.revision, lastPage?.lastMain ?? Infinity);

    const index = new WatcherIndex();
    for (const watcher of chosen) index.add(watcher);
    const late = feedWatchers(index, this.#machine, { from, to, headerRevision: this.revision });
    for (const watcher of chosen) {
      watcher.nextRevision = late.get(watcher) ?? Math.max(watcher.nextRevision, to + 1);
      if (watcher.nextRevision > this.revision) this.#sync(watcher);
    }
    return true;
  }

  /** Those behind whose streams have room; the ones whose next revision is gone are told so. */
  #chooseBehind(): Watcher[] {
    const { compactRevision } = this.#machine;
    const chosen: Watcher[] = [];
    for (const watcher of this.#behind) {
      const { sink } = watcher.options;
      if (watcher.nextRevision < compactRevision) {
        this.#behind.delete(watcher);
        sink.sendCompacted(watcher, compactRevision);
      } else if (sink.hasRoom && chosen.push(watcher) === watchersPerSlice) {
        break;
      }
    }
    return chosen;
  }
}
