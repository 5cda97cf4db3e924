/**
 * The units of the replicated log and what a member must remember across a restart.
 * Terms and indexes are safe integers, the first entry has index 1, and 0 means "none"; members are etcd's 64-bit ids.
 */

/** A member's id. `noNode` (0n) stands for "nobody". */
export type NodeId = bigint;

/** Nobody: no vote given, no leader known. */
export const noNode: NodeId = 0n;

/** One log record. A normal entry without data is the no-op that a new leader appends. */
export interface Entry {
  readonly term: number;
  readonly index: number;
  /** `confChange` is reserved for membership changes; nothing proposes one yet. */
  readonly type: 'normal' | 'confChange';
  readonly data: Uint8Array;
}

/** The position and term of an entry; together they identify it (log matching property). */
export interface EntryId {
  readonly term: number;
  readonly index: number;
}

/** What must be durable before messages that depend on it leave. `vote` is `noNode` when none was given in `term`. */
export interface HardState {
  readonly term: number;
  readonly vote: NodeId;
  /** Only a hint that saves work after a restart: losing its last value is harmless. */
  readonly commit: number;
}

/** Who takes part. `votersOutgoing` is empty outside a joint configuration. */
export interface Config {
  readonly voters: readonly NodeId[];
  readonly votersOutgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

/** What raft knows of a snapshot: the entry it ends with and the members there. The data travels out of band. */
export interface SnapshotMeta {
  readonly index: number;
  readonly term: number;
  readonly config: Config;
}

/** Bytes an entry counts against limits: its data and the order of magnitude of its header. */
export function entryBytes(entry: Entry): number {
  return entry.data.length + 16;
}
