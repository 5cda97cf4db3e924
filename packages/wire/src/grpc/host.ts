/** What the calls of one server share. */
import type { RpcServerOptions } from '../rpc-server.ts';
import { RpcError, StatusCode } from '../status.ts';
import { toRpcError } from './answers.ts';
import { Deadlines } from './deadlines.ts';
import type { MountedMethod } from './methods.ts';

export class CallHost {
  readonly deadlines = new Deadlines();
  readonly maxReceiveBytes: number;
  readonly onReceived: ((bytes: number) => void) | undefined;
  readonly onSent: ((bytes: number) => void) | undefined;
  readonly #onBug: RpcServerOptions['onBug'];

  constructor(options: RpcServerOptions) {
    this.maxReceiveBytes = options.maxReceiveBytes ?? Infinity;
    this.onReceived = options.onReceived;
    this.onSent = options.onSent;
    this.#onBug = options.onBug;
  }

  /** The status of what a handler threw; a bug is reported. */
  statusOf({ method }: MountedMethod, error: unknown): RpcError {
    if (!(error instanceof RpcError)) this.#onBug?.(method.path, error);
    return toRpcError(error);
  }
}

/** @throws RpcError for bytes that are no such message. */
export function decodeRequest({ method }: MountedMethod, bytes: Uint8Array): unknown {
  try {
    return method.request.decode(bytes);
  } catch (error) {
    const text = `grpc: error unmarshalling request: ${error instanceof Error ? error.message : 'malformed'}`;
    throw new RpcError(StatusCode.INTERNAL, text, { cause: error });
  }
}

export function deadlineExceeded(): RpcError {
  return new RpcError(StatusCode.DEADLINE_EXCEEDED, 'context deadline exceeded');
}
