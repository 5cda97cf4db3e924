/** What callers give to and get from a watch. */
import type { KeyRange, KeyValue } from './kv-shapes.ts';

export interface WatchOptions extends KeyRange {
  /** The first revision to see; 0 or absent: everything after the watch was created. */
  readonly startRevision?: number;
  /** Deliver what a key held before each event. */
  readonly prevKv?: boolean;
  /** Ask for progress batches from time to time while nothing changes. */
  readonly progressNotify?: boolean;
  /** Leave out puts. */
  readonly noPut?: boolean;
  /** Leave out deletes. */
  readonly noDelete?: boolean;
  readonly signal?: AbortSignal;
}

export interface WatchEvent {
  readonly type: 'put' | 'delete';
  /** Of a delete only `key` and `modRevision` are set. */
  readonly kv: KeyValue;
  /** Present when asked for, the key existed before and that version is not compacted. */
  readonly prevKv: KeyValue | undefined;
}

/**
 * - `created`: the watch stands; it starts after `revision` when no start revision was given. Once, and first.
 * - `events`: changes in order of revision; a revision is never split over two batches, nor delivered twice.
 * - `progress`: every event up to `revision` has been delivered.
 */
export type WatchBatch =
  | { readonly type: 'created'; readonly revision: number }
  | { readonly type: 'events'; readonly revision: number; readonly events: readonly WatchEvent[] }
  | { readonly type: 'progress'; readonly revision: number };

/**
 * A watch that survives its connections: after a loss it goes on, perhaps on another member, at the revision
 * after the last one it delivered. Iterate it once; leaving the loop ends it, as does its signal.
 * The iteration throws `CompactedError` when the next revision is gone: list again.
 */
export interface Watch extends AsyncIterable<WatchBatch> {
  /**
   * Asks the server for a `progress` batch. A server that is still catching up drops the request, and a lost
   * connection loses it: ask again. Only meaningful on a server for which `ordersProgress` is true.
   */
  requestProgress(): void;
}
