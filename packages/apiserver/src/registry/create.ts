/** Creating an object: identity, defaults, validation, and one transaction that demands that its key is free. */
import { type Clock, type Randomness } from '@flotilla/base';
import { type KubeObject, alreadyExists, generateNameConflict, generatedName, invalidObject } from '@flotilla/api';
import { type EtcdClient } from '@flotilla/etcd-client';
import { encodeStored, withRevision } from '../cache/version.ts';
import { fenceGuard } from '../elections/fence.ts';
import { commit } from '../store/commit.ts';
import type { Behaviour } from './behaviour.ts';
import { addressed, newMetadata } from './meta.ts';
import { type NamespaceLife } from './namespace-guard.ts';
import { type Target, type WriteContext, objectKey, resourceOf } from './request.ts';

export interface CreateOptions {
  readonly client: EtcdClient;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly behaviour: Behaviour;
  /** Absent for kinds of cluster scope. */
  readonly namespaceLife: NamespaceLife | undefined;
}

/** Names tried for one `generateName`. */
const generatedNamesMax = 8;
/** Attempts when a namespace or an address changes underneath. */
const attemptsMax = 100;

/** @throws ApiError AlreadyExists, Invalid, NotFound for the namespace, LeaderFenced. */
export async function createObject(
  options: CreateOptions,
  target: Target,
  decoded: KubeObject,
  context: WriteContext,
): Promise<KubeObject> {
  const object = addressed(decoded, { ...target, name: '' });
  const { generateName = '' } = object.metadata;
  if (object.metadata.name !== '' || generateName === '') return createNamed(options, target, object, context);
  let name = '';
  for (let tries = 0; tries < generatedNamesMax; tries++) {
    name = generatedName(generateName, () => options.randomness.next());
    const named = { ...object, metadata: { ...object.metadata, name } };
    const created = await tryCreate(options, target, named, context);
    if (created) return created;
  }
  throw generateNameConflict(resourceOf(target), name);
}

async function createNamed(
  options: CreateOptions,
  target: Target,
  object: KubeObject,
  context: WriteContext,
): Promise<KubeObject> {
  const created = await tryCreate(options, target, object, context);
  if (created) return created;
  throw alreadyExists(resourceOf(target), object.metadata.name);
}

/** Undefined when the name is taken. */
async function tryCreate(
  options: CreateOptions,
  collection: Target,
  object: KubeObject,
  context: WriteContext,
): Promise<KubeObject | undefined> {
  const { client, clock, behaviour } = options;
  const { kind } = collection;
  const target = { ...collection, name: object.metadata.name };
  const key = objectKey(target);
  const prepared = prepare(target, object, clock);
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const plan = await behaviour.plan(prepared, undefined, context.signal);
    const lease = await behaviour.lease(kind);
    const guards = [fenceGuard(context.user.name, context.fence, { resource: resourceOf(target), name: target.name })];
    if (options.namespaceLife) guards.push(await options.namespaceLife.guard(target, context.signal));
    const outcome = await commit(
      client,
      {
        key,
        expected: 0,
        guards: [...guards, ...plan.guards],
        operations: context.dryRun
          ? []
          : [{ type: 'put', key, value: encodeStored(plan.object), lease }, ...plan.operations],
      },
      { signal: context.signal },
    );
    if (outcome.type === 'done') return context.dryRun ? plan.object : withRevision(plan.object, outcome.revision);
    if (outcome.current) return undefined;
  }
  throw alreadyExists(resourceOf(target), target.name);
}

function prepare(target: Target, object: KubeObject, clock: Clock): KubeObject {
  const { kind } = target;
  const fresh = { ...object, metadata: newMetadata(object.metadata, target, clock) };
  const prepared = kind.strategy.prepareForCreate(kind.defaults(fresh));
  const errors = kind.validate(prepared);
  if (errors.length > 0) throw invalidObject(kind, prepared.metadata.name, errors);
  return prepared;
}
