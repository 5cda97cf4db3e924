/** gRPC status codes, and the one error that carries a status over a call. */

export const StatusCode = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type StatusCode = (typeof StatusCode)[keyof typeof StatusCode];

/** Trailers of a failed call; a key that ends in `-bin` holds bytes. */
export type Trailers = Readonly<Record<string, string | Uint8Array>>;

/** A call that ended with a status other than OK: thrown by handlers, and by clients' calls. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly status: StatusCode;
  readonly trailers: Trailers;

  constructor(status: StatusCode, message: string, options: { trailers?: Trailers; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.status = status;
    this.trailers = options.trailers ?? {};
  }
}

/** Whether something thrown is an {@link RpcError} with that status (or with any). */
export function isRpcError(thrown: unknown, status?: StatusCode): thrown is RpcError {
  return thrown instanceof RpcError && (status === undefined || thrown.status === status);
}

/** What a handler threw after its call was cancelled: whatever it is, it is no bug. */
export function cancelled(error: unknown): RpcError {
  return error instanceof RpcError ? error : new RpcError(StatusCode.CANCELLED, 'context canceled', { cause: error });
}
