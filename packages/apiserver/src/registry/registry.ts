/**
 * The registry: the one place that turns verbs on kinds into transactions on the store. Both faces (REST and gRPC) call it
 * with authorised requests, and nothing else writes objects.
 */
import type { Clock, Randomness } from '@flotilla/base';
import {
  type Binding,
  type DeleteOptions,
  type Eviction,
  type Kind,
  type KindRegistry,
  type KubeObject,
  type Status,
  bindingModel,
  decodeBody,
  deleted,
  evictionModel,
  isReason,
  notFound,
} from '@flotilla/api';
import type { EtcdClient } from '@flotilla/etcd-client';
import { KindCache, type KindCacheOptions } from '../cache/kind-cache.ts';
import { parseVersion } from '../cache/version.ts';
import type { WatchOutput } from '../cache/watcher.ts';
import type { Behaviour } from './behaviour.ts';
import { bound } from './binding.ts';
import { createObject } from './create.ts';
import { deletion } from './deletion.ts';
import type { Freshness } from './freshness.ts';
import { type ListResult, listObjects } from './list.ts';
import { checkPreconditions } from './meta.ts';
import { type Modified, modify } from './modify.ts';
import { namespaceLife } from './namespace-guard.ts';
import { restrictNodeCreate, restrictNodeWrite } from './node-restriction.ts';
import { type ListOptions, type WatchOptions, parseResourceVersion } from './read-options.ts';
import { type RequestContext, type Target, type WriteContext, objectKey, resourceOf } from './request.ts';
import { desiredByScaleBody, desiredByScalePatch, scaleOf } from './scale.ts';
import { readStored } from './stored-object.ts';
import { type Desired, type Part, type Patch, accepted, desiredByBody, desiredByPatch, replacement } from './update.ts';
import { watchObjects } from './watch.ts';

export interface RegistryOptions {
  readonly kinds: KindRegistry;
  readonly client: EtcdClient;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly freshness: Freshness;
  /** Everything a cache needs but its kind. */
  readonly cacheOptions: Omit<KindCacheOptions, 'kind'>;
  behaviourOf(kind: Kind): Behaviour;
}

export interface Registry {
  readonly kinds: KindRegistry;
  get(target: Target, resourceVersion: string, context: RequestContext): Promise<KubeObject>;
  list(target: Target, options: ListOptions, context: RequestContext): Promise<ListResult>;
  watch(target: Target, options: WatchOptions, context: RequestContext): Promise<AsyncIterable<readonly WatchOutput[]>>;
  create(target: Target, body: string, context: WriteContext): Promise<KubeObject>;
  update(target: Target, part: Part, body: string, context: WriteContext): Promise<KubeObject>;
  patch(target: Target, part: Part, patch: Patch, context: WriteContext): Promise<KubeObject>;
  /** A Status when nothing is left, else the object that is still ending. */
  delete(target: Target, options: DeleteOptions, context: WriteContext): Promise<KubeObject | Status>;
  deleteCollection(
    target: Target,
    selector: ListOptions,
    options: DeleteOptions,
    context: WriteContext,
  ): Promise<readonly KubeObject[]>;
  getScale(target: Target, resourceVersion: string, context: RequestContext): Promise<KubeObject>;
  updateScale(target: Target, body: string, context: WriteContext): Promise<KubeObject>;
  patchScale(target: Target, patch: Patch, context: WriteContext): Promise<KubeObject>;
  bind(target: Target, body: string, context: WriteContext): Promise<void>;
  evict(target: Target, body: string, context: WriteContext): Promise<void>;
  close(): void;
}

const bindingType = { apiVersion: 'v1', kind: 'Binding', model: bindingModel };
const evictionType = { apiVersion: 'policy/v1', kind: 'Eviction', model: evictionModel };

