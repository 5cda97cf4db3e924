/**
 * Makes and removes pods until there are as many as wanted, and never one too many.
 *
 * - A pod's name is drawn here, not by the server. A create whose answer was lost is *open*: it is sent again under the same
 *   name before anything is counted, and "created" and "already exists" then both mean that there is one pod of that name.
 * - After creates, nothing is counted for the ReplicaSet until the pod cache has reached the newest version they returned.
 * - A pod whose delete was sent counts as gone from then on, even while the cache still shows it.
 *
 * Creates come in batches of 1, 2, 4, …: a template that the server refuses costs one call a try, not hundreds.
 */
import { type Pod, type ReplicaSet, generatedName, pods } from '@flotilla/api';
import { isAlreadyExists, isNamespaceTerminating, isNotFound, isUnreachable } from '@flotilla/api-client';
import { messageOf } from '@flotilla/base';
import type { ControllerContext } from '../controller.ts';
import { createOwnWrites } from '../own-writes.ts';
import { controllerReference, isControlledBy } from '../owner-references.ts';
import { isActive, isTerminating } from '../pod-state.ts';
import { leastWanted } from './ranking.ts';
import { slowStart } from './slow-start.ts';

export interface Scaled {
  /** Whether anything was written: the key must be seen again. */
  readonly changed: boolean;
  /** Why not everything could be done. */
  readonly failure: Error | undefined;
}

export interface PodScaler {
  /** Whether the cache shows all that was written. If not, the pods' own events bring the key back. */
  isSettled(replicaSet: ReplicaSet): boolean;
  /** @param claimed the ReplicaSet's pods that did not finish, as the cache shows them. */
  scale(replicaSet: ReplicaSet, claimed: readonly Pod[], signal: AbortSignal): Promise<Scaled>;
}

/** The most pods made or removed in one go for one ReplicaSet. */
const burst = 500;

export function createPodScaler({ client, caches, recorder, randomness }: ControllerContext): PodScaler {
  const resource = client.resource(pods);
  const written = createOwnWrites();
  const openNames = createSets();
  const deletedUids = createSets();
  const create = async (replicaSet: ReplicaSet, name: string, signal: AbortSignal): Promise<void> => {
    openNames.add(uidOf(replicaSet), name);
    try {
      const pod = await createOrFind(podOf(replicaSet, name), signal);
      if (pod && isControlledBy(pod, replicaSet)) written.wrote(uidOf(replicaSet), pod);
      openNames.remove(uidOf(replicaSet), name);
      recorder.record(replicaSet, { type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${name}` });
    } catch (error) {
      // Unanswered is not refused: there may be such a pod, so its name stays open.
      if (isUnreachable(error)) throw error;
      openNames.remove(uidOf(replicaSet), name);
      // The ReplicaSet will go as well.
      if (isNamespaceTerminating(error)) return;
      const message = `Error creating: ${messageOf(error)}`;
      recorder.record(replicaSet, { type: 'Warning', reason: 'FailedCreate', message });
      throw error;
    }
  };
  /** Undefined when the name was taken, and free again before it could be read. */
  const createOrFind = async (pod: Pod, signal: AbortSignal): Promise<Pod | undefined> => {
    try {
      return await resource.create(pod, { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    try {
      return await resource.get(pod.metadata, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return undefined;
    }
  };
  const remove = async (replicaSet: ReplicaSet, pod: Pod, signal: AbortSignal): Promise<void> => {
    const { name, namespace, uid = '' } = pod.metadata;
    try {
      await resource.delete({ name, namespace }, { preconditions: { uid } }, { signal });
    } catch (error) {
      if (!isNotFound(error)) {
        const message = `Error deleting: ${messageOf(error)}`;
        recorder.record(replicaSet, { type: 'Warning', reason: 'FailedDelete', message });
        throw error;
      }
    }
    deletedUids.add(uidOf(replicaSet), uid);
    recorder.record(replicaSet, { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${name}` });
  };
  const createAll = async (replicaSet: ReplicaSet, names: Iterable<string>, signal: AbortSignal): Promise<Scaled> => {
    const failure = await slowStart([...names], (name) => create(replicaSet, name, signal));
    return { changed: true, failure };
  };

  return {
    isSettled: (replicaSet) => written.areSeen(uidOf(replicaSet), caches.pods.revision),
    async scale(replicaSet, claimed, signal) {
      const open = openNames.of(uidOf(replicaSet));
      if (open.size > 0) return await createAll(replicaSet, open, signal);

      const shown = new Set(claimed.filter((pod) => !isTerminating(pod)).map(({ metadata }) => metadata.uid ?? ''));
      const deleted = deletedUids.keep(uidOf(replicaSet), shown);
      const active = claimed.filter((pod) => isActive(pod) && !deleted.has(pod.metadata.uid ?? ''));
      const missing = (replicaSet.spec.replicas ?? 1) - active.length;
      if (missing === 0) return { changed: false, failure: undefined };
      if (missing > 0) return await createAll(replicaSet, drawNames(replicaSet, Math.min(missing, burst)), signal);
      const surplus = leastWanted(active, Math.min(-missing, burst));
      return { changed: true, failure: await slowStart(surplus, (pod) => remove(replicaSet, pod, signal)) };
    },
  };

  function drawNames({ metadata }: ReplicaSet, count: number): Set<string> {
    const draw = (): string => generatedName(`${metadata.name}-`, () => randomness.next());
    return new Set(Array.from({ length: count }, draw));
  }
}

function uidOf({ metadata }: ReplicaSet): string {
  return metadata.uid ?? '';
}

/** Sets of words by ReplicaSet; an empty set takes no memory. */
function createSets() {
  const sets = new Map<string, ReadonlySet<string>>();
  const of = (uid: string): ReadonlySet<string> => sets.get(uid) ?? new Set<string>();
  const put = (uid: string, words: readonly string[]): void => {
    if (words.length === 0) sets.delete(uid);
    else sets.set(uid, new Set(words));
  };
  return {
    of,
    add: (uid: string, word: string): void => put(uid, [...of(uid), word]),
    remove: (uid: string, word: string): void =>
      put(
        uid,
        [...of(uid)].filter((one) => one !== word),
      ),
    /** Drops what is not in `kept`. */
    keep(uid: string, kept: ReadonlySet<string>): ReadonlySet<string> {
      put(
        uid,
        [...of(uid)].filter((one) => kept.has(one)),
      );
      return of(uid);
    },
  };
}

function podOf(replicaSet: ReplicaSet, name: string): Pod {
  const { metadata, spec } = replicaSet.spec.template;
  const { labels, annotations, finalizers } = metadata;
  const ownerReferences = [controllerReference(replicaSet)];
  const { namespace } = replicaSet.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels, annotations, finalizers, ownerReferences },
    spec,
  };
}
