/**
 * What raft wants done. A `Ready` is handed out once and does not come back; the driver owes raft two acknowledgements:
 * `synced(ready)` for each Ready with `mustSync`, and `applied(index)` as committed entries are applied.
 *
 * At most one write is outstanding: from a Ready with `mustSync` until its `synced`, further Readies bring messages,
 * committed entries and read states, but nothing to write. What arrives meanwhile forms the next batch.
 */
import type { Entry, HardState, NodeId, SnapshotMeta } from './entry.ts';
import type { Message } from './message.ts';

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';

/** Volatile: who leads, and what this member is. `leader` is `noNode` when unknown. */
export interface SoftState {
  readonly leader: NodeId;
  readonly role: Role;
}

/** A read that may be served by whoever has applied `index`. */
export interface ReadState {
  readonly context: string;
  readonly index: number;
}

export interface Ready {
  /** Install this state (its data was received with the snapshot message) and restart the log behind it, before `entries`. */
  readonly snapshot: SnapshotMeta | undefined;
  /** Append these to the log; everything from `entries[0].index` on that stands there already is cut off first. */
  readonly entries: readonly Entry[];
  /** Write this with the entries. Comes alone without `mustSync` when only the commit index moved: it may then be written lazily, or not at all. */
  readonly hardState: HardState | undefined;
  /** Snapshot, entries or a new term or vote are to be made durable, then acknowledged with `synced(ready)`. */
  readonly mustSync: boolean;
  /** May leave at once, in parallel with the write. */
  readonly messages: readonly Message[];
  /** May leave only when the write of this Ready is durable: votes and acknowledgements. Empty without `mustSync`. */
  readonly messagesAfterSync: readonly Message[];
  /** Apply these in order. They may be newer than what this member has synced: a quorum has. */
  readonly committed: readonly Entry[];
  readonly readStates: readonly ReadState[];
  /** Set when leader or role changed. */
  readonly softState: SoftState | undefined;
}
