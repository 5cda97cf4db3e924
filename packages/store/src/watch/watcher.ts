/** A subscription of a stream: what it asked for and how far it has come. */
import type { Interval } from '../interval.ts';
import type { EventBatch } from './event-batch.ts';

/** Where a watcher's responses go. */
export interface WatcherSink {
  /** Whether another response may be queued. */
  readonly hasRoom: boolean;
  /** @param watchers of this sink, which all get the whole batch; few enough that their responses are some ten KiB, or one */
  sendEvents(watchers: readonly Watcher[], batch: EventBatch): void;
  /** The watcher's start is compacted away: cancels it. */
  sendCompacted(watcher: Watcher, compactRevision: number): void;
}

export interface WatcherOptions {
  readonly id: number;
  /** The id as the field of a response. Empty for 0: a default is not on the wire. */
  readonly idField: Uint8Array;
  readonly sink: WatcherSink;
  readonly interval: Interval;
  /** The first revision that is wanted. */
  readonly startRevision: number;
  /** Progress is answered from this revision on: the start that was asked for, 0 when it was left open. */
  readonly progressRevision: number;
  readonly wantsPuts: boolean;
  readonly wantsDeletes: boolean;
  readonly wantsPrevious: boolean;
  readonly wantsFragments: boolean;
  readonly wantsProgress: boolean;
}

export class Watcher {
  readonly options: WatcherOptions;
  /** Synced: it has been sent everything up to the store's revision, and is fed as entries are applied. */
  isSynced = false;
  /** While not synced: everything below has been sent. Once synced: the first revision that is wanted, or one below. */
  nextRevision: number;
  /** No event went out since the last automatic progress answer. */
  isQuiet = true;

  constructor(options: WatcherOptions) {
    this.options = options;
    this.nextRevision = options.startRevision;
  }
}
