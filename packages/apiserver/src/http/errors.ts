/** From anything that was thrown to the Status that a client gets. */
import { OperatingError } from '@flotilla/base';
import { ApiError, internalError, requestEntityTooLarge, serviceUnavailable, timeout } from '@flotilla/api';

/** Failures of the store by code; all others are internal. */
const storeErrors: Readonly<Record<string, (message: string) => ApiError>> = {
  ETCD_UNKNOWN_OUTCOME: (message) => timeout(message, 1),
  ETCD_TIMEOUT: (message) => timeout(message, 1),
  ETCD_CANCELLED: () => timeout('request did not complete within the allotted timeout', 1),
  ETCD_UNAVAILABLE: serviceUnavailable,
  ETCD_NO_LEADER: serviceUnavailable,
  ETCD_TOO_MANY_REQUESTS: serviceUnavailable,
  ETCD_REQUEST_TOO_LARGE: requestEntityTooLarge,
};

export interface Failure {
  readonly error: ApiError;
  /** Neither the client's nor the store's fault: to be logged as an error. */
  readonly isBug: boolean;
}

export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof ApiError) return { error: thrown, isBug: false };
  if (!(thrown instanceof OperatingError)) return { error: internalError(thrown), isBug: true };
  const known = storeErrors[thrown.code];
  return { error: known ? known(thrown.message) : internalError(thrown), isBug: false };
}

/** A Status that no builder of the API's own errors covers. */
export function plainFailure(code: number, message: string): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code });
}
