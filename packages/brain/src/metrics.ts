/** A member's metrics, under etcd's names, in a registry of its own. Gauges are read when somebody asks. */
import { Gauge, Histogram, Registry } from '@flotilla/base/metrics';
import { clusterLevel, serverVersion } from './version.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { type Tally, TalliedCounter } from './tallied-counter.ts';

/** What gauges show at the moment they are read. */
export interface MemberGauges {
  readonly hasLeader: boolean;
  readonly isLeader: boolean;
  readonly isLearner: boolean;
  readonly leaderChanges: number;
  readonly proposalsPending: number;
  readonly proposalsCommitted: number;
  readonly proposalsApplied: number;
  readonly proposalsFailed: number;
  readonly quotaBytes: number;
  readonly dbSizeBytes: number;
  readonly dbSizeInUseBytes: number;
  readonly currentRevision: number;
  readonly compactRevision: number;
  readonly watchStreams: number;
  readonly watchers: number;
  readonly leases: number;
}

export interface BrainMetrics {
  readonly registry: Registry;
  readonly walSyncSeconds: Histogram;
  readonly stateWriteSeconds: Histogram;
  readonly peerSentBytes: TalliedCounter<'To'>;
  readonly peerReceivedBytes: TalliedCounter<'From'>;
  readonly peerSendFailures: TalliedCounter<'To'>;
  readonly peerRoundTripSeconds: Histogram<'To'>;
  readonly learnerPromotions: Tally;
  readonly failedLearnerPromotions: TalliedCounter<'Reason'>;
  readonly clientSentBytes: Tally;
  readonly clientReceivedBytes: Tally;
  readonly grpcStarted: TalliedCounter<GrpcLabel>;
  readonly grpcHandled: TalliedCounter<GrpcLabel | 'grpc_code'>;
  /** Absent unless metrics are extensive. */
  readonly grpcHandlingSeconds: Histogram<GrpcLabel> | undefined;
  /** Says where the gauges are read from. */
  observe(read: () => MemberGauges): void;
  /** Says whose metrics these are. */
  identify(memberId: bigint): void;
}

export type GrpcLabel = 'grpc_method' | 'grpc_service' | 'grpc_type';

const gaugeNames: Readonly<Record<keyof MemberGauges, readonly [name: string, help: string]>> = {
  hasLeader: ['etcd_server_has_leader', 'Whether or not a leader exists. 1 is existence, 0 is not.'],
  isLeader: ['etcd_server_is_leader', 'Whether or not this member is a leader. 1 if is, 0 otherwise.'],
  isLearner: ['etcd_server_is_learner', 'Whether or not this member is a learner. 1 if is, 0 otherwise.'],
  leaderChanges: ['etcd_server_leader_changes_seen_total', 'The number of leader changes seen.'],
  proposalsPending: ['etcd_server_proposals_pending', 'The current number of pending proposals to commit.'],
  proposalsCommitted: ['etcd_server_proposals_committed_total', 'The total number of consensus proposals committed.'],
  proposalsApplied: ['etcd_server_proposals_applied_total', 'The total number of consensus proposals applied.'],
  proposalsFailed: ['etcd_server_proposals_failed_total', 'The total number of failed proposals seen.'],
  quotaBytes: ['etcd_server_quota_backend_bytes', 'Current backend storage quota size in bytes.'],
  dbSizeBytes: ['etcd_mvcc_db_total_size_in_bytes', 'Total size of the underlying database in bytes.'],
  dbSizeInUseBytes: ['etcd_mvcc_db_total_size_in_use_in_bytes', 'Size of the underlying database in use, in bytes.'],
  currentRevision: ['etcd_debugging_mvcc_current_revision', 'The current revision of the store.'],
  compactRevision: ['etcd_debugging_mvcc_compact_revision', 'The revision of the last compaction in the store.'],
  watchStreams: ['etcd_debugging_mvcc_watch_stream_total', 'Total number of watch streams.'],
  watchers: ['etcd_debugging_mvcc_watcher_total', 'Total number of watchers.'],
  leases: ['etcd_debugging_lease_total', 'Total number of leases.'],
};

