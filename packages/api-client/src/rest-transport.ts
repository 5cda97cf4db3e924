/**
 * The transport over Kubernetes' REST interface: it speaks to our API server and to a real kube-apiserver alike. REST has no
 * elections: over it a leader holds a plain Lease object (see plain-election.ts). A fence that was won elsewhere travels in
 * headers of our own.
 */
import type { DeleteOptions, KubeObject } from '@flotilla/api';
import { createCallScope } from './call-scope.ts';
import { apiErrorOf, asObject, badResponse, isRecord, parseJson } from './json.ts';
import {
  type RestConnectionOptions,
  type RestRequest,
  openRestConnection,
  readLines,
  readText,
} from './rest-connection.ts';
import { restPath, restQuery } from './rest-path.ts';
import type { ObjectList, ResourceRef, Transport, WatchEvent, WriteOptions } from './transport.ts';

export interface RestTransportOptions extends RestConnectionOptions {
  /** How long a call other than a watch may take, milliseconds. */
  readonly timeoutMs: number;
}

export function restTransport(options: RestTransportOptions): Transport {
  const connection = openRestConnection(options);
  const { server } = connection;
  const scope = createCallScope();

  /** Sends one request and gives its JSON answer. */
  const call = async (request: RestRequest): Promise<unknown> => {
    const open = scope.enter({ signal: request.signal, timeoutMs: options.timeoutMs });
    try {
      const response = await connection.send({ ...request, signal: open.signal });
      const text = await readText(server, response);
      const code = response.statusCode ?? 500;
      if (code >= 400) throw apiErrorOf(code, jsonOrText(text));
      return parseJson(text);
    } finally {
      open.leave();
    }
  };
  const write = async (
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    ref: ResourceRef,
    { body, type = 'application/json', query, options: writeOptions }: Write,
  ): Promise<unknown> => {
    const path = restPath(ref) + restQuery({ ...writeQuery(writeOptions), ...query });
    return await call({
      method,
      path,
      body: { type, text: JSON.stringify(body) },
      signal: writeOptions.signal,
      headers: fenceHeaders(writeOptions),
    });
  };

  return {
    name: 'rest',
    get: (ref, { resourceVersion, signal }) =>
      call({ method: 'GET', path: restPath(ref) + restQuery({ resourceVersion }), signal }),
    async list(ref, { signal, ...query }) {
      return listOf(await call({ method: 'GET', path: restPath(ref) + restQuery(query), signal }));
    },
    async *watch(ref, { signal, ...query }) {
      const path = restPath(ref) + restQuery({ ...query, watch: true });
      const open = scope.enter({ signal });
      try {
        const response = await connection.send({ method: 'GET', path, signal: open.signal });
        const code = response.statusCode ?? 500;
        if (code >= 400) throw apiErrorOf(code, jsonOrText(await readText(server, response)));
        for await (const line of readLines(server, response)) yield eventOf(parseJson(line));
      } finally {
        open.leave();
      }
    },
    create: (ref, body, writeOptions) => write('POST', ref, { body, options: writeOptions }),
    update: (ref, body, writeOptions) => write('PUT', ref, { body, options: writeOptions }),
    patch: (ref, { type, body, force }, writeOptions) =>
      write('PATCH', ref, { body, type, query: { force }, options: writeOptions }),
    delete: (ref, body: DeleteOptions, writeOptions) =>
      write('DELETE', ref, {
        body: { ...body, kind: 'DeleteOptions', apiVersion: 'v1' },
        options: { ...writeOptions, fieldManager: undefined, fieldValidation: undefined },
      }),
    close() {
      scope.close();
      connection.close();
    },
  };
}

interface Write {
  readonly body: unknown;
  readonly type?: string;
  readonly query?: Readonly<Record<string, boolean | undefined>>;
  readonly options: WriteOptions;
}

function writeQuery({ fieldManager, fieldValidation, dryRun }: WriteOptions): Record<string, string | undefined> {
  return { fieldManager, fieldValidation, dryRun: dryRun === true ? 'All' : undefined };
}

/** Flotilla's own headers; a foreign server ignores them, and there no term has a fence. */
function fenceHeaders({ fence }: WriteOptions): Record<string, string> {
  if (!fence) return {};
  const key = Buffer.from(fence.key).toString('base64');
  return { 'flotilla-fence-key': key, 'flotilla-fence-revision': String(fence.createRevision) };
}

function jsonOrText(text: string): unknown {
  return text.trimStart().startsWith('{') ? parseJson(text) : text;
}

/** Items of a list carry no type of their own in Kubernetes' JSON: it follows from the list's. */
function listOf(value: unknown): ObjectList {
  if (!isRecord(value)) throw badResponse('a list that is no object');
  const { apiVersion, kind, metadata, items } = value;
  const meta = isRecord(metadata) ? metadata : {};
  const type = { apiVersion, kind: typeof kind === 'string' ? kind.replace(/List$/, '') : kind };
  const typed = (item: unknown): KubeObject => asObject(isRecord(item) ? { ...type, ...item } : item);
  return {
    resourceVersion: textOf(meta['resourceVersion']),
    continue: textOf(meta['continue']),
    items: Array.isArray(items) ? items.map(typed) : [],
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function eventOf(value: unknown): WatchEvent {
  if (!isRecord(value)) throw badResponse('a watch event that is no object');
  const { type, object } = value;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return { type, object: asObject(object) };
    case 'ERROR':
      throw apiErrorOf(500, object);
    default:
      throw badResponse(`a watch event of type ${JSON.stringify(type)}`);
  }
}
