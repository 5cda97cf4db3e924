/** Failures of the API over gRPC: the Status as JSON in a trailer, and the gRPC status nearest to its reason. */
import type { StatusReason } from '@flotilla/api';
import { RpcError, StatusCode, type Trailers } from '@flotilla/wire';
import { failureOf } from '../http/errors.ts';

const statusTrailer = 'flotilla-status-bin';

const codeOfReason: Readonly<Record<StatusReason, StatusCode>> = {
  Unauthorized: StatusCode.UNAUTHENTICATED,
  Forbidden: StatusCode.PERMISSION_DENIED,
  NotFound: StatusCode.NOT_FOUND,
  MethodNotAllowed: StatusCode.UNIMPLEMENTED,
  NotAcceptable: StatusCode.INVALID_ARGUMENT,
  AlreadyExists: StatusCode.ALREADY_EXISTS,
  Conflict: StatusCode.ABORTED,
  LeaderFenced: StatusCode.FAILED_PRECONDITION,
  Gone: StatusCode.OUT_OF_RANGE,
  Expired: StatusCode.OUT_OF_RANGE,
  RequestEntityTooLarge: StatusCode.RESOURCE_EXHAUSTED,
  UnsupportedMediaType: StatusCode.INVALID_ARGUMENT,
  Invalid: StatusCode.INVALID_ARGUMENT,
  TooManyRequests: StatusCode.RESOURCE_EXHAUSTED,
  BadRequest: StatusCode.INVALID_ARGUMENT,
  InternalError: StatusCode.INTERNAL,
  ServerTimeout: StatusCode.UNAVAILABLE,
  ServiceUnavailable: StatusCode.UNAVAILABLE,
  Timeout: StatusCode.DEADLINE_EXCEEDED,
};

/** The RpcError of a failed call. @param onBug told of what is nobody's mistake but ours. */
export function rpcErrorOf(thrown: unknown, onBug: (error: unknown) => void): RpcError {
  if (thrown instanceof RpcError) return thrown;
  const { error, isBug } = failureOf(thrown);
  if (isBug) onBug(thrown);
  const code = error.reason in codeOfReason ? codeOfReason[error.reason as StatusReason] : StatusCode.UNKNOWN;
  const trailers: Trailers = { [statusTrailer]: Buffer.from(JSON.stringify(error.status)) };
  return new RpcError(code, error.message, { trailers, cause: error });
}
