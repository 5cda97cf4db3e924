/** What a member is started with: its options, their defaults and limits, and what it remembers from before. */
import type { Config, Entry, HardState, NodeId, SnapshotMeta } from './entry.ts';

/** What survived a restart. Leave `snapshot` out, or give it index 0, when the log starts at entry 1. */
export interface InitialState {
  readonly hardState?: HardState;
  /** The compaction point: the entry before `entries[0]`. Its config wins over `RaftOptions.config` when its index is not 0. */
  readonly snapshot?: SnapshotMeta;
  /** The durable log after the compaction point, unbroken. Raft keeps them in memory until `compact`. */
  readonly entries?: readonly Entry[];
  /** The last entry that the state machine holds; at least the compaction point. */
  readonly applied?: number;
}

export interface RaftOptions {
  readonly id: NodeId;
  readonly config: Config;
  /** Ticks without a leader before a campaign; each wait is drawn from [this, twice this). More than `heartbeatTimeoutTicks`. */
  readonly electionTimeoutTicks: number;
  /** Ticks between heartbeats. Default 1. */
  readonly heartbeatTimeoutTicks?: number;
  /** Evenly distributed numbers in [0, 1); the only source of chance. */
  readonly random: () => number;
  /** Appends on their way to one follower. Default 256. */
  readonly maxInflightMessages?: number;
  /** Bytes of entries on their way to one follower. Default 64 MiB. */
  readonly maxInflightBytes?: number;
  /** Bytes of entries in one append; a single larger entry still travels. Default 1 MiB. */
  readonly maxMessageBytes?: number;
  /** Bytes of committed entries in one Ready; a single larger entry is still handed out. Default 16 MiB. */
  readonly maxCommittedBytes?: number;
  /** Bytes of uncommitted entries in a leader's log; proposals beyond are dropped. Default 64 MiB. */
  readonly maxUncommittedBytes?: number;
  /** Reads waiting for confirmation on a leader; more are dropped. Default 65,536. */
  readonly maxPendingReads?: number;
  /** Ask before raising the term. Default true. */
  readonly preVote?: boolean;
  /** A leader without a quorum steps down, and followers that hear a leader refuse votes. Default true. */
  readonly checkQuorum?: boolean;
  readonly initial?: InitialState;
}
