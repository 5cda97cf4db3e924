/**
 * The optimistic loop of every write to an object that exists: compute from the version at hand, commit if that is still
 * the newest, else compute anew from what the store answered. The first version may come from the cache; a refusal that
 * was computed from it is only believed after the store was asked.
 */
import { type KubeObject, deepEqual, notFound, objectModified, conflict } from '@flotilla/api';
import type { EtcdClient, Operation } from '@flotilla/etcd-client';
import type { KindCache } from '../cache/kind-cache.ts';
import { encodeStored, withRevision } from '../cache/version.ts';
import { fenceGuard } from '../elections/fence.ts';
import { commit } from '../store/commit.ts';
import type { Guard } from '../store/guard.ts';
import { type Target, type WriteContext, objectKey, resourceOf } from './request.ts';
import { type StoredObject, readCached, readStored, storedObject } from './stored-object.ts';

/** What a write makes of the present object. */
export interface Change {
  /** `put` of an equal object, and `keep`, write nothing; fences are checked all the same. */
  readonly type: 'put' | 'delete' | 'keep';
  readonly object: KubeObject;
  /** What else the transaction does and demands. */
  readonly operations?: readonly Operation[];
  readonly guards?: readonly Guard[];
}

export interface Modified {
  readonly type: Change['type'];
  /** The object after the write; of a delete, the last state at the revision of the deletion. */
  readonly object: KubeObject;
}

export interface ModifyOptions {
  readonly client: EtcdClient;
  readonly cache: KindCache;
  /** The lease that a written object hangs on; a put without one would let it live for ever. */
  lease(): Promise<bigint>;
}

/** Attempts before a write that others keep overtaking is given up. */
const attemptsMax = 100;

/** @throws ApiError NotFound, LeaderFenced, Conflict, or whatever `compute` throws. */
export async function modify(
  { client, cache, lease }: ModifyOptions,
  target: Target,
  context: WriteContext,
  compute: (current: KubeObject) => Change | Promise<Change>,
): Promise<Modified> {
  const key = objectKey(target);
  const read = (): Promise<StoredObject | undefined> => readStored(client, key, context.signal);
  const absent = (): Error => notFound(resourceOf(target), target.name);

  let current = readCached(cache, key);
  let isNewest = current === undefined;
  current ??= await read();
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    if (!current) throw absent();
    let change: Change;
    try {
      change = await compute(current.object);
    } catch (error) {
      if (isNewest) throw error;
      current = await read();
      isNewest = true;
      continue;
    }
    const write = writeOf(key, current, change, target, context, await lease());
    const outcome = await commit(client, write, { signal: context.signal });
    if (outcome.type === 'done') return modifiedOf(change, current, outcome.revision, context);
    current = outcome.current && storedObject(outcome.current);
    isNewest = true;
  }
  throw conflict(resourceOf(target), target.name, objectModified);
}

function changes(change: Change, current: StoredObject): boolean {
  return change.type === 'delete' || (change.type === 'put' && !deepEqual(change.object, current.object));
}

function writeOf(
  key: string,
  current: StoredObject,
  change: Change,
  target: Target,
  context: WriteContext,
  lease: bigint,
): Parameters<typeof commit>[1] {
  const fence = fenceGuard(context.user.name, context.fence, { resource: resourceOf(target), name: target.name });
  return {
    key,
    expected: current.revision,
    guards: [fence, ...(change.guards ?? [])],
    // A dry run is the same transaction without its effects.
    operations: context.dryRun || !changes(change, current) ? [] : operationsOf(key, change, lease),
  };
}

function operationsOf(key: string, { type, object, operations = [] }: Change, lease: bigint): readonly Operation[] {
  if (type === 'delete') return [{ type: 'deleteRange', key }, ...operations];
  return [{ type: 'put', key, value: encodeStored(object), lease }, ...operations];
}

function modifiedOf(change: Change, current: StoredObject, revision: number, { dryRun }: WriteContext): Modified {
  const wrote = !dryRun && changes(change, current);
  return { type: change.type, object: withRevision(change.object, wrote ? revision : current.revision) };
}
