/** A store and API servers on it for a test, with credentials for those who call. */
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type ApiServerOptions, type RunningApiServer, startApiServer } from '@flotilla/apiserver';
import { type Authority, type Identity, createAuthority } from './certificates.ts';
import { type TestEtcd, startEtcd } from './etcd.ts';

export interface Response {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  readonly json: Json;
}

/**
 * What tests read of the JSON that is answered: objects, lists, tables, statuses and watch events in one shape. Which of it
 * is there depends on what was asked; an assertion on what is not there fails.
 */
export interface Json {
  readonly kind: string;
  readonly type: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
    readonly continue: string;
    readonly remainingItemCount: number;
    readonly finalizers: readonly string[];
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly items: readonly Json[];
  readonly rows: readonly Json[];
  readonly object: Json;
  readonly data: Readonly<Record<string, string>>;
  readonly spec: {
    readonly clusterIP: string;
    readonly nodeName: string;
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
  readonly status: { readonly replicas: number; readonly conditions: readonly unknown[] } | undefined;
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details: { readonly causes: readonly { readonly field: string; readonly reason: string }[] };
}

/** JSON that a test reads from elsewhere than an answer. */
export function parseJson(text: string | Uint8Array): Json {
  return JSON.parse(Buffer.from(text).toString()) as Json;
}

export interface RequestOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RestClient {
  send(path: string, options?: RequestOptions): Promise<Response>;
  get(path: string): Promise<Response>;
  create(path: string, body: unknown): Promise<Response>;
  patch(path: string, body: unknown, type?: string): Promise<Response>;
  remove(path: string, body?: unknown): Promise<Response>;
  /** The lines of a watch as they come; `stop` ends it. */
  watch(path: string): WatchedStream;
  close(): void;
}

export interface WatchedStream extends AsyncIterable<Json> {
  /** Resolves with the next event. */
  next(): Promise<Json>;
  stop(): void;
}

export interface TestCluster {
  readonly etcd: TestEtcd;
  readonly authority: Authority;
  readonly admin: Identity;
  readonly server: RunningApiServer;
  /** Another API server on the same store. */
  another(options?: Partial<ApiServerOptions>): Promise<RunningApiServer>;
  client(identity?: Identity, server?: RunningApiServer): RestClient;
  stop(): Promise<void>;
}

export async function startCluster(options: Partial<ApiServerOptions> = {}): Promise<TestCluster> {
  const etcd = await startEtcd();
  const authority = await createAuthority();
  const serving = await authority.server([
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '127.0.0.1' },
  ]);
  const admin = await authority.client('admin', ['system:masters']);
  const servers: RunningApiServer[] = [];
  const clients: RestClient[] = [];
  const another = async (more: Partial<ApiServerOptions> = {}): Promise<RunningApiServer> => {
    const server = await startApiServer({
      etcdServers: [etcd.endpoint],
      securePort: 0,
      tlsCert: serving.cert,
      tlsKey: serving.key,
      clientCa: authority.ca,
      serviceClusterIpRange: '127.96.0.0/24',
      compactionIntervalMs: 0,
      ...options,
      ...more,
    });
    servers.push(server);
    return server;
  };
  const server = await another();
  return {
    etcd,
    authority,
    admin,
    server,
    another,
    client(identity = admin, to = server) {
      const client = restClient(to.address, authority.ca, identity);
      clients.push(client);
      return client;
    },
    async stop() {
      for (const client of clients) client.close();
      await Promise.all(servers.map((running) => running.close()));
      await etcd.stop();
    },
  };
}

/** @param identity undefined: without a certificate. */
export function restClient(address: string, ca: string, identity: Identity | undefined): RestClient {
  const agent = new Agent({ keepAlive: true, ca, ...identity });
  const [host, port] = address.split(':');
  const open = (path: string, { method = 'GET', body, type = 'application/json', headers = {} }: RequestOptions = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
      const request = httpsRequest(
        {
          agent,
          host,
          port,
          path,
          method,
          servername: 'localhost',
          headers: { ...bodyHeaders(text, type), ...headers },
        },
        resolve,
      );
      request.on('error', reject);
      request.end(text);
    });
  const send = async (path: string, options?: RequestOptions): Promise<Response> => {
    const response = await open(path, options);
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const text = bytes.toString();
    const isJson = response.headers['content-type']?.startsWith('application/json') === true && text !== '';
    return {
      code: response.statusCode ?? 0,
      headers: response.headers,
      bytes,
      text,
      json: (isJson ? JSON.parse(text) : {}) as Json,
    };
  };
  return {
    send,
    get: (path) => send(path),
    create: (path, body) => send(path, { method: 'POST', body }),
    patch: (path, body, type = 'application/merge-patch+json') => send(path, { method: 'PATCH', body, type }),
    remove: (path, body) => send(path, { method: 'DELETE', body }),
    watch: (path) => watchedStream(open(path)),
    close: () => agent.destroy(),
  };
}

function bodyHeaders(text: string | undefined, type: string): Record<string, string> {
  return text === undefined ? {} : { 'content-type': type, 'content-length': String(Buffer.byteLength(text)) };
}

function watchedStream(opened: Promise<IncomingMessage>): WatchedStream {
  async function* events(): AsyncGenerator<Json, void> {
    const response = await opened;
    let text = '';
    for await (const chunk of response as AsyncIterable<Buffer>) {
      text += chunk.toString();
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line) as Json;
    }
    if (text !== '') yield JSON.parse(text) as Json;
  }
  const iterator = events();
  return {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      const { value, done } = await iterator.next();
      if (done === true) throw new Error('the watch has ended');
      return value;
    },
    stop() {
      void opened.then((response) => response.destroy());
      iterator.return().catch(() => undefined);
    },
  };
}
