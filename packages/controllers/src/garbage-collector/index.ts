/**
 * Garbage collection by owner references. An object whose owners are all gone goes too; one that is deleted in the foreground
 * waits for the dependents that block it; one that is deleted as an orphan lets its dependents go first.
 */
import { type KubeObject, deepEqual } from '@flotilla/api';
import { uidIndex } from '../caches.ts';
import { type ControllerContext, type ControllerDefinition } from '../controller.ts';
import { type Collector, createCollector, foregroundFinalizer, orphanFinalizer } from './deletion.ts';
import { type Graph, type Placed, createGraph, graphKey } from './graph.ts';

export const garbageCollector: ControllerDefinition = {
  name: 'garbage-collector-controller',
  workers: 10,
  register(context, queue) {
    const graph = createGraph(context.caches, context.client);
    const collector = createCollector(context.client);
    return {
      unregister: enqueueRelated(context, graph, (placed) => queue.add(graphKey(placed))),
      async reconcile(key, signal) {
        const placed = graph.find(key);
        if (!placed) return;
        if (!isDying(placed.object)) await collectIfOwnerless(placed, { graph, collector, signal });
        else if (hasFinalizer(placed.object, orphanFinalizer)) await orphan(placed, { graph, collector, signal });
        else if (isWaiting(placed.object)) await deleteDependents(placed, { graph, collector, signal });
      },
    };
  },
};

interface Means {
  readonly graph: Graph;
  readonly collector: Collector;
  readonly signal: AbortSignal;
}

function isDying({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function hasFinalizer({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata.finalizers?.includes(finalizer) === true;
}

/** Dying in the foreground: it waits for its dependents. */
function isWaiting(object: KubeObject): boolean {
  return isDying(object) && hasFinalizer(object, foregroundFinalizer);
}

async function collectIfOwnerless(placed: Placed, { graph, collector, signal }: Means): Promise<void> {
  const references = placed.object.metadata.ownerReferences ?? [];
  if (references.length === 0) return;
  const owners = await Promise.all(
    references.map(async (reference) => ({ reference, owner: await graph.ownerOf(placed, reference, signal) })),
  );
  const absent = owners.filter(({ owner }) => owner.state === 'absent');
  const waiting = owners.filter(
    ({ owner, reference }) =>
      owner.state === 'exists' && isWaiting(owner.object) && reference.blockOwnerDeletion === true,
  );
  const solid = owners.length - absent.length - waiting.length;
  const lost = new Set([...absent, ...waiting].map(({ reference }) => reference.uid));
  if (lost.size === 0) return;
  if (solid > 0) return await collector.removeOwners(placed, lost, signal);
  const foreground = waiting.length > 0 && graph.dependentsOf(placed.object).length > 0;
  await collector.delete(placed, foreground ? 'Foreground' : propagationOf(placed.object), signal);
}

/** As its finalizers say, where somebody put them there before. */
function propagationOf(object: KubeObject): 'Background' | 'Foreground' | 'Orphan' {
  if (hasFinalizer(object, orphanFinalizer)) return 'Orphan';
  return hasFinalizer(object, foregroundFinalizer) ? 'Foreground' : 'Background';
}

async function orphan(placed: Placed, { graph, collector, signal }: Means): Promise<void> {
  const uids = new Set([placed.object.metadata.uid ?? '']);
  for (const dependent of graph.dependentsOf(placed.object)) await collector.removeOwners(dependent, uids, signal);
  await collector.removeFinalizer(placed, orphanFinalizer, signal);
}

async function deleteDependents(placed: Placed, { graph, collector, signal }: Means): Promise<void> {
  const { uid } = placed.object.metadata;
  const blocking = graph
    .dependentsOf(placed.object)
    .filter(({ object }) =>
      object.metadata.ownerReferences?.some((one) => one.uid === uid && one.blockOwnerDeletion === true),
    );
  if (blocking.length === 0) return await collector.removeFinalizer(placed, foregroundFinalizer, signal);
  for (const dependent of blocking) {
    if (!isDying(dependent.object)) await collectIfOwnerless(dependent, { graph, collector, signal });
  }
}

/** A change concerns the object, and its end concerns those that it owned and those that waited for it. */
function enqueueRelated({ caches }: ControllerContext, graph: Graph, enqueue: (placed: Placed) => void): () => void {
  const concerns = ({ metadata }: KubeObject): boolean =>
    (metadata.ownerReferences?.length ?? 0) > 0 || metadata.deletionTimestamp !== undefined;
  const enqueueOwners = (object: KubeObject): void => {
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      for (const { kind, informer } of caches.all) {
        const owner = informer.byIndex(uidIndex, uid)[0];
        if (owner && isWaiting(owner)) enqueue({ kind, object: owner });
      }
    }
  };
  const offs = caches.all.map(({ kind, informer }) => {
    const enqueueIfConcerned = (object: KubeObject): void => {
      if (concerns(object)) enqueue({ kind, object });
      if (isWaiting(object)) for (const dependent of graph.dependentsOf(object)) enqueue(dependent);
    };
    return informer.onChange({
      added: enqueueIfConcerned,
      updated(old, object) {
        enqueueIfConcerned(object);
        if (!deepEqual(old.metadata.ownerReferences, object.metadata.ownerReferences)) enqueueOwners(old);
      },
      deleted(object) {
        for (const dependent of graph.dependentsOf(object)) enqueue(dependent);
        enqueueOwners(object);
      },
    });
  });
  return () => {
    for (const off of offs) off();
  };
}
