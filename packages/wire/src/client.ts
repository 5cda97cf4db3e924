/**
 * Calls service tables over a grpc-js channel. One channel is one target; which target, when to try again
 * and what is safe to repeat is the caller's business.
 */
import type * as grpcjs from '@grpc/grpc-js';
import { toBuffer } from './buffer.ts';
import { type ChannelContext, type ChannelTls, channelSecurity } from './channel-tls.ts';
import { library } from './grpc-js/library.cts';
import type { BidiMethod, Method, ServerStreamMethod, ServiceTable, UnaryMethod } from './service.ts';
import { RpcError, StatusCode, type Trailers } from './status.ts';

export interface ChannelOptions {
  /** `host:port`. */
  readonly target: string;
  /** Absent: clear text. */
  readonly tls?: ChannelTls | ChannelContext;
  /** Largest message accepted, bytes; unlimited unless told. */
  readonly maxReceiveBytes?: number;
  /** Largest pause between attempts to connect again, milliseconds; 1,000 unless told. */
  readonly maxReconnectBackoffMs?: number;
  /** Interval of keep-alive pings, milliseconds; 10,000 unless told. */
  readonly keepaliveMs?: number;
}

/** A connection to one target, opened on first use and again after a loss. */
export interface Channel {
  readonly target: string;
  readonly client: grpcjs.Client;
  close(): void;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds from now until the call fails with DEADLINE_EXCEEDED; none unless told. */
  readonly timeoutMs?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Wait for a connection instead of failing with UNAVAILABLE when there is none. */
  readonly waitForReady?: boolean;
}

export type CallOf<M> =
  M extends UnaryMethod<infer ReqIn, infer _Req, infer _ResIn, infer Res>
    ? (request: ReqIn, options?: CallOptions) => Promise<Res>
    : M extends ServerStreamMethod<infer ReqIn, infer _Req, infer _ResIn, infer Res>
      ? (request: ReqIn, options?: CallOptions) => AsyncIterable<Res>
      : M extends BidiMethod<infer ReqIn, infer _Req, infer _ResIn, infer Res>
        ? (requests: AsyncIterable<ReqIn>, options?: CallOptions) => AsyncIterable<Res>
        : never;

/** A service's methods as functions. Failed calls throw {@link RpcError}. */
export type ServiceClient<T extends ServiceTable> = { readonly [K in keyof T]: CallOf<T[K]> };

/** Opens no connection yet: the first call does. */
export function openChannel(options: ChannelOptions): Channel {
  const { target, tls } = options;
  const { credentials, options: security } = channelSecurity(target, tls);
  const client = new (library().Client)(target, credentials, {
    'grpc.max_receive_message_length': options.maxReceiveBytes ?? -1,
    'grpc.max_send_message_length': -1,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.min_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': options.maxReconnectBackoffMs ?? 1000,
    'grpc.keepalive_time_ms': options.keepaliveMs ?? 10_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // Every channel owns its connection: closing one must not end another's.
    'grpc.use_local_subchannel_pool': 1,
    ...security,
  });
  return { target, client, close: () => client.close() };
}

/** The methods of `table` as functions that call over `channel`. */
export function connectService<T extends ServiceTable>(channel: Channel, table: T): ServiceClient<T> {
  const calls: Record<string, unknown> = {};
  for (const [name, method] of Object.entries<Method>(table)) calls[name] = callOf(channel.client, method);
  return calls as ServiceClient<T>;
}

function callOf(client: grpcjs.Client, method: Method): unknown {
  switch (method.kind) {
    case 'unary':
      return (request: unknown, options: CallOptions = {}) => unaryCall(client, method, request, options);
    case 'serverStream':
      return (request: unknown, options: CallOptions = {}) => serverStreamCall(client, method, request, options);
    case 'bidi':
      return (requests: AsyncIterable<unknown>, options: CallOptions = {}) =>
        bidiCall(client, method, requests, options);
  }
}

type UnknownUnary = UnaryMethod<unknown, unknown, unknown, unknown>;
type UnknownServerStream = ServerStreamMethod<unknown, unknown, unknown, unknown>;
type UnknownBidi = BidiMethod<unknown, unknown, unknown, unknown>;

