/** One member: drives raft and store, the peer transport, the etcd v3 services, health and metrics. */
export { Authentication, type AuthenticationOptions } from './auth/authentication.ts';
export { type Guards, clusterGuards, guarded, kvGuards, leaseGuards, maintenanceGuards } from './auth/guard.ts';
export { type Brain, startBrain } from './brain.ts';
export { gatewayRoutes } from './gateway/routes.ts';
export { type Front, type FrontOptions, openFront } from './http/front.ts';
export { type AutoCompactionRule, startAutoCompaction } from './driver/auto-compaction.ts';
export { Campaigning } from './driver/campaigning.ts';
export { CommitNews } from './driver/commit-news.ts';
export { Turns } from './driver/turns.ts';
export { Departure, type DepartureOptions } from './driver/departure.ts';
export { Roster, type RosterOptions } from './driver/roster.ts';
export { ForwardedProposals } from './driver/forwarded-proposals.ts';
export { Proposals } from './driver/proposals.ts';
export { type KnownCluster, settleMembership } from './cluster/joining.ts';
export { type ClusterMember, type Membership, memberIdOf } from './cluster/membership.ts';
export { type DataDirectory, type DataDirectoryOptions, openDataDirectory } from './log/data-directory.ts';
export type { DurableLog, LogBatch } from './log/durable-log.ts';
export type { FileWrite, Files, OpenFile } from './log/files.ts';
export { DiskPace } from './log/disk-pace.ts';
export { Mailbox, mailboxBytes } from './log/mailbox.ts';
export { createSystemFiles } from './log/system-files.ts';
export { type Member, startMember } from './member/member.ts';
export type { MemberWorld } from './member/world.ts';
export { type BrainMetrics, createBrainMetrics } from './metrics.ts';
export {
  type BrainOptionValues,
  type BrainSettings,
  brainOptionTable,
  brainSettings,
  parseBrainSettings,
} from './options.ts';
export { restoreMember } from './restore.ts';
export { type SnapshotFileStatus, snapshotStatus } from './snapshot-file.ts';
export { publish } from './publishing.ts';
export { authHandlers } from './services/auth.ts';
export { clusterHandlers } from './services/cluster.ts';
export { electionHandlers } from './services/election.ts';
export { kvHandlers } from './services/kv.ts';
export { refusedByLearners } from './services/learner-rules.ts';
export { leaseHandlers } from './services/lease.ts';
export { localClient } from './services/local-client.ts';
export { lockHandlers } from './services/lock.ts';
export { maintenanceHandlers } from './services/maintenance.ts';
export { watchHandlers } from './services/watch.ts';
export type { BrainStatus } from './status.ts';
export type { BrainOptions } from './system-world.ts';
export { createFrameEncoder, decodeFrame, decodeValue, encodeFrames, encodeValue } from './transport/frame.ts';
export { type GrpcTransportOptions, startGrpcTransport } from './transport/grpc-transport.ts';
export { type PeerAddress } from './transport/peer-link.ts';
export { type PeerHandlersOptions, peerHandlers } from './transport/peer-handlers.ts';
export { peerService } from './transport/peer-service.ts';
export type { Peer, PeerReceiver, PeerTransport, SnapshotTransfer } from './transport/transport.ts';
