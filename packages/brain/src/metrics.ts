/** A member's metrics, under etcd's names, in a registry of its own. Gauges are read when somebody asks. */
import { Counter, Gauge, Histogram, Registry } from '@flotilla/base/metrics';
import type { Alarm, MembershipView } from '@flotilla/store';
import { addAlarmMetric } from './alarm-metric.ts';
import { addGateMetric } from './feature-gate-metric.ts';
import type { Gate } from './feature-gates.ts';
import { GatheredHistogram } from './gathered-histogram.ts';
import { type MemberReadings, addReadings } from './member-readings.ts';
import { PeerConnections, addKnownPeers } from './peer-metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { type Tally, TalliedCounter, talliedGauge } from './tallied-counter.ts';
import { clusterLevel, serverVersion } from './version.ts';

export interface BrainMetrics {
  readonly registry: Registry;
  readonly walSyncSeconds: GatheredHistogram;
  readonly walBytes: Tally;
  readonly stateWriteSeconds: Histogram;
  readonly peerSentBytes: TalliedCounter<'To'>;
  readonly peerReceivedBytes: TalliedCounter<'From'>;
  readonly peerSendFailures: TalliedCounter<'To'>;
  readonly peerRoundTripSeconds: Histogram<'To'>;
  readonly peerConnections: PeerConnections;
  readonly learnerPromotions: Tally;
  readonly failedLearnerPromotions: TalliedCounter<'Reason'>;
  readonly heartbeatFailures: Tally;
  readonly slowApplies: Tally;
  readonly leases: LeaseMetrics;
  readonly hashSeconds: Histogram;
  readonly revisionsHashSeconds: Histogram;
  readonly compactions: CompactionMetrics;
  readonly health: HealthMetrics;
  readonly clientSentBytes: Tally;
  readonly clientReceivedBytes: Tally;
  readonly grpcStarted: TalliedCounter<GrpcLabel>;
  readonly grpcHandled: TalliedCounter<GrpcLabel | 'grpc_code'>;
  readonly grpcReceived: TalliedCounter<GrpcLabel>;
  readonly grpcSent: TalliedCounter<GrpcLabel>;
  readonly clientRequests: TalliedCounter<'type' | 'client_api_version'>;
  /** Absent unless metrics are extensive. */
  readonly grpcHandlingSeconds: Histogram<GrpcLabel> | undefined;
  /** Says where that comes from which is read when somebody asks. */
  observe(sources: MetricSources): void;
  /** Says whose metrics these are. */
  identify(memberId: bigint): void;
}

export interface MetricSources {
  readonly self: bigint;
  readonly readings: () => MemberReadings;
  /** Those that are active. */
  readonly alarms: () => readonly Alarm[];
  readonly membership: () => MembershipView;
}

export interface MetricsOptions {
  /** Calls are timed too. */
  readonly extensive?: boolean;
  /** Feature gates that are on; none unless told. */
  readonly gatesOn?: ReadonlySet<Gate>;
}

export interface LeaseMetrics {
  readonly granted: Tally;
  readonly revoked: Tally;
  readonly renewed: Tally;
  readonly expired: Tally;
  readonly ttlSeconds: Histogram;
}

export interface CompactionMetrics {
  /** A slice drops from index and database alike: both pauses are its time, ms. */
  readonly indexPauseMs: Histogram;
  readonly pauseMs: Histogram;
  readonly totalMs: Histogram;
  /** Unix time of the last one's end, seconds. */
  readonly last: Gauge;
}

export interface HealthMetrics {
  /** Answers of `/health`. */
  readonly successes: Tally;
  readonly failures: Tally;
  /** Of each check below `/livez` and `/readyz`: 1 when it succeeded the last time, and how often it ended how. */
  readonly lastResult: Gauge<'type' | 'name'>;
  readonly results: Counter<'type' | 'name' | 'status'>;
}

export type GrpcLabel = 'grpc_method' | 'grpc_service' | 'grpc_type';

/** Those that Prometheus gives where nobody chooses. */
const handlingBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** All others are etcd's. */
const doubling = (from: number, length: number): number[] => Array.from({ length }, (_, i) => from * 2 ** i);