function unaryCall(
  client: grpcjs.Client,
  method: UnknownUnary,
  request: unknown,
  options: CallOptions,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted === true) return reject(new RpcError(StatusCode.CANCELLED, 'call was cancelled'));
    const cancel = (): void => call.cancel();
    const call = client.makeUnaryRequest(
      method.path,
      (message: unknown) => toBuffer(method.request.encode(message)),
      (bytes: Buffer) => method.response.decode(bytes),
      request,
      metadataOf(options),
      callOptionsOf(options),
      (error, response) => {
        options.signal?.removeEventListener('abort', cancel);
        if (error) reject(rpcErrorOf(error));
        else resolve(response);
      },
    );
    options.signal?.addEventListener('abort', cancel, { once: true });
  });
}

async function* serverStreamCall(
  client: grpcjs.Client,
  method: UnknownServerStream,
  request: unknown,
  options: CallOptions,
): AsyncGenerator<unknown, void> {
  const call = client.makeServerStreamRequest(
    method.path,
    (message: unknown) => toBuffer(method.request.encode(message)),
    (bytes: Buffer) => method.response.decode(bytes),
    request,
    metadataOf(options),
    callOptionsOf(options),
  );
  yield* responsesOf(call, options.signal);
}

async function* bidiCall(
  client: grpcjs.Client,
  method: UnknownBidi,
  requests: AsyncIterable<unknown>,
  options: CallOptions,
): AsyncGenerator<unknown, void> {
  const call = client.makeBidiStreamRequest(
    method.path,
    (message: unknown) => toBuffer(method.request.encode(message)),
    (bytes: Buffer) => method.response.decode(bytes),
    metadataOf(options),
    callOptionsOf(options),
  );
  const sending = send(call, requests);
  try {
    yield* responsesOf(call, options.signal);
  } finally {
    sending.stop();
  }
}

/** Writes requests as the server takes them; stops when the call is over. */
function send(call: grpcjs.ClientDuplexStream<unknown, unknown>, requests: AsyncIterable<unknown>): { stop(): void } {
  const iterator = requests[Symbol.asyncIterator]();
  let over = false;
  const run = async (): Promise<void> => {
    for (;;) {
      const next: IteratorResult<unknown, unknown> = await iterator.next();
      if (over) return;
      if (next.done === true) return void call.end();
      if (!call.write(next.value)) await new Promise<void>((resolve) => onceDrainedOrClosed(call, resolve));
    }
  };
  // A producer that fails ends the call; its consumer sees the call's status.
  run().catch(() => call.cancel());
  return {
    stop() {
      over = true;
      void iterator.return?.();
    },
  };
}

function onceDrainedOrClosed(call: grpcjs.ClientDuplexStream<unknown, unknown>, resolve: () => void): void {
  const finish = (): void => {
    call.off('drain', finish);
    call.off('close', finish);
    call.off('error', finish);
    resolve();
  };
  call.on('drain', finish);
  call.on('close', finish);
  call.on('error', finish);
}

type ReadableCall = grpcjs.ClientReadableStream<unknown> | grpcjs.ClientDuplexStream<unknown, unknown>;

/** The responses of a call; leaving the loop early cancels it. */
async function* responsesOf(call: ReadableCall, signal: AbortSignal | undefined): AsyncGenerator<unknown, void> {
  const cancel = (): void => call.cancel();
  if (signal?.aborted === true) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    for await (const response of call) yield response;
  } catch (error) {
    throw rpcErrorOf(error);
  } finally {
    signal?.removeEventListener('abort', cancel);
    // The status of a cancelled call arrives later, as an error that nobody waits for any more.
    call.on('error', () => undefined);
    cancel();
  }
}

function callOptionsOf(options: CallOptions): grpcjs.CallOptions {
  return options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs };
}

function metadataOf(options: CallOptions): grpcjs.Metadata {
  const metadata = new (library().Metadata)(options.waitForReady === true ? { waitForReady: true } : {});
  for (const [key, value] of Object.entries(options.metadata ?? {})) metadata.set(key, value);
  return metadata;
}

function rpcErrorOf(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (!(error instanceof Error)) return new RpcError(StatusCode.UNKNOWN, String(error));
  const { code, details, metadata } = error as Partial<grpcjs.ServiceError>;
  const status = typeof code === 'number' ? (code as StatusCode) : StatusCode.UNKNOWN;
  return new RpcError(status, details ?? error.message, { trailers: trailersOf(metadata), cause: error });
}

function trailersOf(metadata: grpcjs.Metadata | undefined): Trailers {
  return metadata ? metadata.getMap() : {};
}
