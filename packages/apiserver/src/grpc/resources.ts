/**
 * `flotilla.v1.Resources`: the registry's verbs over gRPC. The same objects, options and failures as over REST; only what
 * carries them differs.
 */
import {
  type Kind,
  type KindRegistry,
  type KubeObject,
  type Status,
  badRequest,
  methodNotAllowed,
  timeout,
  unknownResource,
} from '@flotilla/api';
import {
  type CallContext,
  Encoded,
  type Handlers,
  flotilla,
  type resourcesService,
  clampInteger,
} from '@flotilla/wire';
import type { RequestVerb } from '../auth/attributes.ts';
import type { User } from '../auth/user.ts';
import type { Version } from '../cache/version.ts';
import type { WatchOutput } from '../cache/watcher.ts';
import type { Fence } from '../elections/fence.ts';
import type { InFlight } from '../http/in-flight.ts';
import { fieldValidationOf } from '../http/query.ts';
import { bookmarkObject } from '../http/render.ts';
import { parseDeleteOptions } from '../registry/delete-options.ts';
import type { Registry } from '../registry/registry.ts';
import { type Target, type WriteContext, resourceOf } from '../registry/request.ts';
import type { Part } from '../registry/update.ts';
import { rpcErrorOf } from './api-call.ts';
import type { Callers } from './callers.ts';

export interface ResourcesServiceOptions {
  readonly registry: Registry;
  readonly callers: Callers;
  readonly inFlight: InFlight;
  /** Time that a call other than a watch may take, milliseconds. */
  readonly requestTimeoutMs: number;
  readonly onBug: (error: unknown) => void;
}

type Ref = flotilla.v1.IResourceRef | null | undefined;

interface Located {
  readonly target: Target;
  readonly subresource: string;
}

/** What the write messages have in common. */
interface WriteRequest {
  readonly ref?: Ref;
  readonly fence?: flotilla.v1.IFence | null;
  readonly field_validation?: string | null;
  readonly dry_run?: boolean | null;
}

export function resourcesHandlers(options: ResourcesServiceOptions): Handlers<typeof resourcesService> {
  const { registry, callers, inFlight, onBug } = options;

  /** Locates, authorises, counts and bounds a call. */
  const call = async <T>(
    verb: RequestVerb,
    ref: Ref,
    context: CallContext,
    work: (located: Located, caller: { user: User; signal: AbortSignal }) => Promise<T>,
  ): Promise<T> => {
    try {
      const located = locate(registry.kinds, ref);
      const leave = inFlight.enter({ isMutating: !['get', 'list'].includes(verb) });
      const limit = AbortSignal.timeout(options.requestTimeoutMs);
      try {
        const user = allowed(verb, located, context);
        return await work(located, { user, signal: AbortSignal.any([context.signal, limit]) });
      } catch (error) {
        throw limit.aborted ? timeout('request did not complete within the allotted timeout', 1) : error;
      } finally {
        leave();
      }
    } catch (error) {
      throw rpcErrorOf(error, onBug);
    }
  };

  const allowed = (verb: RequestVerb, { target, subresource }: Located, context: CallContext): User => {
    const { kind, name } = target;
    const namespace = kind.plural === 'namespaces' ? name : target.namespace;
    return callers.allowed(context, {
      type: 'resource',
      verb,
      group: kind.group,
      resource: kind.plural,
      subresource,
      namespace,
      name,
    });
  };

  return {
    Get: (request, context) =>
      call('get', request.ref, context, async ({ target, subresource }, caller) => {
        const read = subresource === 'scale' ? registry.getScale : registry.get;
        if (!['', 'status', 'scale'].includes(subresource)) throw methodNotAllowed(resourceOf(target), 'get');
        return objectResponse(await read(target, request.resource_version, caller));
      }),

    List: (request, context) =>
      call('list', request.ref, context, async ({ target }, caller) => {
        const list = await registry.list(
          { ...target, name: '' },
          {
            resourceVersion: request.resource_version,
            resourceVersionMatch: request.resource_version_match,
            labelSelector: request.label_selector,
            fieldSelector: request.field_selector,
            limit: Math.max(0, clampInteger(request.limit)),
            continue: request.continue,
            sendInitialEvents: undefined,
          },
          caller,
        );
        return {
          resource_version: String(list.revision),
          continue: list.continue,
          remaining_item_count: list.remainingItemCount ?? 0,
          items: list.versions.map(({ bytes }) => bytes),
        };
      }),

    async *Watch(request, context) {
      try {
        const located = locate(registry.kinds, request.ref);
        const user = allowed('watch', located, context);
        const batches = await registry.watch(
          { ...located.target, name: '' },
          {
            resourceVersion: request.resource_version,
            resourceVersionMatch: request.resource_version_match,
            labelSelector: request.label_selector,
            fieldSelector: request.field_selector,
            allowWatchBookmarks: request.allow_watch_bookmarks,
            sendInitialEvents: request.send_initial_events ? true : undefined,
            timeoutSeconds: Math.max(0, clampInteger(request.timeout_seconds)),
          },
          { user, signal: context.signal },
        );
        // The head of the answer leaves now: a client then knows that its watch stands.
        yield { events: [] };
        for await (const outputs of batches) yield watchResponse(located.target, outputs);
      } catch (error) {
        throw rpcErrorOf(error, onBug);
      }
    },

    Create: (request, context) =>
      call('create', request.ref, context, async ({ target, subresource }, caller) => {
        const body = textOf(request.object);
        const write = writeContext(request, caller);
        switch (subresource) {
          case '':
            return objectResponse(await registry.create({ ...target, name: '' }, body, write));
          case 'binding':
            await registry.bind(target, body, write);
            return objectResponse(success);
          case 'eviction':
            await registry.evict(target, body, write);
            return objectResponse(success);
          default:
            throw methodNotAllowed(resourceOf(target), 'create');
        }
      }),

    Update: (request, context) =>
      call('update', request.ref, context, async ({ target, subresource }, caller) => {
        const body = textOf(request.object);
        const write = writeContext(request, caller);
        if (subresource === 'scale') return objectResponse(await registry.updateScale(target, body, write));
        return objectResponse(await registry.update(target, partOf(target, subresource, 'update'), body, write));
      }),

    Patch: (request, context) =>
      call('patch', request.ref, context, async ({ target, subresource }, caller) => {
        const patch = { contentType: request.content_type, body: textOf(request.patch) };
        const write = writeContext(request, caller);
        if (subresource === 'scale') return objectResponse(await registry.patchScale(target, patch, write));
        return objectResponse(await registry.patch(target, partOf(target, subresource, 'patch'), patch, write));
      }),

    Delete: (request, context) =>
      call('delete', request.ref, context, async ({ target, subresource }, caller) => {
        if (subresource !== '' || target.name === '') throw methodNotAllowed(resourceOf(target), 'delete');
        const deleteOptions = parseDeleteOptions(textOf(request.options));
        return objectResponse(await registry.delete(target, deleteOptions, writeContext(request, caller)));
      }),
  };
}

