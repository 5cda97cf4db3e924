/**
 * HTTP/1.1 over kept connections to one API server: a request, its answer's head, and the body as a stream. A GET that met a
 * kept connection just as the server closed it is sent once more; nothing else is.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import { messageOf } from '@flotilla/base';
import { isAborted, unreachable } from './errors.ts';

export interface RestTls {
  readonly ca: string | Uint8Array;
  readonly cert?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  readonly serverName?: string | undefined;
}

export interface RestConnectionOptions {
  /** `https://host:port`, without a path. */
  readonly server: string;
  readonly tls?: RestTls | undefined;
  readonly token?: string | undefined;
  readonly userAgent: string;
}

export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly body?: { readonly type: string; readonly text: string } | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RestConnection {
  readonly server: string;
  send(request: RestRequest): Promise<http.IncomingMessage>;
  close(): void;
}

/** Watches hold one each; calls beyond the rest wait their turn. */
const maxSockets = 100;

export function openRestConnection(options: RestConnectionOptions): RestConnection {
  const { server, tls, token, userAgent } = options;
  const url = new URL(server);
  const secure = url.protocol === 'https:';
  const agentOptions = { keepAlive: true, maxSockets, scheduling: 'lifo' as const };
  const agent = secure ? new https.Agent({ ...agentOptions, ...tlsOptions(tls) }) : new http.Agent(agentOptions);
  const headers = {
    accept: 'application/json',
    'user-agent': userAgent,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };

  const sendOnce = (request: RestRequest): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { method, path, body, signal } = request;
      const target = { protocol: url.protocol, hostname: bareHost(url), port: url.port, agent, method, path };
      const bodyHeaders = body && { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) };
      const call = (secure ? https : http).request({
        ...target,
        headers: { ...headers, ...request.headers, ...bodyHeaders },
        ...(signal && { signal }),
      });
      call.on('response', resolve);
      call.on('error', (error) => {
        const staleSocket = call.reusedSocket && method === 'GET' && !isAborted(signal);
        if (staleSocket) resolve(sendOnce(request));
        else reject(unreachable(server, error));
      });
      call.end(body?.text);
    });

  return { server, send: sendOnce, close: () => agent.destroy() };
}

function tlsOptions(tls: RestTls | undefined): https.AgentOptions {
  if (!tls) return {};
  const buffer = (pem: string | Uint8Array): Buffer => Buffer.from(pem);
  return {
    ca: buffer(tls.ca),
    ...(tls.cert !== undefined && { cert: buffer(tls.cert) }),
    ...(tls.key !== undefined && { key: buffer(tls.key) }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
  };
}

/** An IPv6 literal without its brackets. */
function bareHost({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

/** The whole body as text. */
export async function readText(server: string, response: http.IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  try {
    for await (const chunk of response) text += String(chunk);
  } catch (error) {
    throw unreachable(server, error);
  }
  return text;
}

/** The body line by line, without empty lines. Leaving the loop closes the connection. */
export async function* readLines(server: string, response: http.IncomingMessage): AsyncGenerator<string, void> {
  response.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') yield line;
    }
  } catch (error) {
    throw unreachable(server, `the stream broke off: ${messageOf(error)}`);
  } finally {
    response.destroy();
  }
}
