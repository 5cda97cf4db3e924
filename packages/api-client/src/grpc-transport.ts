/** The transport over `flotilla.v1.Resources`: the same JSON objects as REST, many calls on one connection. */
import type { KubeObject } from '@flotilla/api';
import {
  type CallOptions as RpcOptions,
  type ChannelTls,
  StatusCode,
  connectService,
  flotilla,
  isRpcError,
  openChannel,
  resourcesService,
} from '@flotilla/wire';
import { OperatingError } from '@flotilla/base';
import { createCallScope } from './call-scope.ts';
import { type GrpcCalls, grpcElections } from './election-service.ts';
import { apiUnimplemented, unreachable } from './errors.ts';
import { apiErrorOf, badResponse, parseJson, parseObject } from './json.ts';
import type { CallOptions, Fence, ResourceRef, Transport, WatchEvent, WriteOptions } from './transport.ts';

export interface GrpcTransportOptions {
  /** `host:port`. */
  readonly target: string;
  readonly tls?: ChannelTls | undefined;
  readonly token?: string | undefined;
  /** How long a unary call may take, milliseconds. */
  readonly timeoutMs: number;
}

/** Where a refused call carries its Status, as JSON. */
const statusTrailer = 'flotilla-status-bin';

type WireEvent = flotilla.v1.IWatchEvent;

export function grpcTransport({ target, tls, token, timeoutMs }: GrpcTransportOptions): Transport {
  const channel = openChannel({ target, ...(tls && { tls }) });
  const resources = connectService(channel, resourcesService);
  const scope = createCallScope();
  const metadata = token === undefined ? {} : { metadata: { authorization: `Bearer ${token}` } };

  const calls: GrpcCalls = {
    async unary({ signal }, timed, send) {
      const call = scope.enter({ signal });
      try {
        return await send({ signal: call.signal, ...metadata, ...(timed && { timeoutMs }) });
      } catch (error) {
        throw errorOf(target, error);
      } finally {
        call.leave();
      }
    },
    async *stream({ signal }, open) {
      const call = scope.enter({ signal });
      try {
        yield* open({ signal: call.signal, ...metadata });
      } catch (error) {
        throw errorOf(target, error);
      } finally {
        call.leave();
      }
    },
  };
  const object = async (
    options: CallOptions,
    send: (rpc: RpcOptions) => Promise<flotilla.v1.ObjectResponse>,
  ): Promise<unknown> => {
    const response = await calls.unary(options, true, send);
    return parseJson(response.object);
  };

  return {
    name: 'grpc',
    elections: grpcElections(channel, calls),
    get: (ref, options) => {
      const request = { ref: wireRef(ref), resource_version: options.resourceVersion ?? '' };
      return object(options, (rpc) => resources.Get(request, rpc));
    },
    async list(ref, options) {
      const request = {
        ref: wireRef(ref),
        resource_version: options.resourceVersion ?? '',
        resource_version_match: options.resourceVersionMatch ?? '',
        label_selector: options.labelSelector ?? '',
        field_selector: options.fieldSelector ?? '',
        limit: options.limit ?? 0,
        continue: options.continue ?? '',
      };
      const response = await calls.unary(options, true, (rpc) => resources.List(request, rpc));
      return {
        resourceVersion: response.resource_version,
        continue: response.continue,
        items: response.items.map(parseObject),
      };
    },
    async *watch(ref, options) {
      const request = {
        ref: wireRef(ref),
        resource_version: options.resourceVersion ?? '',
        label_selector: options.labelSelector ?? '',
        field_selector: options.fieldSelector ?? '',
        allow_watch_bookmarks: options.allowWatchBookmarks ?? false,
        timeout_seconds: options.timeoutSeconds ?? 0,
      };
      for await (const { events } of calls.stream(options, (rpc) => resources.Watch(request, rpc))) {
        for (const event of events) yield eventOf(event);
      }
    },
    create: (ref, body, options) => {
      const request = { ref: wireRef(ref), object: bytesOf(body), ...writeFields(options) };
      return object(options, (rpc) => resources.Create(request, rpc));
    },
    update: (ref, body, options) => {
      const request = { ref: wireRef(ref), object: bytesOf(body), ...writeFields(options) };
      return object(options, (rpc) => resources.Update(request, rpc));
    },
    patch: (ref, { type, body, force = false }, options) => {
      const request = { ref: wireRef(ref), content_type: type, patch: bytesOf(body), ...writeFields(options), force };
      return object(options, (rpc) => resources.Patch(request, rpc));
    },
    delete: (ref, body, options) => {
      const { fence, dry_run } = writeFields(options);
      const request = { ref: wireRef(ref), options: bytesOf(body), fence, dry_run };
      return object(options, (rpc) => resources.Delete(request, rpc));
    },
    close() {
      scope.close();
      channel.close();
    },
  };
}

function wireRef({ group, version, resource, namespace, name, subresource }: ResourceRef): flotilla.v1.IResourceRef {
  return {
    group,
    version,
    resource,
    namespace: namespace ?? '',
    name: name ?? '',
    subresource: subresource ?? '',
  };
}

function wireFence(fence: Fence | undefined): flotilla.v1.IFence | null {
  return fence ? { key: fence.key, create_revision: fence.createRevision } : null;
}

function writeFields({ fence, fieldManager, fieldValidation, dryRun }: WriteOptions) {
  return {
    fence: wireFence(fence),
    field_manager: fieldManager ?? '',
    field_validation: fieldValidation ?? '',
    dry_run: dryRun ?? false,
  };
}

function bytesOf(body: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(body));
}

function eventOf({ type, object }: WireEvent): WatchEvent<KubeObject> {
  const bytes = object ?? new Uint8Array(0);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return { type, object: parseObject(bytes) };
    case 'ERROR':
      throw apiErrorOf(500, parseJson(bytes));
    default:
      throw badResponse(`a watch event of type ${JSON.stringify(type)}`);
  }
}

function errorOf(target: string, error: unknown): Error {
  if (!isRpcError(error)) return error instanceof Error ? error : new Error(String(error));
  const status = error.trailers[statusTrailer];
  if (status !== undefined) return apiErrorOf(500, parseJson(status), error);
  switch (error.status) {
    case StatusCode.UNIMPLEMENTED:
      return new OperatingError(apiUnimplemented, `the API server ${target} has no such call: ${error.message}`, {
        cause: error,
      });
    case StatusCode.UNAUTHENTICATED:
      return apiErrorOf(401, error.message, error);
    case StatusCode.PERMISSION_DENIED:
      return apiErrorOf(403, error.message, error);
    case StatusCode.INVALID_ARGUMENT:
      return apiErrorOf(400, error.message, error);
    case StatusCode.NOT_FOUND:
      return apiErrorOf(404, error.message, error);
    default:
      return unreachable(target, error);
  }
}
