/** Removes ReplicaSets that nobody will roll back to: empty ones beyond `revisionHistoryLimit`, oldest revision first. */
import { type ReplicaSet, replicaSets } from '@flotilla/api';
import { isNotFound } from '@flotilla/api-client';
import { revisionOf } from './annotations.ts';
import { replicasOf } from './bounds.ts';
import type { Step } from './sizing.ts';

export async function removeOldReplicaSets({ context, rollout, signal }: Step): Promise<void> {
  const limit = rollout.deployment.spec.revisionHistoryLimit ?? 10;
  const removable = rollout.old.filter(isRemovable).sort((a, b) => revisionOf(a) - revisionOf(b));
  const alive = rollout.old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  for (const { metadata } of removable.slice(0, Math.max(0, alive.length - limit))) {
    const { name, namespace, uid = '' } = metadata;
    try {
      const options = { preconditions: { uid } };
      await context.client.resource(replicaSets).delete({ name, namespace }, options, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function isRemovable({ metadata, spec, status }: ReplicaSet): boolean {
  const observed = (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0);
  const empty = replicasOf(spec) === 0 && (status?.replicas ?? 0) === 0;
  return empty && observed && metadata.deletionTimestamp === undefined;
}
