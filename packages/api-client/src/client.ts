/**
 * The typed client. A `ResourceClient` is the verbs on one kind; an `ApiClient` gives them out and carries what all writes have
 * in common: the field manager and, for a leader, the fence of its term (`withFence`).
 */
import type { DeleteOptions, Kind, KubeObject, Model } from '@flotilla/api';
import { OperatingError } from '@flotilla/base';
import { grpcTransport } from './grpc-transport.ts';
import { asObject, asStatus } from './json.ts';
import { restTransport } from './rest-transport.ts';
import type {
  CallOptions,
  Fence,
  GetOptions,
  ListOptions,
  ObjectList,
  Patch,
  ResourceRef,
  Transport,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './transport.ts';

/** What a client must know of a kind. Every `Kind<T>` of @flotilla/api is one; a few plain words serve for any other. */
export type ResourceType<T extends KubeObject = KubeObject> = Pick<
  Kind<T>,
  'group' | 'version' | 'kind' | 'plural' | 'namespaced'
> & { readonly model?: Model<T> | undefined };

/** Names one object; `namespace` is absent for cluster-scoped kinds. */
export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface InNamespace {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
}

/** Options of a write. The fence is the client's and cannot be left out by a caller. */
export type ChangeOptions = Omit<WriteOptions, 'fence'>;

export interface PatchOptions extends ChangeOptions {
  readonly subresource?: string | undefined;
}

/** A subresource's own verbs, such as POST pods/NAME/binding. The bodies are whatever the subresource takes. */
export interface SubresourceClient {
  get(at: ObjectName, options?: CallOptions): Promise<KubeObject>;
  /** @returns the answer: an object or a Status. */
  create(at: ObjectName, body: KubeObject, options?: ChangeOptions): Promise<unknown>;
  update(at: ObjectName, body: KubeObject, options?: ChangeOptions): Promise<KubeObject>;
}

/**
 * The verbs on one kind. An object's own metadata says where a write goes; a name left empty with `generateName` set is drawn
 * by the server. Throws `ApiError` when refused, `OperatingError` `API_UNREACHABLE` when unanswered.
 */
export interface ResourceClient<T extends KubeObject> {
  readonly type: ResourceType<T>;
  get(at: ObjectName, options?: GetOptions): Promise<T>;
  list(options?: ListOptions & InNamespace): Promise<ObjectList<T>>;
  watch(options?: WatchOptions & InNamespace): AsyncIterable<WatchEvent<T>>;
  create(object: T, options?: ChangeOptions): Promise<T>;
  /** With a resourceVersion, only over that version. */
  update(object: T, options?: ChangeOptions): Promise<T>;
  updateStatus(object: T, options?: ChangeOptions): Promise<T>;
  patch(at: ObjectName, patch: Patch, options?: PatchOptions): Promise<T>;
  /** @returns the object while it lives on (grace, finalizers), or undefined when nothing was left. */
  delete(at: ObjectName, body?: DeleteOptions, options?: ChangeOptions): Promise<T | undefined>;
  subresource(name: string): SubresourceClient;
}

export interface ApiClient {
  readonly transport: Transport;
  /** The fence that all writes of this client carry. */
  readonly fence: Fence | undefined;
  resource<T extends KubeObject>(type: ResourceType<T>): ResourceClient<T>;
  /** A client over the same connection whose writes carry the fence. Closing either closes the connection. */
  withFence(fence: Fence): ApiClient;
  close(): void;
}

export interface ApiClientTls {
  /** PEM. */
  readonly ca: string | Uint8Array;
  readonly cert?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  /** The name to verify instead of the server's host. */
  readonly serverName?: string | undefined;
}

export interface ApiClientOptions {
  readonly transport: 'grpc' | 'rest';
  /** `https://host:port`. */
  readonly server: string;
  readonly tls?: ApiClientTls | undefined;
  /** A bearer token, where no client certificate is used. */
  readonly token?: string | undefined;
  /** Who writes, for `managedFields`, and the user agent; `flotilla` unless told. */
  readonly fieldManager?: string | undefined;
  /** How long a call other than a watch may take, milliseconds; 30,000 unless told. */
  readonly timeoutMs?: number | undefined;
}

/** Opens no connection yet: the first call does. @throws OperatingError code `INVALID_SERVER` */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const { fieldManager = 'flotilla' } = options;
  return clientOver(transportOf(options), { fieldManager, fence: undefined });
}

