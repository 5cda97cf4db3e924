/** The contract with the driver: inputs in, a `Ready` out. Synchronous; the same inputs give the same outputs, always. */
import type { ConfChange } from './conf-change.ts';
import type { Config, Entry, NodeId, SnapshotMeta } from './entry.ts';
import type { Message } from './message.ts';
import type { Ready, Role } from './ready.ts';

/** What became of a proposal or a read. `accepted` is no promise: it may still be lost with its leader. */
export type Acceptance = 'accepted' | 'noLeader' | 'dropped';

/**
 * What became of a conf change. `pending`: ask again when the one before is applied, or when a new leader has committed an
 * entry of its term. `dropped`: leadership is being handed over. `invalid`: `nextConfig` says why.
 */
export type ConfChangeAcceptance = 'accepted' | 'notLeader' | 'pending' | 'dropped' | 'invalid';

/** A leader's view of one member. */
export interface ProgressStatus {
  readonly match: number;
  readonly next: number;
  readonly state: 'probe' | 'replicate' | 'snapshot';
  readonly recentActive: boolean;
  readonly inflight: number;
}

export interface RaftStatus {
  readonly id: NodeId;
  readonly term: number;
  readonly vote: NodeId;
  readonly leader: NodeId;
  readonly role: Role;
  readonly commit: number;
  readonly applied: number;
  readonly lastIndex: number;
  /** The end of the unbroken durable log. */
  readonly syncedIndex: number;
  /** The compaction point; entries after it are in memory. */
  readonly compactedIndex: number;
  /** The member that leadership is being handed to, or `noNode`. */
  readonly transferee: NodeId;
  /** Every member as the leader sees it, itself included while it is one; empty on others. */
  readonly progress: ReadonlyMap<NodeId, ProgressStatus>;
  /** As of the last applied conf change. */
  readonly config: Config;
  /** A conf change is in the log and not applied. */
  readonly confChangePending: boolean;
}

export interface Raft {
  readonly id: NodeId;
  readonly term: number;
  readonly leader: NodeId;
  readonly role: Role;
  readonly commit: number;
  readonly lastIndex: number;
  /** The end of the unbroken durable log. A leader that cuts off what is behind it, or a snapshot, lowers it. */
  readonly syncedIndex: number;
  /** As of the last applied conf change. */
  readonly config: Config;
  /** One unit of time has passed. */
  tick(): void;
  /** A message for this member arrived. */
  step(message: Message): void;
  /** One append for all of `data`, each of at least one byte; on a follower, one forwarded message. */
  propose(data: readonly Uint8Array[]): Acceptance;
  /**
   * Appends a conf change to the leader's log; it is never forwarded. It takes effect at each member as that applies the
   * entry. @throws ConfChangeFormatError when it does not fit the format.
   */
  proposeConfChange(change: ConfChange): ConfChangeAcceptance;
  /** Asks from which index on a read is linearizable; answered by a `ReadState` with the same context, or never. Contexts must be unique across members and runs. */
  readIndex(context: string): Acceptance;
  /** Hands leadership to a voter; gives up after an election timeout. Meanwhile proposals are dropped. */
  transferLeadership(to: NodeId): 'accepted' | 'notLeader' | 'notVoter';
  /** Campaign now, with a pre-vote where that is on. Without effect on a leader, a non-voter, and a candidate whose own vote is not durable yet. */
  campaign(): void;
  /** The process of `leader` is seen to be dead: releases this member's own promise to it, and nothing else. */
  releaseLeader(leader: NodeId): void;
  /** Forgets the log up to `index`, which is applied and durable in the state machine. */
  compact(index: number): void;
  /** What a snapshot of the state at `index` says of itself, for an index between the compaction point and the last applied entry. */
  snapshotMeta(index: number): SnapshotMeta;
  /** What became of the snapshot sent to `id`: to be called once for each snapshot message. */
  reportSnapshot(id: NodeId, ok: boolean): void;
  /** Messages to `id` were lost. */
  reportUnreachable(id: NodeId): void;
  hasReady(): boolean;
  ready(): Ready | undefined;
  /** The write of this Ready is durable. */
  synced(ready: Ready): void;
  /** The state machine has applied everything up to `index`. */
  applied(index: number): void;
  /**
   * The state machine has applied everything up to this committed `confChange` entry: its change takes effect now. To be
   * called for each, in order, before `applied` goes past it. Returns the configuration that holds from this entry on; it
   * belongs to the state at this index. @throws ConfChangeFormatError for an entry of a newer version: the member must stop.
   */
  applyConfChange(entry: Entry): Config;
  /** As `applyConfChange`, but the state machine refuses the change, as all members must: nothing changes. */
  refuseConfChange(entry: Entry): Config;
  status(): RaftStatus;
}