export function createBrainMetrics({ extensive = false, gatesOn = new Set() }: MetricsOptions = {}): BrainMetrics {
  const registry = new Registry();
  const registers = [registry];
  addProcessMetrics(registry);
  addGateMetric(registry, gatesOn);
  const tallied = <L extends string>(name: string, help: string, labelNames: readonly L[]): TalliedCounter<L> =>
    new TalliedCounter({ name, help, labelNames, registers });
  const tally = (name: string, help: string): Tally => tallied(name, help, []).tally({});
  const histogram = (name: string, help: string, buckets: number[]): Histogram =>
    new Histogram({ name, help, buckets, registers });
  const diskBuckets = doubling(0.001, 14);
  const grpcLabels = ['grpc_type', 'grpc_service', 'grpc_method'] as const;
  return {
    registry,
    walBytes: talliedGauge('etcd_disk_wal_write_bytes_total', 'Total number of bytes written in the log.', registry),
    walSyncSeconds: new GatheredHistogram({
      name: 'etcd_disk_wal_fsync_duration_seconds',
      help: 'Time that a sync of the log takes.',
      buckets: diskBuckets,
      registers,
    }),
    stateWriteSeconds: histogram(
      'etcd_disk_backend_commit_duration_seconds',
      'Time that a batch of applied state takes to be written.',
      diskBuckets,
    ),
    peerSentBytes: tallied('etcd_network_peer_sent_bytes_total', 'Bytes sent to peers.', ['To']),
    peerReceivedBytes: tallied('etcd_network_peer_received_bytes_total', 'Bytes received from peers.', ['From']),
    peerSendFailures: tallied('etcd_network_peer_sent_failures_total', 'Send failures from peers.', ['To']),
    peerRoundTripSeconds: new Histogram({
      name: 'etcd_network_peer_round_trip_time_seconds',
      help: 'Round-trip time between peers.',
      labelNames: ['To'],
      buckets: doubling(0.0001, 15),
      registers,
    }),
    peerConnections: new PeerConnections(registry),
    learnerPromotions: tally(
      'etcd_server_learner_promote_successes',
      'Learners that were promoted while this member led.',
    ),
    failedLearnerPromotions: tallied(
      'etcd_server_learner_promote_failures',
      'Promotions of learners that were refused while this member led.',
      ['Reason'],
    ),
    heartbeatFailures: tally(
      'etcd_server_heartbeat_send_failures_total',
      'Heartbeats that left more than two intervals after the one before, once for each member that they were for.',
    ),
    slowApplies: tally('etcd_server_slow_apply_total', 'Runs of entries that took longer than 100 ms to apply.'),
    leases: {
      granted: tally('etcd_debugging_lease_granted_total', 'The total number of granted leases.'),
      revoked: tally('etcd_debugging_lease_revoked_total', 'The total number of revoked leases.'),
      renewed: tally('etcd_debugging_lease_renewed_total', 'The number of renewed leases seen by the leader.'),
      expired: tally('etcd_debugging_server_lease_expired_total', 'The total number of expired leases.'),
      ttlSeconds: histogram('etcd_debugging_lease_ttl_total', 'TTLs of granted leases, seconds.', doubling(1, 24)),
    },
    hashSeconds: histogram(
      'etcd_mvcc_hash_duration_seconds',
      'Time that a hash of everything takes.',
      doubling(0.01, 15),
    ),
    revisionsHashSeconds: histogram(
      'etcd_mvcc_hash_rev_duration_seconds',
      'Time that a hash up to a revision takes.',
      doubling(0.01, 15),
    ),
    compactions: compactionMetrics(registry),
    health: healthMetrics(registry),
    clientSentBytes: tally('etcd_network_client_grpc_sent_bytes_total', 'Bytes sent to clients.'),
    clientReceivedBytes: tally('etcd_network_client_grpc_received_bytes_total', 'Bytes received from clients.'),
    grpcStarted: tallied('grpc_server_started_total', 'RPCs started on the server.', grpcLabels),
    grpcHandled: tallied('grpc_server_handled_total', 'RPCs completed on the server.', [...grpcLabels, 'grpc_code']),
    grpcReceived: tallied('grpc_server_msg_received_total', 'Messages received on the server.', grpcLabels),
    grpcSent: tallied('grpc_server_msg_sent_total', 'Messages sent by the server.', grpcLabels),
    clientRequests: tallied(
      'etcd_server_client_requests_total',
      'Requests by the version that clients say they have.',
      ['type', 'client_api_version'],
    ),
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
    observe({ self, readings, alarms, membership }) {
      addReadings(registry, readings);
      addAlarmMetric(registry, alarms);
      addKnownPeers(registry, self, membership);
    },
  };
}

function compactionMetrics(registry: Registry): CompactionMetrics {
  const registers = [registry];
  const debugging = 'etcd_debugging_mvcc';
  return {
    indexPauseMs: new Histogram({
      name: `${debugging}_index_compaction_pause_duration_milliseconds`,
      help: 'Time that a slice of a compaction holds the index.',
      buckets: doubling(0.5, 14),
      registers,
    }),
    pauseMs: new Histogram({
      name: `${debugging}_db_compaction_pause_duration_milliseconds`,
      help: 'Time that a slice of a compaction takes.',
      buckets: doubling(1, 13),
      registers,
    }),
    totalMs: new Histogram({
      name: `${debugging}_db_compaction_total_duration_milliseconds`,
      help: 'Time that a compaction takes.',
      buckets: doubling(100, 14),
      registers,
    }),
    last: new Gauge({
      name: `${debugging}_db_compaction_last`,
      help: 'The unix time of the end of the last compaction; 0 after a start.',
      registers,
    }),
  };
}

function healthMetrics(registry: Registry): HealthMetrics {
  const registers = [registry];
  const answers = (name: string, help: string): Tally =>
    new TalliedCounter({ name, help, labelNames: [], registers }).tally({});
  return {
    successes: answers('etcd_server_health_success', 'The total number of successful health checks.'),
    failures: answers('etcd_server_health_failures', 'The total number of failed health checks.'),
    lastResult: new Gauge({
      name: 'etcd_server_healthcheck',
      help: 'The result of each kind of healthcheck.',
      labelNames: ['type', 'name'],
      registers,
    }),
    results: new Counter({
      name: 'etcd_server_healthchecks_total',
      help: 'The total number of each kind of healthcheck.',
      labelNames: ['type', 'name', 'status'],
      registers,
    }),
  };
}
