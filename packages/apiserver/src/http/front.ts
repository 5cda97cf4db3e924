/**
 * The one TLS port. ALPN decides: a client that speaks HTTP/1.1 gets REST, one that speaks nothing but h2 is taken for gRPC.
 * A client certificate that no trusted authority signed gets no further: REST tells its owner so, an h2 connection ends.
 */
import { constants } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ConnectionInjector } from '@grpc/grpc-js';
import { type Logger, OperatingError, messageOf } from '@flotilla/base';
import type { Listener } from './listener.ts';

export interface FrontOptions {
  readonly bindAddress: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** PEM: the authorities of client certificates; absent: none are accepted. */
  readonly clientCa: string | undefined;
  readonly listener: Listener;
  readonly grpc: ConnectionInjector;
  readonly logger: Logger;
}

export interface Front {
  /** `host:port`. */
  readonly address: string;
  /** Takes no new connections, and ends the present ones at most `graceMs` later. */
  close(graceMs: number): Promise<void>;
}

/** @throws OperatingError `LISTEN_FAILED`. */
export async function openFront(options: FrontOptions): Promise<Front> {
  const sockets = new Set<TLSSocket>();
  const server = createServer(
    {
      cert: options.cert,
      key: options.key,
      ...(options.clientCa !== undefined && { ca: options.clientCa }),
      requestCert: true,
      rejectUnauthorized: false,
      noDelay: true,
      minVersion: 'TLSv1.2',
      // A resumed session would bring its certificate's old verdict along.
      secureOptions: constants.SSL_OP_NO_TICKET,
      ALPNCallback: ({ protocols }) => (protocols.includes('http/1.1') ? 'http/1.1' : 'h2'),
    },
    options.listener,
  );
  // Node's own listener speaks HTTP/1.1 on every connection; ours comes before it and hands over the rest.
  const http1 = server.listeners('secureConnection') as ((this: HttpServer, socket: TLSSocket) => void)[];
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', (error) => options.logger.debug('a connection failed', { error: messageOf(error) }));
    if (socket.alpnProtocol !== 'h2') for (const listener of http1) listener.call(server, socket);
    else if (isUnverified(socket)) socket.destroy();
    else options.grpc.injectConnection(socket);
  });
  server.on('tlsClientError', (error) => options.logger.debug('a TLS handshake failed', { error: messageOf(error) }));
  server.requestTimeout = 60_000;
  server.headersTimeout = 30_000;
  server.keepAliveTimeout = 75_000;
  await listen(server, options);
  const { address, port } = server.address() as AddressInfo;

  return {
    address: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      options.grpc.drain(graceMs);
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

function isUnverified(socket: TLSSocket): boolean {
  return !socket.authorized && Object.keys(socket.getPeerCertificate()).length > 0;
}

function listen(server: Server, { bindAddress, port }: FrontOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => {
      reject(
        new OperatingError('LISTEN_FAILED', `cannot listen on ${bindAddress}:${port}: ${error.message}`, {
          cause: error,
        }),
      );
    };
    server.once('error', refuse);
    server.listen(port, bindAddress, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}
