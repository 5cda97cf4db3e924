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
  /** The data of a `confChange` is what `encodeConfChange` makes; raft reads it when the driver applies the entry. */
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

/**
 * Who takes part; etcd's ConfState. In a joint configuration `votersOutgoing` holds the voters from before the change, and
 * a quorum needs a majority of each half. All lists are free of repetitions.
 */
export interface Config {
  readonly voters: readonly NodeId[];
  /** Empty outside a joint configuration. */
  readonly votersOutgoing: readonly NodeId[];
  /** They receive the log and have no vote. */
  readonly learners: readonly NodeId[];
  /** Outgoing voters that become learners when the joint configuration is left. Left out when there are none. */
  readonly learnersNext?: readonly NodeId[];
  /** The leader leaves the joint configuration by itself once it is applied. Left out when it does not. */
  readonly autoLeave?: boolean;
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
