/** A subscription of a stream: what it asked for and how far it has come. */
import type { Interval } from '../interval.ts';

/** Where a watcher's responses go. */
export interface WatcherSink {
  /** Whether another response may be queued. */
  readonly hasRoom: boolean;
  /** Queues whole revisions; the header carries `revision`. */
  sendEvents(watcher: Watcher, batch: { readonly events: readonly Uint8Array[]; readonly revision: number }): void;
  /** The watcher's start is compacted away: cancels it. */
  sendCompacted(watcher: Watcher, compactRevision: number): void;
}

export interface WatcherOptions {
  readonly id: number;
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
  /** While not synced: everything below has been sent. */
  nextRevision: number;
  /** No event went out since the last automatic progress answer. */
  isQuiet = true;

  constructor(options: WatcherOptions) {
    this.options = options;
    this.nextRevision = options.startRevision;
  }

  wants({ isTombstone }: { readonly isTombstone: boolean }): boolean {
    return isTombstone ? this.options.wantsDeletes : this.options.wantsPuts;
  }
}