const success: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

/** @throws ApiError NotFound for a kind or subresource that is not served, BadRequest for a path that can't be. */
function locate(kinds: KindRegistry, ref: Ref): Located {
  const { group = '', version = '', resource = '', namespace = '', name = '', subresource = '' } = ref ?? {};
  const kind = kinds.byResource({ group: group ?? '', version: version ?? '', resource: resource ?? '' });
  if (!kind) throw unknownResource();
  const sub = subresource ?? '';
  if (sub !== '' && !kind.subresources.some((known) => known.name === sub)) throw unknownResource();
  const target: Target = { kind, namespace: namespace ?? '', name: name ?? '' };
  if (!kind.namespaced && target.namespace !== '') throw badRequest(`${kind.plural} have no namespace`);
  for (const part of [target.namespace, target.name]) {
    if (part.includes('/') || part === '.' || part === '..')
      throw badRequest(`invalid path segment ${JSON.stringify(part)}`);
  }
  if (kind.namespaced && target.name !== '' && target.namespace === '') {
    throw badRequest('an empty namespace may not be set when a resource name is provided');
  }
  return { target, subresource: sub };
}

function partOf(target: Target, subresource: string, verb: string): Part {
  if (target.name !== '') {
    if (subresource === '') return 'object';
    if (subresource === 'status' || (subresource === 'finalize' && verb === 'update')) return subresource;
  }
  throw methodNotAllowed(resourceOf(target), verb);
}

function writeContext(request: WriteRequest, caller: { user: User; signal: AbortSignal }): WriteContext {
  return {
    ...caller,
    fence: fenceOf(request.fence),
    dryRun: request.dry_run ?? false,
    fieldValidation: fieldValidationOf(request.field_validation ?? ''),
    // Warnings are for people, and gRPC is for components.
    warn: () => undefined,
  };
}

function fenceOf(fence: flotilla.v1.IFence | null | undefined): Fence | undefined {
  if (!fence) return undefined;
  return { key: textOf(fence.key), createRevision: clampInteger(fence.create_revision) };
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return bytes ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString() : '';
}

function objectResponse(object: KubeObject | Status): flotilla.v1.IObjectResponse {
  return { object: Buffer.from(JSON.stringify(object)) };
}

/** An event is encoded once for all its watchers: as a response of its own, for responses simply join into longer ones. */
const encodedItems = new WeakMap<Version, Map<string, Uint8Array>>();

function watchResponse({ kind }: Target, outputs: readonly WatchOutput[]): Encoded {
  return new Encoded(Buffer.concat(outputs.map((output) => encodedOutput(kind, output))));
}

function encodedOutput(kind: Kind, output: WatchOutput): Uint8Array {
  if (output.type === 'BOOKMARK') {
    const object = bookmarkObject({ kind, shape: 'object', includeObject: 'None', nowMs: 0 }, output, false);
    return encodedEvent('BOOKMARK', Buffer.from(JSON.stringify(object)));
  }
  const { type, version } = output;
  const byType = encodedItems.get(version) ?? new Map<string, Uint8Array>();
  encodedItems.set(version, byType);
  const bytes = byType.get(type) ?? encodedEvent(type, version.bytes);
  byType.set(type, bytes);
  return bytes;
}

function encodedEvent(type: string, object: Uint8Array): Uint8Array {
  return flotilla.v1.WatchResponse.encode({ events: [{ type, object }] }).finish();
}
