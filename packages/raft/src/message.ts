/**
 * What members say to each other. Every message may be lost, delayed, repeated or overtaken; none may be altered.
 * The transport carries these objects as they are, and keeps `entries` and `data` arrays shared between messages.
 */
import type { Entry, EntryId, NodeId, SnapshotMeta } from './entry.ts';

interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  /** The sender's term; in a pre-vote and in its grant, the term that the sender would campaign in. */
  readonly term: number;
}

/** Leader to follower: `entries` follow (prevIndex, prevTerm). Messages of one batch to several followers share the array. */
export interface AppendMessage extends Envelope {
  readonly type: 'append';
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
}

/** Answer to an append or a snapshot. */
export interface AppendResponse extends Envelope {
  readonly type: 'appendResponse';
  /** Accepted: the log equals the leader's up to here, durably. Rejected: the `prevIndex` of the append. */
  readonly index: number;
  readonly rejected: boolean;
  /** Rejected: the logs cannot agree above this index … */
  readonly hintIndex: number;
  /** … where the follower holds this term. */
  readonly hintTerm: number;
}

/** Leader to all. `round` is the newest ReadIndex round opened before this heartbeat left. */
export interface HeartbeatMessage extends Envelope {
  readonly type: 'heartbeat';
  /** Never above what the receiver is known to hold. */
  readonly commit: number;
  readonly round: number;
}

export interface HeartbeatResponse extends Envelope {
  readonly type: 'heartbeatResponse';
  readonly round: number;
}

export interface VoteMessage extends Envelope {
  readonly type: 'vote' | 'preVote';
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The leader itself asked for this election: its followers need not wait for it to fall silent. */
  readonly transfer: boolean;
  /** The last entry that the sender knows to be committed, if any. Leave it on the wire. */
  readonly committed?: EntryId;
}

export interface VoteResponse extends Envelope {
  readonly type: 'voteResponse' | 'preVoteResponse';
  readonly granted: boolean;
  /** The last entry that the sender knows to be committed, if any. Leave it on the wire. */
  readonly committed?: EntryId;
}

/**
 * Leader to a follower whose next entry is compacted. The driver streams the state beside it and steps the message into
 * the receiver once the data is there. `snapshot` is the oldest state that helps; the driver may send a newer one in
 * its place (`Raft.snapshotMeta`).
 */
export interface SnapshotMessage extends Envelope {
  readonly type: 'snapshot';
  readonly snapshot: SnapshotMeta;
}

/** Leader to the member it hands leadership to: campaign at once. */
export interface TimeoutNowMessage extends Envelope {
  readonly type: 'timeoutNow';
}

/** Follower to leader: a forwarded read. */
export interface ReadIndexMessage extends Envelope {
  readonly type: 'readIndex';
  readonly context: string;
}

/** Leader to follower: whoever has applied `index` may serve the reads of `context`. */
export interface ReadIndexResponse extends Envelope {
  readonly type: 'readIndexResponse';
  readonly context: string;
  readonly index: number;
}

/**
 * Follower to leader: forwarded proposals, in one message that is never sent again. A leader appends them as often as they
 * arrive: who drives it knows them apart and steps each once.
 */
export interface ProposeMessage extends Envelope {
  readonly type: 'propose';
  readonly data: readonly Uint8Array[];
}

export type Message =
  | AppendMessage
  | AppendResponse
  | HeartbeatMessage
  | HeartbeatResponse
  | VoteMessage
  | VoteResponse
  | SnapshotMessage
  | TimeoutNowMessage
  | ReadIndexMessage
  | ReadIndexResponse
  | ProposeMessage;
