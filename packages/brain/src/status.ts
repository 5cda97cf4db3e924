/** What a member says of itself, to whoever embeds it and to its metrics. */
import type { Member } from './member/member.ts';
import type { MemberGauges } from './metrics.ts';
import { isLearner } from './services/learner-rules.ts';

/** What a member says of itself. */
export interface BrainStatus {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly name: string;
  /** 0n when none is known. */
  readonly leaderId: bigint;
  readonly isLeader: boolean;
  readonly term: number;
  readonly revision: number;
  readonly appliedIndex: number;
}

export function statusOf({ settings, leadership, raft, machine }: Member): BrainStatus {
  const { membership } = settings;
  return {
    clusterId: membership.clusterId,
    memberId: membership.self.id,
    name: settings.name,
    leaderId: leadership.leader,
    isLeader: leadership.leads,
    term: raft.term,
    revision: machine.store.revision,
    appliedIndex: machine.store.appliedIndex,
  };
}

export function gaugesOf({ settings, leadership, raft, machine, proposals }: Member): MemberGauges {
  const { store, state, watchHub } = machine;
  return {
    hasLeader: leadership.known,
    isLeader: leadership.leads,
    isLearner: isLearner({ machine, settings }),
    leaderChanges: leadership.changes,
    proposalsPending: proposals.pendingCount,
    proposalsCommitted: raft.commit,
    proposalsApplied: store.appliedIndex,
    proposalsFailed: proposals.failedCount,
    quotaBytes: settings.quotaBytes,
    dbSizeBytes: state.sizeBytes,
    dbSizeInUseBytes: state.sizeInUseBytes,
    currentRevision: store.revision,
    compactRevision: Math.max(0, store.compactRevision),
    watchStreams: watchHub.streamCount,
    watchers: watchHub.watcherCount,
    leases: store.leases.size,
  };
}
