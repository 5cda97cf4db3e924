/** What a member says of itself, to whoever embeds it and to its metrics. */
import type { Member } from './member/member.ts';
import type { MemberReadings } from './member-readings.ts';
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

export function readingsOf(member: Member): MemberReadings {
  const { settings, leadership, raft, machine, proposals, reads } = member;
  const { store, state, watchHub, counts } = machine;
  return {
    hasLeader: leadership.known,
    isLeader: leadership.leads,
    isLearner: isLearner({ machine, settings }),
    leaderChanges: leadership.changes,
    proposalsPending: proposals.pendingCount,
    proposalsCommitted: raft.commit,
    proposalsApplied: store.appliedIndex,
    proposalsFailed: proposals.failedCount,
    slowReadRounds: reads.slowRounds,
    failedReadRounds: reads.failedRounds,
    installsSnapshot: member.installsSnapshot,
    quotaBytes: settings.quotaBytes,
    dbSizeBytes: state.sizeBytes,
    dbSizeInUseBytes: state.sizeInUseBytes,
    currentRevision: store.revision,
    compactRevision: Math.max(0, store.compactRevision),
    authRevision: store.auth.revision,
    keys: store.keyCount,
    ranges: counts.ranges,
    puts: counts.puts,
    putBytes: counts.putBytes,
    deletes: counts.deletes,
    txns: counts.txns,
    compactedChanges: counts.compacted,
    watchStreams: watchHub.streamCount,
    watchers: watchHub.watcherCount,
    slowWatchers: watchHub.slowWatcherCount,
    sentEvents: watchHub.takenEvents - watchHub.pendingEvents,
    pendingEvents: watchHub.pendingEvents,
    leases: store.leases.size,
  };
}