function transportOf({ transport, server, tls, token, fieldManager, timeoutMs = 30_000 }: ApiClientOptions): Transport {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.pathname !== '/') {
    throw new OperatingError('INVALID_SERVER', `the API server's address must be https://host:port, not "${server}"`);
  }
  const secure = url.protocol === 'https:';
  const checkedTls = secure ? tls : undefined;
  if (secure && !tls)
    throw new OperatingError('INVALID_SERVER', `${server} needs a certificate authority to verify it`);
  switch (transport) {
    case 'grpc': {
      const target = url.port === '' ? `${url.hostname}:${secure ? 443 : 80}` : url.host;
      return grpcTransport({ target, tls: checkedTls && channelTls(checkedTls), token, timeoutMs });
    }
    case 'rest':
      return restTransport({ server, tls: checkedTls, token, userAgent: fieldManager ?? 'flotilla', timeoutMs });
  }
}

function channelTls({ ca, cert, key, serverName }: ApiClientTls) {
  return { ca, ...(cert && { cert }), ...(key && { key }), ...(serverName !== undefined && { serverName }) };
}

interface Writing {
  readonly fieldManager: string;
  readonly fence: Fence | undefined;
}

/** A client over any transport; tests bring a scripted one. */
export function clientOver(transport: Transport, writing: Writing): ApiClient {
  return {
    transport,
    fence: writing.fence,
    resource: (type) => resourceClient(transport, type, writing),
    withFence: (fence) => clientOver(transport, { ...writing, fence }),
    close: () => transport.close(),
  };
}

// The server validated what it stores, so an answer about kind T is a T once it has metadata.
const as = <T extends KubeObject>(value: unknown): T => asObject(value) as T;

function resourceClient<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  writing: Writing,
): ResourceClient<T> {
  const { group, version, plural: resource, namespaced } = type;
  const collection = (namespace: string | undefined): ResourceRef => ({
    group,
    version,
    resource,
    namespace: namespaced ? namespace : undefined,
  });
  const at = ({ namespace, name }: ObjectName, subresource?: string): ResourceRef => ({
    ...collection(namespace),
    name,
    subresource,
  });
  const write = (options: ChangeOptions = {}): WriteOptions => ({ ...writing, ...options, fence: writing.fence });

  return {
    type,
    get: async (name, options = {}) => as<T>(await transport.get(at(name), options)),
    async list({ namespace, ...options } = {}) {
      return (await transport.list(collection(namespace), options)) as ObjectList<T>;
    },
    watch: ({ namespace, ...options } = {}) =>
      transport.watch(collection(namespace), options) as AsyncIterable<WatchEvent<T>>,
    create: async (object, options) =>
      as<T>(await transport.create(collection(object.metadata.namespace), object, write(options))),
    update: async (object, options) => as<T>(await transport.update(at(object.metadata), object, write(options))),
    updateStatus: async (object, options) =>
      as<T>(await transport.update(at(object.metadata, 'status'), object, write(options))),
    patch: async (name, patch, { subresource, ...options } = {}) =>
      as<T>(await transport.patch(at(name, subresource), patch, write(options))),
    async delete(name, body = {}, options) {
      const answer = await transport.delete(at(name), body, write(options));
      return asStatus(answer) ? undefined : as<T>(answer);
    },
    subresource: (subresource) => ({
      get: async (name, options = {}) => asObject(await transport.get(at(name, subresource), options)),
      create: (name, body, options) => transport.create(at(name, subresource), body, write(options)),
      update: async (name, body, options) =>
        asObject(await transport.update(at(name, subresource), body, write(options))),
    }),
  };
}
