/**
 * One port, or one Unix socket, for gRPC, HTTP/1.1 or both, over TLS, in clear text, or both. The first bytes of a connection tell: a TLS handshake begins
 * with 22, HTTP/2 with `PRI`. The socket is then handed on untouched. Owns every socket it accepted until `close`.
 */
import http from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { RpcServer } from '@flotilla/wire';
import { type ServerTls, createAcceptor } from '../tls/server-tls.ts';
import { type ListenOptions, listen } from './listening.ts';

/** A connection that says nothing is ended after this time. */
const helloTimeoutMs = 10_000;
/** Bytes that tell the protocols apart. */
const helloBytes = 3;
/** The first byte of a TLS handshake (RFC 8446, section 5.1). */
const handshakeType = 22;

export interface FrontOptions extends ListenOptions {
  /** Who connects speaks TLS; absent: clear text. */
  readonly tls?: ServerTls | undefined;
  /** Clear text is served beside TLS. */
  readonly clearTextToo?: boolean;
  /** Serves what speaks HTTP/2; closed with the front. Absent: only HTTP/1.1 is spoken. */
  readonly grpc?: RpcServer;
  /** Serves what speaks HTTP/1.1. Absent: its connections are ended without an answer. */
  readonly onRequest?: http.RequestListener;
  /** Takes a request of HTTP/1.1 to go on with another protocol; absent: it is a request like any other. */
  readonly onUpgrade?: UpgradeListener;
}

export type UpgradeListener = (request: http.IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface Front {
  /** That was bound; undefined for a socket that is a file. */
  readonly port: number | undefined;
  /** Connections that came before are served from now on too. */
  serve(): void;
  /** Takes no new connections, lets calls finish for `graceMs`, then ends all. */
  close(graceMs: number): Promise<void>;
}

/** @throws OperatingError when the address can't be bound, with what to do. */
export async function openFront(options: FrontOptions): Promise<Front> {
  const { grpc, onRequest, onUpgrade, tls, clearTextToo = false } = options;
  const httpServer = http.createServer(onRequest);
  if (onUpgrade) httpServer.on('upgrade', onUpgrade);
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

  const serve = (socket: net.Socket, hello: Buffer): void => {
    if (grpc && hello.toString('latin1') === 'PRI') return grpc.accept(socket);
    if (!onRequest) return void socket.destroy();
    httpServer.emit('connection', socket);
    socket.resume();
  };
  const onSecure = (secured: TLSSocket): void => {
    if (grpc && secured.alpnProtocol === 'h2') return grpc.accept(secured);
    secured.setTimeout(helloTimeoutMs, () => secured.destroy());
    untilHello(secured, serve);
  };
  // What is not gRPC is served over HTTP/1.1 alone, and clients of gRPC offer nothing but h2.
  const protocols = [...(onRequest ? ['http/1.1'] : []), ...(grpc ? ['h2'] : [])];
  const secure = tls && createAcceptor(tls, { protocols, onSecure });
  const greet = (socket: net.Socket): void => {
    if (!secure) return untilHello(socket, serve);
    // The handshake has a time limit of its own.
    if (!clearTextToo) return secure(endHelloTimeout(socket));
    untilHello(socket, (_, hello) => (hello[0] === handshakeType ? secure(socket) : serve(socket, hello)));
  };
  await listen(server, options);
  const address = server.address();

  let closing: Promise<void> | undefined;
  const close = async (graceMs: number): Promise<void> => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    const grpcClosed = grpc?.close(graceMs);
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
    port: address !== null && typeof address === 'object' ? address.port : undefined,
    serve() {
      for (const socket of waiting ?? []) greet(socket);
      waiting = undefined;
    },
    close: (graceMs) => (closing ??= close(graceMs)),
  };
}

/** Hands a socket on once its first bytes are there, which are put back. */
function untilHello(socket: net.Socket, take: (socket: net.Socket, hello: Buffer) => void): void {
  const look = (): void => {
    const hello: unknown = socket.read(helloBytes);
    if (!Buffer.isBuffer(hello)) return;
    socket.off('readable', look);
    endHelloTimeout(socket);
    socket.pause();
    socket.unshift(hello);
    take(socket, hello);
  };
  socket.on('readable', look);
}

function endHelloTimeout(socket: net.Socket): net.Socket {
  return socket.setTimeout(0).removeAllListeners('timeout');
}
