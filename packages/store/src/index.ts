/** The replicated state machine and its persistence. */
export type { Alarm } from './alarms.ts';
export { costAtMost, costOf } from './quota.ts';
export { type RestoredState, restoreState } from './persistence/restore-state.ts';
export type { StoredHash } from './persistence/stored-hash.ts';
export { type AnsweredType, encodeAnswer } from './answer-encoding.ts';
export { permissionsOf } from './auth/apply-auth.ts';
export { type AuthObserver, type AuthView, type Caller, type Role, type User, root } from './auth/auth-state.ts';
export { refusedLeaseKeys } from './auth/request-access.ts';
export {
  type AuthEntryType,
  type Entry,
  type EntrySource,
  type EntryType,
  type MembershipEntryType,
  decodeEntry,
  encodeEntry,
  isFrom,
  proposalName,
  maxCallerNameBytes,
  sourceOf,
} from './entry.ts';
export { type StoreError, type StoreErrorCode, etcdErrors, textOf, toRpcError } from './errors.ts';
export { type LeaseRemainder, encodeLeaseCheckpoint, maxCheckpointLeases } from './leases/lease-checkpoint.ts';
export { completeLeaseGrant, minLeaseTtlSeconds } from './leases/lease-grant.ts';
export type { Lease, LeaseView } from './leases/lease-table.ts';
export { type Lessor, type LessorOptions, type Renewal, checkpointStepMs, createLessor } from './leases/lessor.ts';
export {
  type InitialMembership,
  type MemberRecord,
  type MembershipView,
  decodeMemberAdd,
  encodeMemberAdd,
} from './membership.ts';
export type { Answer, Outcome, Refusal } from './outcome.ts';
export { type MemoryDatabases, type StoredBatch, createMemoryDatabases } from './persistence/memory-database.ts';
export type { StateRoom } from './persistence/lasting-database.ts';
export { isNoRoom, spent } from './persistence/no-room.ts';
export { type OpenDiskDatabaseOptions, openDiskDatabase } from './persistence/disk-database.ts';
export type {
  OpenDatabase,
  OpenDatabaseOptions,
  Row,
  RowChange,
  StateDatabase,
  StateSnapshot,
} from './persistence/state-database.ts';
export type { CreateValueFile, ValueWriter } from './persistence/value-files.ts';
export { type StateDirectory, createMemoryStateDirectory, openStateDirectory } from './persistence/state-directory.ts';
export {
  type EntryPosition,
  type ExportedSnapshot,
  type IncomingSnapshot,
  type OpenStateOptions,
  type OpenedState,
  type StateFiles,
  openState,
} from './persistence/state-files.ts';
export {
  checkDeleteRange,
  checkLeaseGrant,
  checkPut,
  checkRange,
  checkTxn,
  isReadOnlyTxn,
  isSerializableTxn,
  maxLeaseTtlSeconds,
} from './request-checks.ts';
export type { Applied, CommittedEntry, EntryResponse, RangeResponse, Store, TxnResponse } from './store.ts';
export { type SnapshotSummary, summarizeSnapshot } from './snapshot-summary.ts';
export { hashRevisions, hashState } from './state-hash.ts';
export type { CompactionObserver } from './mvcc/keyspace.ts';
export { OperationCounts } from './mvcc/operation-counts.ts';
export { createStore } from './create-store.ts';
export { type WatchHub, type WatchHubOptions, createWatchHub } from './watch/watch-hub.ts';
export type { WatchHeader } from './watch/event-batch.ts';
export type { WatchStream, WatchStreamOptions } from './watch/watch-stream.ts';
