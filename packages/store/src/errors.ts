/**
 * Every error text that clients of etcd match on, in one table: our code → gRPC status and the exact text.
 * Spelling and capitals are part of the wire. Two rows carry UNKNOWN although etcd declares another status:
 * that is what its servers send.
 *
 * Source: etcd's `api/v3rpc/rpctypes/error.go`, as of v3.7.1.
 */
import { RpcError, StatusCode } from '@flotilla/wire';

interface EtcdError {
  readonly status: StatusCode;
  /** The whole text as it stands on the wire. */
  readonly text: string;
}

const row = (status: StatusCode, text: string): EtcdError => ({ status, text: `etcdserver: ${text}` });
const bare = (status: StatusCode, text: string): EtcdError => ({ status, text });

const {
  CANCELLED,
  DATA_LOSS,
  DEADLINE_EXCEEDED,
  FAILED_PRECONDITION,
  INVALID_ARGUMENT,
  NOT_FOUND,
  OUT_OF_RANGE,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  UNAUTHENTICATED,
  UNAVAILABLE,
  UNIMPLEMENTED,
  UNKNOWN,
} = StatusCode;

export const etcdErrors = {
  watchCanceled: row(CANCELLED, 'watch canceled'),
  requestCanceled: row(CANCELLED, 'request canceled'),

  keyNotProvided: row(INVALID_ARGUMENT, 'key is not provided'),
  keyNotFound: row(INVALID_ARGUMENT, 'key not found'),
  valueProvided: row(INVALID_ARGUMENT, 'value is provided'),
  leaseProvided: row(INVALID_ARGUMENT, 'lease is provided'),
  tooManyOperations: row(INVALID_ARGUMENT, 'too many operations in txn request'),
  duplicateKey: row(INVALID_ARGUMENT, 'duplicate key given in txn request'),
  invalidClientApiVersion: row(INVALID_ARGUMENT, 'invalid client api version'),
  invalidSortOption: row(INVALID_ARGUMENT, 'invalid sort option'),
  invalidMemberUrls: row(INVALID_ARGUMENT, 'given member URLs are invalid'),
  requestTooLarge: row(INVALID_ARGUMENT, 'request is too large'),
  userNameEmpty: row(INVALID_ARGUMENT, 'user name is empty'),
  roleNameEmpty: row(INVALID_ARGUMENT, 'role name is empty'),
  authenticationFailed: row(INVALID_ARGUMENT, 'authentication failed, invalid user ID or password'),
  permissionNotGiven: row(INVALID_ARGUMENT, 'permission not given'),
  invalidAuthManagement: row(INVALID_ARGUMENT, 'invalid auth management'),
  authRevisionOld: row(INVALID_ARGUMENT, 'revision of auth store is old'),
  wrongDowngradeVersionFormat: row(INVALID_ARGUMENT, 'wrong downgrade target version format'),
  invalidDowngradeVersion: row(INVALID_ARGUMENT, 'invalid downgrade target version'),

  /** gRPC's own text, which etcd's handlers pass on as it is. */
  deadlineExceeded: bare(DEADLINE_EXCEEDED, 'context deadline exceeded'),

  leaseNotFound: row(NOT_FOUND, 'requested lease not found'),
  memberNotFound: row(NOT_FOUND, 'member not found'),

  permissionDenied: row(PERMISSION_DENIED, 'permission denied'),

  noSpace: row(RESOURCE_EXHAUSTED, 'mvcc: database space exceeded'),
  /** Declared RESOURCE_EXHAUSTED, sent as UNKNOWN. */
  tooManyRequests: row(UNKNOWN, 'too many requests'),

  leaseExists: row(FAILED_PRECONDITION, 'lease already exists'),
  memberExists: row(FAILED_PRECONDITION, 'member ID already exist'),
  peerUrlsExist: row(FAILED_PRECONDITION, 'Peer URLs already exists'),
  /** Declared FAILED_PRECONDITION, sent as UNKNOWN. */
  notEnoughStartedMembers: row(UNKNOWN, 're-configuration failed due to not enough started members'),
  notLearner: row(FAILED_PRECONDITION, 'can only promote a learner member'),
  learnerNotReady: row(FAILED_PRECONDITION, 'can only promote a learner member which is in sync with leader'),
  tooManyLearners: row(FAILED_PRECONDITION, 'too many learner members in cluster'),
  clusterIdMismatch: row(FAILED_PRECONDITION, 'cluster ID mismatch'),
  rootUserMissing: row(FAILED_PRECONDITION, 'root user does not exist'),
  rootRoleMissing: row(FAILED_PRECONDITION, 'root user does not have root role'),
  userExists: row(FAILED_PRECONDITION, 'user name already exists'),
  userNotFound: row(FAILED_PRECONDITION, 'user name not found'),
  roleExists: row(FAILED_PRECONDITION, 'role name already exists'),
  roleNotFound: row(FAILED_PRECONDITION, 'role name not found'),
  roleNotGranted: row(FAILED_PRECONDITION, 'role is not granted to the user'),
  permissionNotGranted: row(FAILED_PRECONDITION, 'permission is not granted to the role'),
  authNotEnabled: row(FAILED_PRECONDITION, 'authentication is not enabled'),
  notLeader: row(FAILED_PRECONDITION, 'not leader'),
  notCapable: row(FAILED_PRECONDITION, 'not capable'),
  notSupportedForLearner: row(FAILED_PRECONDITION, 'rpc not supported for learner'),
  badLeaderTransferee: row(FAILED_PRECONDITION, 'bad leader transferee'),
  downgradeVersionMissing: row(FAILED_PRECONDITION, 'cluster version not found during downgrade'),
  downgradeInProgress: row(FAILED_PRECONDITION, 'cluster has a downgrade job in progress'),
  noInflightDowngrade: row(FAILED_PRECONDITION, 'no inflight downgrade job'),

  compacted: row(OUT_OF_RANGE, 'mvcc: required revision has been compacted'),
  futureRevision: row(OUT_OF_RANGE, 'mvcc: required revision is a future revision'),
  leaseTtlTooLarge: row(OUT_OF_RANGE, 'too large lease TTL'),

  noLeader: row(UNAVAILABLE, 'no leader'),
  leaderChanged: row(UNAVAILABLE, 'leader changed'),
  serverStopped: row(UNAVAILABLE, 'server stopped'),
  timeout: row(UNAVAILABLE, 'request timed out'),
  timeoutLeaderFailure: row(UNAVAILABLE, 'request timed out, possibly due to previous leader failure'),
  timeoutConnectionLost: row(UNAVAILABLE, 'request timed out, possibly due to connection lost'),
  timeoutAppliedIndex: row(UNAVAILABLE, 'request timed out, waiting for the applied index took too long'),
  unhealthy: row(UNAVAILABLE, 'unhealthy cluster'),

  corrupt: row(DATA_LOSS, 'corrupt cluster'),

  invalidAuthToken: row(UNAUTHENTICATED, 'invalid auth token'),

  rangeStreamSort: bare(UNIMPLEMENTED, 'RangeStream does not support custom sort orders'),
  rangeStreamFilters: bare(UNIMPLEMENTED, 'RangeStream does not support revision filters'),

  /** Absent from etcd's own map, so its raw text arrives as UNKNOWN. */
  notPrimaryLessor: bare(UNKNOWN, 'not a primary lessor'),
  timeoutLeaderTransfer: row(UNKNOWN, 'request timed out, leader transfer took too long'),
  passwordForNoPasswordUser: bare(UNKNOWN, 'auth: authentication failed, password was given for no password user'),
  passwordTooLong: bare(UNKNOWN, 'bcrypt: password length exceeds 72 bytes'),
  tokenVerifyOnly: bare(UNKNOWN, 'auth: token signing attempted with verify-only key'),
  electionLeaderMissing: bare(UNKNOWN, '"leader" field must be provided'),
} as const satisfies Readonly<Record<string, EtcdError>>;

export type StoreErrorCode = keyof typeof etcdErrors;

/** A refusal that is part of the standard: an outcome, not an exception. It changed nothing. */
export interface StoreError {
  readonly code: StoreErrorCode;
}

/** The error of a code as the wire carries it. */
export function toRpcError(code: StoreErrorCode): RpcError {
  const { status, text } = etcdErrors[code];
  return new RpcError(status, text);
}

/** An error as a watch's cancel reason gives it: etcd's text without status. */
export function textOf(code: StoreErrorCode): string {
  return etcdErrors[code].text;
}
