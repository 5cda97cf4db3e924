/** What a failed call looks like over HTTP: the status of the response, and its body as grpc-gateway writes it. */
import { messageOf } from '@flotilla/base';
import { RpcError, StatusCode } from '@flotilla/wire';

const {
  OK,
  CANCELLED,
  UNKNOWN,
  INVALID_ARGUMENT,
  DEADLINE_EXCEEDED,
  NOT_FOUND,
  ALREADY_EXISTS,
  PERMISSION_DENIED,
  UNAUTHENTICATED,
  RESOURCE_EXHAUSTED,
  FAILED_PRECONDITION,
  ABORTED,
  OUT_OF_RANGE,
  UNIMPLEMENTED,
  INTERNAL,
  UNAVAILABLE,
  DATA_LOSS,
} = StatusCode;

const httpStatuses: Readonly<Record<StatusCode, number>> = {
  [OK]: 200,
  [CANCELLED]: 499,
  [UNKNOWN]: 500,
  [INVALID_ARGUMENT]: 400,
  [DEADLINE_EXCEEDED]: 504,
  [NOT_FOUND]: 404,
  [ALREADY_EXISTS]: 409,
  [PERMISSION_DENIED]: 403,
  [UNAUTHENTICATED]: 401,
  [RESOURCE_EXHAUSTED]: 429,
  // Not 412, which is about conditions that the request's own headers give.
  [FAILED_PRECONDITION]: 400,
  [ABORTED]: 409,
  [OUT_OF_RANGE]: 400,
  [UNIMPLEMENTED]: 501,
  [INTERNAL]: 500,
  [UNAVAILABLE]: 503,
  [DATA_LOSS]: 500,
};

export interface ErrorBody {
  readonly code: number;
  readonly message: string;
}

export function httpStatusOf(error: unknown): number {
  return httpStatuses[statusOf(error)];
}

export function errorBodyOf(error: unknown): ErrorBody {
  return { code: statusOf(error), message: messageOf(error) };
}

export function statusOf(error: unknown): StatusCode {
  return error instanceof RpcError ? error.status : INTERNAL;
}
