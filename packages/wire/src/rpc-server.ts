/** A gRPC server under service tables, whichever implements it. */
import type { Duplex } from 'node:stream';
import { GrpcJsServer } from './grpc-js/server.ts';
import { FlotillaServer } from './grpc/server.ts';
import type { CallContext, Handlers, Method, ServiceTable } from './service.ts';
import type { StatusCode } from './status.ts';

/** Hears of the calls of one method. */
export interface CallObserver {
  /** A handler begins. What this returns is given back at its end. */
  started(context: CallContext): number | undefined;
  /** A request came in a stream of them. */
  received(): void;
  /** So many responses left in a stream of them. */
  sent(count: number): void;
  /** What it ended with. */
  ended(status: StatusCode, started: number | undefined): void;
}

export interface RpcServerOptions {
  /** Largest message accepted, bytes; unlimited unless told. */
  readonly maxReceiveBytes?: number;
  /** A client that is silent for so long is pinged; two hours unless told. */
  readonly keepaliveMs?: number;
  /** A ping is to be answered within this time; 20 seconds unless told. */
  readonly keepaliveTimeoutMs?: number;
  /** A client that pings more often than this, several times in a row, is cut off; five seconds unless told. Not with grpc-js. */
  readonly minPingIntervalMs?: number;
  /** Told of every error that is not an RpcError, with the method's path. */
  readonly onBug?: (path: string, error: unknown) => void;
  /** Told the length of each message, without its framing. */
  readonly onReceived?: (bytes: number) => void;
  readonly onSent?: (bytes: number) => void;
  /** Asked once for each method that is implemented. */
  readonly observe?: (method: Method) => CallObserver;
}

export interface RpcServer {
  /** Adds the implementation of a service. Methods without a handler answer UNIMPLEMENTED. */
  add<T extends ServiceTable>(table: T, handlers: Handlers<T>): void;
  /** Serves a connection whose client speaks HTTP/2, from its first byte on. Owns the socket from now on. */
  accept(socket: Duplex): void;
  /** Takes no new calls, lets those under way finish for `graceMs`, then ends all connections. */
  close(graceMs: number): Promise<void>;
}

/** The servers there are: our own, and the one of `@grpc/grpc-js`. */
export const rpcServerKinds = ['flotilla', 'grpc-js'] as const;

export type RpcServerKind = (typeof rpcServerKinds)[number];

export function createRpcServer(kind: RpcServerKind, options: RpcServerOptions = {}): RpcServer {
  return kind === 'flotilla' ? new FlotillaServer(options) : new GrpcJsServer(options);
}