export function createRegistry(options: RegistryOptions): Registry {
  const { kinds, client, clock, randomness, freshness, behaviourOf } = options;
  const caches = new Map<Kind, KindCache>();

  const cacheOf = (kind: Kind): KindCache => {
    const cache = caches.get(kind) ?? new KindCache({ ...options.cacheOptions, kind });
    caches.set(kind, cache);
    return cache;
  };
  const namespaceKind = kinds.byResource({ group: '', version: 'v1', resource: 'namespaces' });

  const change = (target: Target, context: WriteContext, compute: Parameters<typeof modify>[3]): Promise<Modified> =>
    modify(
      { client, cache: cacheOf(target.kind), lease: () => behaviourOf(target.kind).lease(target.kind) },
      target,
      context,
      (current) => {
        restrictNodeWrite(context.user, target, current);
        return compute(current);
      },
    );

  const replace = async (target: Target, part: Part, desired: Desired, context: WriteContext): Promise<KubeObject> => {
    const behaviour = behaviourOf(target.kind);
    const { object } = await change(target, context, (current) => {
      return replacement(target, part, desired, current, { behaviour, signal: context.signal });
    });
    return object;
  };

  const remove = (target: Target, deleteOptions: DeleteOptions, context: WriteContext): Promise<Modified> => {
    const dryRun = context.dryRun || (deleteOptions.dryRun ?? []).includes('All');
    return change(target, { ...context, dryRun }, (current) => {
      checkPreconditions(deleteOptions.preconditions ?? {}, current, target);
      const ended = deletion(target.kind, current, deleteOptions, clock.wallMs());
      return { ...ended, ...(ended.type === 'delete' && { operations: behaviourOf(target.kind).release(current) }) };
    });
  };

  const registry: Registry = {
    kinds,

    async get(target, resourceVersion, { signal }) {
      const revision = parseResourceVersion(resourceVersion);
      const key = objectKey(target);
      if (revision === undefined) {
        // One key is read from the store at once: that is as new as a wait for the cache, and takes one round less.
        const stored = await readStored(client, key, signal);
        if (stored) return stored.object;
        throw notFound(resourceOf(target), target.name);
      }
      const cache = cacheOf(target.kind);
      if (revision === 0) await cache.ready();
      else await freshness.notOlderThan(cache, revision, signal);
      const version = cache.get(key);
      if (version) return parseVersion(version);
      throw notFound(resourceOf(target), target.name);
    },

    list: (target, listOptions, context) =>
      listObjects({ client, cache: cacheOf(target.kind), freshness }, target, listOptions, context),

    watch: (target, watchOptions, context) => {
      const random = (): number => randomness.next();
      return watchObjects({ cache: cacheOf(target.kind), freshness, clock, random }, target, watchOptions, context);
    },

    async create(target, body, context) {
      const { kind, namespace } = target;
      const object = accepted(decodeBody<KubeObject>(kind, body, context.fieldValidation), context);
      restrictNodeCreate(context.user, target, object);
      const life =
        kind.namespaced && namespaceKind ? namespaceLife(client, cacheOf(namespaceKind), namespace) : undefined;
      const behaviour = behaviourOf(kind);
      return createObject({ client, clock, randomness, behaviour, namespaceLife: life }, target, object, context);
    },

    update: async (target, part, body, context) => replace(target, part, desiredByBody(target, body, context), context),
    patch: async (target, part, patch, context) =>
      replace(target, part, desiredByPatch(target, patch, context), context),

    async delete(target, deleteOptions, context) {
      const { type, object } = await remove(target, deleteOptions, context);
      if (type !== 'delete') return object;
      return deleted(resourceOf(target), target.name, object.metadata.uid ?? '');
    },

    async deleteCollection(target, selector, deleteOptions, context) {
      const { versions } = await registry.list(target, selector, context);
      const ended: KubeObject[] = [];
      for (const version of versions) {
        const { name, namespace = '' } = parseVersion(version).metadata;
        const one = await removeIfThere({ ...target, name, namespace }, deleteOptions, context);
        if (one) ended.push(one);
      }
      return ended;
    },

    getScale: async (target, resourceVersion, context) => scaleOf(await registry.get(target, resourceVersion, context)),
    updateScale: async (target, body, context) =>
      scaleOf(await replace(target, 'object', desiredByScaleBody(body, context), context)),
    patchScale: async (target, patch, context) =>
      scaleOf(await replace(target, 'object', desiredByScalePatch(patch, context), context)),

    async bind(target, body, context) {
      const binding = accepted(decodeBody<Binding>(bindingType, body, context.fieldValidation), context);
      await change(target, context, (current) => bound(target, binding, current, clock.wallMs()));
    },

    async evict(target, body, context) {
      const eviction = accepted(decodeBody<Eviction>(evictionType, body, context.fieldValidation), context);
      await remove(target, eviction.deleteOptions ?? {}, context);
    },

    close() {
      for (const cache of caches.values()) cache.close();
    },
  };
  return registry;

  /** Undefined when somebody else was faster. */
  async function removeIfThere(
    target: Target,
    deleteOptions: DeleteOptions,
    context: WriteContext,
  ): Promise<KubeObject | undefined> {
    try {
      return (await remove(target, deleteOptions, context)).object;
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}
