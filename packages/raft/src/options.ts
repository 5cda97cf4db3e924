/** What a member is started with: its options, their defaults and limits, and what it remembers from before. */
import type { Config, Entry, HardState, NodeId, SnapshotMeta } from './entry.ts';
import { noNode } from './entry.ts';
import { invariant } from './invariant.ts';
import { RaftLog } from './log.ts';
import type { Limits, Member } from './member.ts';
import { becomeFollower } from './member.ts';
import { configAtStart } from './membership.ts';

/** What survived a restart. Leave `snapshot` out, or give it index 0, when the log starts at entry 1. */
export interface InitialState {
  readonly hardState?: HardState;
  /** The compaction point: the entry before `entries[0]`. Its config wins over `RaftOptions.config` when its index is not 0. */
  readonly snapshot?: SnapshotMeta;
  /** The durable log after the compaction point, unbroken. Raft keeps them in memory until `compact`. */
  readonly entries?: readonly Entry[];
  /** The last entry that the state machine holds; at least the compaction point. */
  readonly applied?: number;
  /** The configuration after entry `applied`, as `applyConfChange` returned it. Needed when a conf change up to there is in `entries`. */
  readonly config?: Config;
}

export interface RaftOptions {
  readonly id: NodeId;
  /** The configuration that the cluster began with; without members for one that joins a running cluster. */
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

const mebibyte = 1024 * 1024;

/** A follower of nobody, as its last run left it. */
export function newMember(options: RaftOptions): Member {
  const { hardState, snapshot, entries = [], applied = 0 } = options.initial ?? {};
  const compacted = { index: snapshot?.index ?? 0, term: snapshot?.term ?? 0 };
  const committed = hardState?.commit ?? 0;
  const log = new RaftLog({ compacted, entries, committed, applied: Math.max(applied, compacted.index) });
  log.commitTo(log.provenCommit);
  const config = configAtStart(log, {
    compacted: snapshot !== undefined && snapshot.index > 0 ? snapshot.config : options.config,
    current: options.initial?.config,
  });
  const member: Member = {
    id: options.id,
    limits: limitsOf(options),
    random: options.random,
    log,
    config: config.config,
    configs: [config],
    term: hardState?.term ?? 0,
    vote: hardState?.vote ?? noNode,
    leader: noNode,
    role: 'follower',
    electionElapsed: 0,
    electionTimeout: 0,
    heartbeatElapsed: 0,
    votes: new Map(),
    progress: new Map(),
    voterProgress: { voters: [], votersOutgoing: [] },
    uncommittedBytes: 0,
    transferee: noNode,
    campaignOwed: false,
    waitingReads: [],
    readRounds: [],
    pendingReads: 0,
    round: 0,
    installing: undefined,
    messages: [],
    held: [],
    readStates: [],
  };
  invariant(member.id !== noNode, 'a member needs an id other than 0');
  invariant(member.log.lastTerm <= member.term, `the log ends in term ${member.log.lastTerm}, after the hard state's`);
  becomeFollower(member, { term: member.term, leader: noNode });
  return member;
}

function limitsOf(options: RaftOptions): Limits {
  const limits: Limits = {
    electionTimeoutTicks: options.electionTimeoutTicks,
    heartbeatTimeoutTicks: options.heartbeatTimeoutTicks ?? 1,
    maxInflightMessages: options.maxInflightMessages ?? 256,
    maxInflightBytes: options.maxInflightBytes ?? 64 * mebibyte,
    maxMessageBytes: options.maxMessageBytes ?? mebibyte,
    maxCommittedBytes: options.maxCommittedBytes ?? 16 * mebibyte,
    maxUncommittedBytes: options.maxUncommittedBytes ?? 64 * mebibyte,
    maxPendingReads: options.maxPendingReads ?? 65_536,
    preVote: options.preVote ?? true,
    checkQuorum: options.checkQuorum ?? true,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (typeof value === 'boolean') continue;
    invariant(Number.isSafeInteger(value) && value > 0, `${name} must be a positive integer, not ${value}`);
  }
  invariant(
    limits.heartbeatTimeoutTicks < limits.electionTimeoutTicks,
    'heartbeatTimeoutTicks must be below electionTimeoutTicks',
  );
  return limits;
}
