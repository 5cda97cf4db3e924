/**
 * What a call can fail with. A server's errors are told apart by their text, as all etcd clients do: the text is
 * part of the protocol and the status code alone is not enough. Everything thrown is an `OperatingError`.
 *
 * The distinction that matters to a writer: `ETCD_UNKNOWN_OUTCOME` says that the write may have happened, now or
 * later. Every other code of a write says that it did not happen.
 */
import { OperatingError, messageOf } from '@flotilla/base';
import { RpcError, StatusCode } from '@flotilla/wire';

/** A watch or read below the compact revision: the history is gone, list again. */
export class CompactedError extends OperatingError {
  /** Oldest revision that can still be read; 0 when the server did not say. */
  readonly compactRevision: number;

  constructor(compactRevision: number, options?: { cause?: unknown }) {
    super(
      'ETCD_COMPACTED',
      'the revision has been compacted away; list the keys again and go on from that revision',
      options,
    );
    this.compactRevision = compactRevision;
  }
}

const codeOfText: Readonly<Record<string, string>> = {
  'etcdserver: mvcc: required revision has been compacted': 'ETCD_COMPACTED',
  'etcdserver: mvcc: required revision is a future revision': 'ETCD_FUTURE_REVISION',
  'etcdserver: requested lease not found': 'ETCD_LEASE_NOT_FOUND',
  'etcdserver: lease already exists': 'ETCD_LEASE_EXISTS',
  'etcdserver: too large lease TTL': 'ETCD_LEASE_TTL_TOO_LARGE',
  'etcdserver: mvcc: database space exceeded': 'ETCD_NO_SPACE',
  'etcdserver: request is too large': 'ETCD_REQUEST_TOO_LARGE',
  'etcdserver: too many requests': 'ETCD_TOO_MANY_REQUESTS',
  'etcdserver: no leader': 'ETCD_NO_LEADER',
  'etcdserver: permission denied': 'ETCD_PERMISSION_DENIED',
  'etcdserver: corrupt cluster': 'ETCD_CORRUPT',
};

const codeOfStatus: Partial<Record<StatusCode, string>> = {
  [StatusCode.CANCELLED]: 'ETCD_CANCELLED',
  [StatusCode.DEADLINE_EXCEEDED]: 'ETCD_TIMEOUT',
  [StatusCode.UNAVAILABLE]: 'ETCD_UNAVAILABLE',
  [StatusCode.INVALID_ARGUMENT]: 'ETCD_INVALID_ARGUMENT',
  [StatusCode.UNIMPLEMENTED]: 'ETCD_UNIMPLEMENTED',
  [StatusCode.UNAUTHENTICATED]: 'ETCD_UNAUTHENTICATED',
  [StatusCode.PERMISSION_DENIED]: 'ETCD_PERMISSION_DENIED',
  [StatusCode.RESOURCE_EXHAUSTED]: 'ETCD_RESOURCE_EXHAUSTED',
};

/** Statuses with which a server, or the way to it, leaves open whether a request was carried out. */
const undecided: ReadonlySet<StatusCode> = new Set([
  StatusCode.CANCELLED,
  StatusCode.UNKNOWN,
  StatusCode.DEADLINE_EXCEEDED,
  StatusCode.ABORTED,
  StatusCode.INTERNAL,
  StatusCode.UNAVAILABLE,
  StatusCode.DATA_LOSS,
]);

/** Texts of undecided statuses that a server only gives before it proposes anything. */
const refusedBeforeProposal: ReadonlySet<string> = new Set([
  'etcdserver: no leader',
  'etcdserver: too many requests',
  'etcdserver: corrupt cluster',
  'etcdserver: not capable',
]);

/** How grpc-js words the end of a call that never left this process. Held by a test. */
const neverLeft = /^(No connection established|Name resolution failed|Stream refused by server|Channel closed before)/;

/** Whether the request of a failed call certainly reached no server's application. */
export function wasNeverSent(error: RpcError): boolean {
  if (error.status === StatusCode.UNAVAILABLE) return neverLeft.test(error.message);
  // grpc-js names the stage in which the deadline struck.
  return error.status === StatusCode.DEADLINE_EXCEEDED && error.message.includes('Waiting for LB pick');
}

/** Whether a write that failed so may nevertheless have been carried out, or may be later. */
export function mayHaveHappened(error: RpcError): boolean {
  return undecided.has(error.status) && !refusedBeforeProposal.has(error.message) && !wasNeverSent(error);
}

/** The operating error for a failed call that changed nothing, or was a read. */
export function operatingErrorOf(error: unknown): OperatingError {
  if (error instanceof OperatingError) return error;
  if (!(error instanceof RpcError)) return new OperatingError('ETCD_FAILED', messageOf(error), { cause: error });
  const code = codeOfText[error.message] ?? codeOfStatus[error.status] ?? 'ETCD_FAILED';
  if (code === 'ETCD_COMPACTED') return new CompactedError(0, { cause: error });
  return new OperatingError(code, error.message, { cause: error });
}

/** The operating error for a write of which nobody can say whether it happened. */
export function unknownOutcome(error: RpcError): OperatingError {
  return new OperatingError(
    'ETCD_UNKNOWN_OUTCOME',
    `the write may or may not have happened (${error.message}); read before writing again`,
    { cause: error },
  );
}