/** Those that Prometheus gives where nobody chooses. */
const handlingBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Doubling from 100 µs, as etcd's. */
const roundTripBuckets = Array.from({ length: 15 }, (_, i) => 0.0001 * 2 ** i);
/** Doubling from 1 ms, as etcd's. */
const diskBuckets = Array.from({ length: 14 }, (_, i) => 0.001 * 2 ** i);

/** @param options.extensive whether calls are timed too */
export function createBrainMetrics({ extensive = false } = {}): BrainMetrics {
  const registry = new Registry();
  const registers = [registry];
  addProcessMetrics(registry);
  const tallied = <L extends string>(name: string, help: string, labelNames: readonly L[]): TalliedCounter<L> =>
    new TalliedCounter({ name, help, labelNames, registers });
  const diskTime = (name: string, help: string): Histogram =>
    new Histogram({ name, help, buckets: diskBuckets, registers });
  const grpcLabels = ['grpc_type', 'grpc_service', 'grpc_method'] as const;
  return {
    registry,
    walSyncSeconds: diskTime('etcd_disk_wal_fsync_duration_seconds', 'Time that a sync of the log takes.'),
    stateWriteSeconds: diskTime(
      'etcd_disk_backend_commit_duration_seconds',
      'Time that a batch of applied state takes to be written.',
    ),
    peerSentBytes: tallied('etcd_network_peer_sent_bytes_total', 'Bytes sent to peers.', ['To']),
    peerReceivedBytes: tallied('etcd_network_peer_received_bytes_total', 'Bytes received from peers.', ['From']),
    peerSendFailures: tallied('etcd_network_peer_sent_failures_total', 'Send failures from peers.', ['To']),
    peerRoundTripSeconds: new Histogram({
      name: 'etcd_network_peer_round_trip_time_seconds',
      help: 'Round-trip time between peers.',
      labelNames: ['To'],
      buckets: roundTripBuckets,
      registers,
    }),
    learnerPromotions: tallied(
      'etcd_server_learner_promote_successes',
      'Learners that were promoted while this member led.',
      [],
    ).tally({}),
    failedLearnerPromotions: tallied(
      'etcd_server_learner_promote_failures',
      'Promotions of learners that were refused while this member led.',
      ['Reason'],
    ),
    clientSentBytes: tallied('etcd_network_client_grpc_sent_bytes_total', 'Bytes sent to clients.', []).tally({}),
    clientReceivedBytes: tallied(
      'etcd_network_client_grpc_received_bytes_total',
      'Bytes received from clients.',
      [],
    ).tally({}),
    grpcStarted: tallied('grpc_server_started_total', 'RPCs started on the server.', grpcLabels),
    grpcHandled: tallied('grpc_server_handled_total', 'RPCs completed on the server.', [...grpcLabels, 'grpc_code']),
    grpcHandlingSeconds: extensive
      ? new Histogram({
          name: 'grpc_server_handling_seconds',
          help: 'Time that the server takes for an RPC.',
          labelNames: [...grpcLabels],
          buckets: handlingBuckets,
          registers,
        })
      : undefined,
    identify(memberId) {
      const constant = (name: string, help: string, label: string, value: string): void =>
        new Gauge({ name, help, labelNames: [label], registers }).set({ [label]: value }, 1);
      constant(
        'etcd_server_id',
        'Server or member ID in hexadecimal format. 1 for current ID.',
        'server_id',
        memberId.toString(16),
      );
      constant(
        'etcd_server_version',
        'Which version is running. 1 for current version.',
        'server_version',
        serverVersion,
      );
      constant(
        'etcd_cluster_version',
        'Which version is running. 1 for current version.',
        'cluster_version',
        clusterLevel,
      );
    },
    observe(read) {
      for (const [key, [name, help]] of Object.entries(gaugeNames)) {
        const gauge: Gauge = new Gauge({
          name,
          help,
          registers,
          collect: () => gauge.set(Number(read()[key as keyof MemberGauges])),
        });
      }
    },
  };
}
