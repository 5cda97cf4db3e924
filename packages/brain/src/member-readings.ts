/** What a member's metrics say of its state: read when somebody asks, so that nothing is kept up for them. */
import { Counter, Gauge, type Registry } from '@flotilla/base/metrics';

/** The values at the moment they are read. */
export interface MemberReadings {
  readonly hasLeader: boolean;
  readonly isLeader: boolean;
  readonly isLearner: boolean;
  readonly leaderChanges: number;
  readonly proposalsPending: number;
  readonly proposalsCommitted: number;
  readonly proposalsApplied: number;
  readonly proposalsFailed: number;
  readonly slowReadRounds: number;
  readonly failedReadRounds: number;
  readonly installsSnapshot: boolean;
  readonly quotaBytes: number;
  readonly dbSizeBytes: number;
  readonly dbSizeInUseBytes: number;
  readonly currentRevision: number;
  readonly compactRevision: number;
  readonly authRevision: number;
  readonly keys: number;
  readonly ranges: number;
  readonly puts: number;
  readonly putBytes: number;
  readonly deletes: number;
  readonly txns: number;
  readonly compactedChanges: number;
  readonly watchStreams: number;
  readonly watchers: number;
  readonly slowWatchers: number;
  readonly sentEvents: number;
  readonly pendingEvents: number;
  readonly leases: number;
}

type Kind = 'counter' | 'gauge';

type Row = readonly [name: string, kind: Kind, help: string];

const gauge = (name: string, help: string): Row => [name, 'gauge', help];
const counter = (name: string, help: string): Row => [name, 'counter', help];

/** The kinds are etcd's, whatever one would expect of a name. */
const rows: Readonly<Record<keyof MemberReadings, readonly Row[]>> = {
  hasLeader: [gauge('etcd_server_has_leader', 'Whether or not a leader exists. 1 is existence, 0 is not.')],
  isLeader: [gauge('etcd_server_is_leader', 'Whether or not this member is a leader. 1 if is, 0 otherwise.')],
  isLearner: [gauge('etcd_server_is_learner', 'Whether or not this member is a learner. 1 if is, 0 otherwise.')],
  leaderChanges: [counter('etcd_server_leader_changes_seen_total', 'The number of leader changes seen.')],
  proposalsPending: [gauge('etcd_server_proposals_pending', 'The current number of pending proposals to commit.')],
  proposalsCommitted: [
    gauge('etcd_server_proposals_committed_total', 'The total number of consensus proposals committed.'),
  ],
  proposalsApplied: [gauge('etcd_server_proposals_applied_total', 'The total number of consensus proposals applied.')],
  proposalsFailed: [counter('etcd_server_proposals_failed_total', 'The total number of failed proposals seen.')],
  slowReadRounds: [
    counter('etcd_server_slow_read_indexes_total', 'Answers to ReadIndex rounds that came too late, or not in time.'),
  ],
  failedReadRounds: [
    counter('etcd_server_read_indexes_failed_total', 'ReadIndex rounds that a change of leader broke off.'),
  ],
  installsSnapshot: [
    gauge(
      'etcd_server_snapshot_apply_in_progress_total',
      '1 while a received snapshot becomes the state, 0 otherwise.',
    ),
  ],
  quotaBytes: [gauge('etcd_server_quota_backend_bytes', 'Current backend storage quota size in bytes.')],
  dbSizeBytes: [gauge('etcd_mvcc_db_total_size_in_bytes', 'Total size of the underlying database in bytes.')],
  dbSizeInUseBytes: [
    gauge('etcd_mvcc_db_total_size_in_use_in_bytes', 'Size of the underlying database in use, in bytes.'),
  ],
  currentRevision: [gauge('etcd_debugging_mvcc_current_revision', 'The current revision of the store.')],
  compactRevision: [gauge('etcd_debugging_mvcc_compact_revision', 'The revision of the last compaction in the store.')],
  authRevision: [gauge('etcd_debugging_auth_revision', 'The current revision of users, roles and permissions.')],
  keys: [gauge('etcd_debugging_mvcc_keys_total', 'Total number of keys.')],
  // etcd 3.4 has them under both names.
  ranges: underBothNames('range', 'Total number of ranges seen by this member.'),
  puts: underBothNames('put', 'Total number of puts seen by this member.'),
  deletes: underBothNames('delete', 'Total number of deletes seen by this member.'),
  txns: underBothNames('txn', 'Total number of txns seen by this member.'),
  putBytes: [
    gauge('etcd_debugging_mvcc_total_put_size_in_bytes', 'The total size of keys and values put by this member.'),
  ],
  compactedChanges: [
    counter('etcd_debugging_mvcc_db_compaction_keys_total', 'Total number of changes dropped by compactions.'),
  ],
  watchStreams: [gauge('etcd_debugging_mvcc_watch_stream_total', 'Total number of watch streams.')],
  watchers: [gauge('etcd_debugging_mvcc_watcher_total', 'Total number of watchers.')],
  slowWatchers: [gauge('etcd_debugging_mvcc_slow_watcher_total', 'Total number of watchers that are behind.')],
  sentEvents: [counter('etcd_debugging_mvcc_events_total', 'Total number of events sent by this member.')],
  pendingEvents: [gauge('etcd_debugging_mvcc_pending_events_total', 'Total number of events that wait for clients.')],
  leases: [gauge('etcd_debugging_lease_total', 'Total number of leases.')],
};

function underBothNames(operation: string, help: string): readonly Row[] {
  return [counter(`etcd_mvcc_${operation}_total`, help), counter(`etcd_debugging_mvcc_${operation}_total`, help)];
}

/** Puts all of them into a registry. */
export function addReadings(registry: Registry, read: () => MemberReadings): void {
  for (const [key, metrics] of Object.entries(rows)) {
    for (const row of metrics) addReading(registry, row, () => Number(read()[key as keyof MemberReadings]));
  }
}

function addReading(registry: Registry, [name, kind, help]: Row, read: () => number): void {
  const registers = [registry];
  if (kind === 'gauge') {
    const metric: Gauge = new Gauge({ name, help, registers, collect: () => metric.set(read()) });
    return;
  }
  const metric: Counter = new Counter({
    name,
    help,
    registers,
    collect() {
      metric.reset();
      metric.inc(read());
    },
  });
}
