/**
 * An API server in memory: the twin of the transport seam, for tests of whatever is built on `ApiClient`. It keeps the built-in
 * kinds with their own defaults, strategies and validation, revisions, watches with history and compaction, fences and
 * elections. It has no authentication, no admission, no cluster IPs, and nothing survives it.
 */
import { type Kind, type KubeObject, builtinKinds, leaderFenced, unknownResource } from '@flotilla/api';
import { matchesFields, matchesLabels, parseFieldSelector, parseLabelSelector } from '@flotilla/api';
import { type Clock, type Randomness, systemClock, systemRandomness } from '@flotilla/base';
import { type ApiClient, clientOver } from '../client.ts';
import type { Fence, ResourceRef, Selectors, Transport, WatchEvent } from '../transport.ts';
import { type MemoryElections, createMemoryElections } from './elections.ts';
import { type History, type HistoryEvent, createHistory, versioned } from './history.ts';
import { type Place, collectionOf, resourceOf, writeRules } from './write-rules.ts';

export type MemoryVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

export interface MemoryCall {
  readonly verb: MemoryVerb;
  readonly ref: ResourceRef;
  /** What is written, if anything is. */
  readonly body?: unknown;
}

export interface MemoryServer {
  readonly history: History;
  readonly elections: MemoryElections;
  /** Runs before each call: may wait, and may throw what the call shall fail with. */
  intercept: (call: MemoryCall) => Promise<void> | void;
  /** Runs after each write, before its answer leaves: what it throws is what the caller gets of a write that happened. */
  interceptAnswer: (call: MemoryCall) => Promise<void> | void;
  /** A client of its own; without `elections` it is like REST. */
  client(options?: { readonly elections?: boolean }): ApiClient;
}

export interface MemoryServerOptions {
  readonly clock?: Clock;
  readonly randomness?: Randomness;
}

export function createMemoryServer(options: MemoryServerOptions = {}): MemoryServer {
  const { clock = systemClock, randomness = systemRandomness } = options;
  const history = createHistory();
  const elections = createMemoryElections({ clock, tick: history.tick, revision: () => history.revision });
  const server: MemoryServer = {
    history,
    elections,
    intercept: () => undefined,
    interceptAnswer: () => undefined,
    client({ elections: withElections = true } = {}) {
      const transport = transportTo(server, { clock, randomness });
      return clientOver(withElections ? { ...transport, elections } : transport, {
        fieldManager: 'test',
        fence: undefined,
      });
    },
  };
  return server;
}

function transportTo(server: MemoryServer, { clock, randomness }: Required<MemoryServerOptions>): Transport {
  const { history, elections } = server;
  const rules = writeRules(history, randomness, () => new Date(clock.wallMs()).toISOString().replace(/\.\d+Z$/, 'Z'));
  const begin = async (verb: MemoryVerb, ref: ResourceRef, body?: unknown): Promise<Place> => {
    await server.intercept({ verb, ref, body });
    return placeOf(ref);
  };
  const write = async (
    call: MemoryCall,
    fence: Fence | undefined,
    apply: (place: Place) => unknown,
  ): Promise<unknown> => {
    const place = await begin(call.verb, call.ref, call.body);
    if (fence && !elections.holds(fence)) throw leaderFenced(resourceOf(place.kind), place.name, 'election');
    const answer = apply(place);
    await server.interceptAnswer(call);
    return answer;
  };

  return {
    name: 'grpc',
    get: async (ref) => rules.read(await begin('get', ref)),
    async list(ref, selectors) {
      const { kind, namespace } = await begin('list', ref);
      const selected = selectorOf(kind, { ...selectors, namespace });
      const items = history.list(collectionOf(kind)).filter(selected);
      return { resourceVersion: String(history.revision), continue: '', items };
    },
    async *watch(ref, watchOptions) {
      const { kind, namespace } = await begin('watch', ref);
      const selected = selectorOf(kind, { ...watchOptions, namespace });
      const queue = history.follow(collectionOf(kind), Number(watchOptions.resourceVersion ?? history.revision));
      const stop = (): void => queue.end();
      watchOptions.signal?.addEventListener('abort', stop, { once: true });
      if (watchOptions.signal?.aborted === true) stop();
      try {
        for await (const change of queue) {
          const event = eventOf(kind, change, selected);
          if (event) yield event;
        }
      } finally {
        watchOptions.signal?.removeEventListener('abort', stop);
        history.unfollow(queue);
      }
    },
    create: (ref, body, { fence }) =>
      write({ verb: 'create', ref, body }, fence, (place) => {
        const object = body as KubeObject;
        if (ref.subresource === 'binding') {
          return bind(rules.read(place), object, (pod) => rules.update(place, pod, 'binding'));
        }
        if (ref.subresource === 'eviction') return rules.delete(place, {});
        return rules.create({ ...place, name: object.metadata.name }, object);
      }),
    update: (ref, body, { fence }) =>
      write({ verb: 'update', ref, body }, fence, (place) => rules.update(place, body as KubeObject, ref.subresource)),
    patch: (ref, patch, { fence }) =>
      write({ verb: 'patch', ref, body: patch.body }, fence, (place) => rules.patch(place, patch, ref.subresource)),
    delete: (ref, body, { fence }) =>
      write({ verb: 'delete', ref, body }, fence, (place) => rules.delete(place, body) ?? success),
    close: () => undefined,
  };
}

const success = { kind: 'Status', apiVersion: 'v1', status: 'Success' };

function placeOf(ref: ResourceRef): Place {
  const kind = builtinKinds.byResource(ref);
  if (!kind) throw unknownResource();
  return { kind, namespace: ref.namespace, name: ref.name ?? '' };
}

function bind(pod: KubeObject, binding: KubeObject, update: (pod: KubeObject) => KubeObject): KubeObject {
  const { target } = binding as KubeObject & { readonly target: { readonly name: string } };
  const { spec } = pod as KubeObject & { readonly spec: object };
  return update({ ...pod, spec: { ...spec, nodeName: target.name } } as KubeObject);
}

type Selected = (object: KubeObject) => boolean;

function selectorOf(kind: Kind, selectors: Selectors & { readonly namespace: string | undefined }): Selected {
  const labels = parseLabelSelector(selectors.labelSelector ?? '');
  const fields = parseFieldSelector(selectors.fieldSelector ?? '', kind);
  const { namespace } = selectors;
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    matchesLabels(labels, object.metadata.labels) &&
    matchesFields(fields, kind, object);
}

/** What a watcher with that selector sees of a change: an object that no longer matches is deleted, as far as it knows. */
function eventOf({ apiVersion, kind }: Kind, change: HistoryEvent, selected: Selected): WatchEvent | undefined {
  if ('bookmark' in change) {
    const metadata = { name: '', resourceVersion: String(change.bookmark) };
    return { type: 'BOOKMARK', object: { apiVersion, kind, metadata } };
  }
  const { old, object, revision } = change;
  const before = old !== undefined && selected(old);
  if (object && selected(object)) return { type: before ? 'MODIFIED' : 'ADDED', object };
  return before ? { type: 'DELETED', object: versioned(object ?? old, revision) } : undefined;
}
