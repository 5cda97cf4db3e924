/** Our own gRPC server: service tables on the HTTP/2 engine of `http2/`. */
import type { Duplex } from 'node:stream';
import { ServerConnection } from '../http2/connection.ts';
import { Flusher } from '../http2/flusher.ts';
import { type ConnectionLimits, defaultLimits } from '../http2/limits.ts';
import { SlabPool } from '../http2/output.ts';
import type { RequestHead } from '../http2/request-head.ts';
import type { Application } from '../http2/requests.ts';
import type { Http2Stream, StreamReceiver } from '../http2/stream.ts';
import type { RpcServer, RpcServerOptions } from '../rpc-server.ts';
import type { Handlers, ServiceTable } from '../service.ts';
import { RpcError, StatusCode } from '../status.ts';
import { failureBlock } from './answers.ts';
import { CallHost } from './host.ts';
import { MethodTable } from './methods.ts';
import { type Route, readRoute } from './route.ts';
import { StreamCall } from './stream-call.ts';
import { UnaryCall } from './unary-call.ts';

type Connection = ServerConnection<Route>;

const headersTooLarge = failureBlock(
  new RpcError(StatusCode.RESOURCE_EXHAUSTED, 'grpc: the header list is larger than allowed'),
  { alone: true },
);

/** Of a call that is refused: whatever else comes is dropped. */
const deaf: StreamReceiver = {
  onData: () => undefined,
  onEnd: () => undefined,
  onClosed: () => undefined,
  onWritable: () => undefined,
};

export class FlotillaServer implements RpcServer, Application<Route> {
  readonly #methods: MethodTable;
  readonly #host: CallHost;
  readonly #limits: ConnectionLimits;
  readonly #onBug: (error: unknown) => void;
  readonly #slabs = new SlabPool();
  readonly #flusher = new Flusher();
  readonly #connections = new Set<Connection>();
  #onIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RpcServerOptions) {
    this.#methods = new MethodTable(options);
    this.#host = new CallHost(options);
    this.#onBug = (error) => options.onBug?.('', error);
    const { maxReceiveBytes = 0 } = options;
    this.#limits = {
      ...defaultLimits,
      maxHeldBytes: Math.max(defaultLimits.maxHeldBytes, 2 * maxReceiveBytes),
      keepaliveMs: options.keepaliveMs ?? defaultLimits.keepaliveMs,
      keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? defaultLimits.keepaliveTimeoutMs,
      minPingIntervalMs: options.minPingIntervalMs ?? defaultLimits.minPingIntervalMs,
    };
  }

  add<T extends ServiceTable>(table: T, handlers: Handlers<T>): void {
    this.#methods.add(table, handlers);
  }

  accept(socket: Duplex): void {
    if (this.#closing) {
      socket.destroy();
      return;
    }
    const connection: Connection = new ServerConnection({
      socket,
      application: this,
      limits: this.#limits,
      slabs: this.#slabs,
      flusher: this.#flusher,
      onClosed: () => this.#closed(connection),
      onBug: this.#onBug,
    });
    this.#connections.add(connection);
    if (!connection.taking) this.#closed(connection);
  }

  close(graceMs: number): Promise<void> {
    return (this.#closing ??= this.#close(graceMs));
  }

  route(head: RequestHead): Route {
    return readRoute(head, this.#methods);
  }

  open(stream: Http2Stream, route: Route): StreamReceiver {
    const { mounted } = route;
    if (!mounted) {
      stream.sendTrailers(route.refusal);
      return deaf;
    }
    if (mounted.kind === 'unary') return new UnaryCall(this.#host, { stream, route, mounted });
    const call = new StreamCall(this.#host, { stream, route, mounted });
    stream.receiver = call;
    call.begin();
    return call;
  }

  refuseHeaders(stream: Http2Stream): void {
    stream.sendTrailers(headersTooLarge);
  }

  async #close(graceMs: number): Promise<void> {
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    for (const connection of this.#connections) connection.shutDown();
    if (this.#connections.size > 0) {
      const timer = setTimeout(() => this.#destroyAll(), graceMs);
      await idle;
      clearTimeout(timer);
    }
    this.#host.deadlines.close();
  }

  #destroyAll(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onIdle?.();
  }
}
