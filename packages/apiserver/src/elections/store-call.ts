/** Failures of the store, as the caller of a gRPC service sees them: with the store's own status and text. */
import { OperatingError } from '@flotilla/base';
import { RpcError, StatusCode } from '@flotilla/wire';

/** Runs a call on the store; its failures become RpcErrors. */
export async function storeCall<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw rpcErrorOf(error);
  }
}

function rpcErrorOf(error: unknown): unknown {
  if (!(error instanceof OperatingError)) return error;
  const status = error.cause instanceof RpcError ? error.cause.status : StatusCode.UNAVAILABLE;
  const message = error.cause instanceof RpcError ? error.cause.message : error.message;
  return new RpcError(status, message, { cause: error });
}
