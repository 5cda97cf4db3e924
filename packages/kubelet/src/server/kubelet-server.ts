/**
 * The kubelet's HTTPS server: logs, health and pods. Whoever reaches it can read what pods print, so nothing is open: TLS, a client
 * certificate of the cluster's CA, and a name that may call (the API server's).
 */
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Pod } from '@flotilla/api';
import { codeOf, messageOf, type Clock, type Logger } from '@flotilla/base';
import type { RuntimeService } from '../runtime/cri.ts';
import { HttpProblem, serveLog } from './log-route.ts';

export interface KubeletServerOptions {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
  readonly tls: KubeletTls;
  /** Common names of the client certificates that may call. */
  readonly clientNames: readonly string[];
  readonly runtime: RuntimeService;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The pods of the node, for `/pods`. */
  pods(): readonly Pod[];
}

/** PEM. */
export interface KubeletTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Signs the certificates of clients. */
  readonly clientCa: string | Buffer;
}

export interface KubeletServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws Node's own listen errors, e.g. code `EADDRINUSE` */
export async function startKubeletServer(options: KubeletServerOptions): Promise<KubeletServer> {
  const { cert, key, clientCa } = options.tls;
  const tls = { cert, key, ca: clientCa, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const;
  const sockets = new Set<Socket>();
  const server = createServer(tls, (request, response) => void answer(options, request, response));
  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    port,
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closing;
    },
  };
}

function listen(server: Server, { host, port }: KubeletServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

async function answer(
  options: KubeletServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    checkClient(options, request);
    await route(options, request, response);
  } catch (error) {
    if (response.headersSent) {
      // The client went away, or the rest cannot be read: an answer that breaks off says so.
      if (codeOf(error) !== 'ABORT_ERR') options.logger.warn('a log broke off', { reason: messageOf(error) });
      response.destroy();
      return;
    }
    const status = error instanceof HttpProblem ? error.status : 500;
    if (status === 500) options.logger.error('a request failed', { url: request.url, err: error });
    response.writeHead(status, { 'Content-Type': 'text/plain' }).end(messageOf(error));
  }
}

function checkClient({ clientNames }: KubeletServerOptions, request: IncomingMessage): void {
  const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
  const known = typeof name === 'string' && clientNames.includes(name);
  if (!known)
    throw new HttpProblem(
      403,
      `Forbidden (user=${String(name)}, verb=${request.method?.toLowerCase()}, resource=nodes)`,
    );
}

async function route(options: KubeletServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://kubelet');
  if (request.method !== 'GET') throw new HttpProblem(405, 'only GET is served');
  if (url.pathname === '/healthz') {
    response.writeHead(200, { 'Content-Type': 'text/plain' }).end('ok');
    return;
  }
  if (url.pathname === '/pods') {
    const list = { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: options.pods() };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(list));
    return;
  }
  const [root, namespace, pod, container, more] = url.pathname.slice(1).split('/').map(decode);
  if (root !== 'containerLogs' || !namespace || !pod || !container || more !== undefined) {
    throw new HttpProblem(404, '404 page not found');
  }
  await serveLog(options, { target: { namespace, pod, container }, query: url.searchParams, response });
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new HttpProblem(400, `"${part}" is no valid part of a URL`);
  }
}
