/**
 * The whole mutable state of one member. The algorithm is plain functions over it, a file a subject; only
 * `raft-member.ts` shows it to the outside, one input at a time.
 */
import type { Config, NodeId, SnapshotMeta } from './entry.ts';
import { noNode } from './entry.ts';
import { Inflights } from './inflights.ts';
import type { RaftLog } from './log.ts';
import type { Message } from './message.ts';
import { Progress } from './progress.ts';
import { type Halves, members, voteResult } from './quorum.ts';
import type { ReadState, Role } from './ready.ts';

/** The options with their defaults filled in. */
export interface Limits {
  readonly electionTimeoutTicks: number;
  readonly heartbeatTimeoutTicks: number;
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  readonly maxMessageBytes: number;
  readonly maxCommittedBytes: number;
  readonly maxUncommittedBytes: number;
  readonly maxPendingReads: number;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
}

/** A read and who asked for it. */
export interface PendingRead {
  readonly context: string;
  readonly from: NodeId;
}

/** Reads that one round of heartbeats confirms, and the commit index when that round left. */
export interface ReadRound {
  readonly round: number;
  readonly index: number;
  readonly reads: readonly PendingRead[];
}

/** The configuration from the conf change at `index` on, or from where this member knows it. */
export interface ConfigSince {
  readonly index: number;
  readonly config: Config;
}

export interface Member {
  readonly id: NodeId;
  readonly limits: Limits;
  readonly random: () => number;
  readonly log: RaftLog;
  /** As of the last applied conf change: the last of `configs`. */
  config: Config;
  /** Where it came from, oldest first, back to the one at the compaction point if that is known. Never empty. */
  configs: ConfigSince[];

  /** Never regresses. */
  term: number;
  /** Who got this member's vote in `term`. Invariant: set at most once a term. */
  vote: NodeId;
  /** Who leads `term`, as far as known and not released. */
  leader: NodeId;
  role: Role;

  /** Ticks since the leader was heard, a vote was given or a campaign began; on a leader, since it last checked its quorum. */
  electionElapsed: number;
  /** Drawn from [t, 2t) at each change of role, so that members rarely campaign together. */
  electionTimeout: number;
  heartbeatElapsed: number;

  /** Answers to this member's campaign, its own included once that counts. */
  readonly votes: Map<NodeId, boolean>;
  /** The leader's view of all members, itself included; empty on others. */
  readonly progress: Map<NodeId, Progress>;
  /** Those of `progress` that have a vote, for counting. */
  voterProgress: Halves<Progress>;
  /** Bytes of the leader's entries above the commit index. */
  uncommittedBytes: number;
  /** Whom leadership is being handed to. */
  transferee: NodeId;
  /** On a follower: its leader wants it to campaign, and it has a committed conf change to apply first. */
  campaignOwed: boolean;

  /** Reads that arrived since the last round opened. */
  waitingReads: PendingRead[];
  /** Rounds not confirmed yet, oldest first. */
  readRounds: ReadRound[];
  /** Reads that wait, and those in rounds. */
  pendingReads: number;
  /** The newest round of this leadership. */
  round: number;

  /** A received snapshot whose installation is not durable yet. */
  installing: SnapshotMeta | undefined;

  /** Messages that may leave at once. */
  messages: Message[];
  /** Messages of this term that may leave once all of this member's state is durable. */
  held: Message[];
  readStates: ReadState[];
}

const noVoters: Halves<Progress> = { voters: [], votersOutgoing: [] };

/** Back to a blank role: nothing campaigned for, nothing led. A new term forgets vote and messages of the old one. */
export function resetRole(member: Member, { term }: { term: number }): void {
  if (term !== member.term) {
    member.term = term;
    member.vote = noNode;
    // An acknowledgement must not outlive its term: what it confirms may be cut off before the next write.
    member.held = [];
  }
  member.leader = noNode;
  member.transferee = noNode;
  member.campaignOwed = false;
  member.electionElapsed = 0;
  member.heartbeatElapsed = 0;
  member.electionTimeout = drawElectionTimeout(member);
  member.votes.clear();
  member.progress.clear();
  member.voterProgress = noVoters;
  member.uncommittedBytes = 0;
  member.waitingReads = [];
  member.readRounds = [];
  member.pendingReads = 0;
  member.round = 0;
}

export function becomeFollower(member: Member, { term, leader }: { term: number; leader: NodeId }): void {
  resetRole(member, { term });
  member.role = 'follower';
  member.leader = leader;
}

/** The last conf change that has taken effect, or where the first known configuration begins. */
export function configIndex({ configs }: Pick<Member, 'configs'>): number {
  return (configs.at(-1) as ConfigSince).index;
}

/** A fresh view of a member that may hold everything before `next`, or nothing. */
function newProgress(member: Member, { next }: { next: number }): Progress {
  const { maxInflightMessages, maxInflightBytes } = member.limits;
  return new Progress({
    next,
    inflights: new Inflights({ maxMessages: maxInflightMessages, maxBytes: maxInflightBytes }),
  });
}

/** On a leader: has a view of each member of the configuration, and of nobody else. */
export function trackMembers(member: Member, { recentActive }: { recentActive: boolean }): void {
  const { config, log, progress } = member;
  const ids = members(config);
  for (const id of progress.keys()) if (!ids.includes(id)) progress.delete(id);
  for (const id of ids) {
    if (progress.has(id)) continue;
    const peer = newProgress(member, { next: log.lastIndex + 1 });
    peer.recentActive = recentActive;
    progress.set(id, peer);
  }
  const progressOf = (id: NodeId): Progress => progress.get(id) as Progress;
  const { voters, votersOutgoing } = config;
  member.voterProgress = { voters: voters.map(progressOf), votersOutgoing: votersOutgoing.map(progressOf) };
}

/** On a leader: a quorum was heard since the last check. */
export function quorumActive(member: Member): boolean {
  return voteResult(member.config, (id) => member.progress.get(id)?.recentActive ?? false) === 'won';
}

function drawElectionTimeout({ limits, random }: Member): number {
  return limits.electionTimeoutTicks + Math.floor(random() * limits.electionTimeoutTicks);
}
