/**
 * One port for gRPC and HTTP/1.1. The first bytes of a connection tell: HTTP/2 begins with `PRI`. The socket is then handed
 * on untouched. Owns every socket it accepted until `close`.
 */
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { OperatingError, codeOf, messageOf } from '@flotilla/base';
import type { RpcServer } from '@flotilla/wire';

/** A connection that says nothing is ended after this time. */
const helloTimeoutMs = 10_000;
/** Bytes that tell the protocols apart. */
const helloBytes = 3;

export interface FrontOptions {
  readonly host: string;
  readonly port: number;
  /** The flag that a message about the address names. */
  readonly flag: string;
  /** Listens there already, and is taken over. */
  readonly listener?: net.Server | undefined;
  /** Serves what speaks HTTP/2; closed with the front. */
  readonly grpc: RpcServer;
  /** Serves what speaks HTTP/1.1. */
  readonly onRequest: http.RequestListener;
}

export interface Front {
  readonly port: number;
  /** Connections that came before are served from now on too. */
  serve(): void;
  /** Takes no new connections, lets calls finish for `graceMs`, then ends all. */
  close(graceMs: number): Promise<void>;
}

/** @throws OperatingError when the address can't be bound, with what to do. */
export async function openFront(options: FrontOptions): Promise<Front> {
  const { grpc, onRequest } = options;
  const httpServer = http.createServer(onRequest);
  const sockets = new Set<net.Socket>();
  /** Accepted before there is anybody to serve them. */
  let waiting: net.Socket[] | undefined = [];

  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(helloTimeoutMs, () => socket.destroy());
    if (waiting) waiting.push(socket);
    else greet(socket);
  });

  const greet = (socket: net.Socket): void => {
    const look = (): void => {
      const hello: unknown = socket.read(helloBytes);
      if (!Buffer.isBuffer(hello)) return;
      socket.off('readable', look);
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.pause();
      socket.unshift(hello);
      if (hello.toString('latin1') === 'PRI') {
        grpc.accept(socket);
      } else {
        httpServer.emit('connection', socket);
        socket.resume();
      }
    };
    socket.on('readable', look);
  };
  await listen(server, options);

  let closing: Promise<void> | undefined;
  const close = async (graceMs: number): Promise<void> => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    const grpcClosed = grpc.close(graceMs);
    httpServer.closeIdleConnections();
    const ended = Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([ended, grace]);
    clearTimeout(timer);
    for (const socket of sockets) socket.destroy();
    httpServer.closeAllConnections();
    await Promise.all([grpcClosed, closed]);
  };
  return {
    port: (server.address() as AddressInfo).port,
    serve() {
      for (const socket of waiting ?? []) greet(socket);
      waiting = undefined;
    },
    close: (graceMs) => (closing ??= close(graceMs)),
  };
}

/** @throws OperatingError when the address can't be bound, with what to do. */
export function listen(
  server: net.Server,
  { host, port, flag, listener }: Pick<FrontOptions, 'host' | 'port' | 'flag' | 'listener'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const place = `${host}:${port}`;
      const text =
        codeOf(error) === 'EADDRINUSE'
          ? `${place} is in use by another program: stop it, or give another --${flag}`
          : `can't listen on ${place}: ${messageOf(error)}. Give another --${flag}`;
      reject(new OperatingError('LISTEN_FAILED', text, { cause: error }));
    });
    const listening = (): void => {
      server.removeAllListeners('error');
      resolve();
    };
    if (listener) server.listen(listener, listening);
    else server.listen({ host, port }, listening);
  });
}
