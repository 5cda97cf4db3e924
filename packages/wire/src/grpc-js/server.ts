/** The server of `@grpc/grpc-js` behind the interface that our own has. */
import type { Duplex } from 'node:stream';
import type * as grpcjs from '@grpc/grpc-js';
import type { RpcServer, RpcServerOptions } from '../rpc-server.ts';
import type { Handlers, ServiceTable } from '../service.ts';
import { library } from './library.cts';
import { mountService } from './mount.ts';

export class GrpcJsServer implements RpcServer {
  readonly #options: RpcServerOptions;
  readonly #server: grpcjs.Server;
  readonly #injector: ReturnType<grpcjs.Server['createConnectionInjector']>;
  readonly #sockets = new Set<Duplex>();
  #onIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RpcServerOptions) {
    this.#options = options;
    const { Server, ServerCredentials } = library();
    this.#server = new Server({
      'grpc.max_receive_message_length': options.maxReceiveBytes ?? -1,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': options.keepaliveMs ?? 2 * 3600 * 1000,
      'grpc.keepalive_timeout_ms': options.keepaliveTimeoutMs ?? 20_000,
    });
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  add<T extends ServiceTable>(table: T, handlers: Handlers<T>): void {
    mountService(this.#server, table, handlers, this.#options);
  }

  accept(socket: Duplex): void {
    if (this.#closing) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#closed(socket));
    this.#injector.injectConnection(socket);
  }

  close(graceMs: number): Promise<void> {
    return (this.#closing ??= this.#close(graceMs));
  }

  async #close(graceMs: number): Promise<void> {
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    this.#injector.drain(graceMs);
    if (this.#sockets.size > 0) {
      const timer = setTimeout(() => this.#destroyAll(), graceMs);
      await idle;
      clearTimeout(timer);
    }
    this.#injector.destroy();
    this.#server.forceShutdown();
  }

  #destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #closed(socket: Duplex): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) this.#onIdle?.();
  }
}
