/**
 * A deployment that is resized in the middle of a rollout, or while it is paused: each ReplicaSet gets its share of the change,
 * so that the risk of the rollout stays what it was.
 */
import type { ReplicaSet } from '@flotilla/api';
import { desiredReplicasAnnotation, maxReplicasAnnotation, numberIn, revisionOf } from './annotations.ts';
import { boundsOf, replicasOf } from './bounds.ts';
import { type Rollout, activeOf, allOf, olderFirst, wantedBy } from './replica-sets.ts';
import { type Step, resize } from './sizing.ts';

/** Whether the deployment's size changed since its ReplicaSets were last sized. */
export function isResized(rollout: Rollout): boolean {
  const { spec } = rollout.deployment;
  const wanted = replicasOf(spec);
  const active = activeOf(allOf(rollout));
  // Recreate has one size at a time: its next step sets it.
  if (spec.strategy.type === 'Recreate' && active.length > 1) return false;
  return active.some((replicaSet) => {
    const desired = numberIn(replicaSet, desiredReplicasAnnotation);
    return desired !== undefined && desired !== wanted;
  });
}

export async function resizeAll(step: Step): Promise<void> {
  const { rollout } = step;
  const { deployment, newest } = rollout;
  const wanted = replicasOf(deployment.spec);
  const active = activeOf(allOf(rollout));
  if (active.length <= 1) {
    const only = active[0] ?? newest ?? latestOf(rollout.old);
    if (only) await resize(step, only, wanted);
  } else if (newest && isSaturated(newest, wanted)) {
    for (const replicaSet of activeOf(rollout.old)) await resize(step, replicaSet, 0);
  } else if (deployment.spec.strategy.type !== 'Recreate') {
    for (const [replicaSet, size] of shares(rollout)) await resize(step, replicaSet, size);
  }
}

function latestOf(replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...replicaSets].sort((a, b) => revisionOf(b) - revisionOf(a))[0];
}

/** The rollout is over but for what is left of the old pods. */
function isSaturated(newest: ReplicaSet, wanted: number): boolean {
  const desired = numberIn(newest, desiredReplicasAnnotation);
  return replicasOf(newest.spec) === wanted && desired === wanted && newest.status?.availableReplicas === wanted;
}

/** The new size of each active ReplicaSet; what rounding leaves over goes to the largest. */
export function shares(rollout: Rollout): ReadonlyMap<ReplicaSet, number> {
  const { deployment } = rollout;
  const wanted = replicasOf(deployment.spec);
  const maxReplicas = wanted > 0 ? wanted + boundsOf(deployment).maxSurge : 0;
  const active = activeOf(allOf(rollout));
  const change = maxReplicas - wantedBy(active);
  const bySize = [...active].sort((a, b) => replicasOf(b.spec) - replicasOf(a.spec) || tieBreak(change, a, b));

  const sizes = new Map<ReplicaSet, number>();
  let left = change;
  for (const replicaSet of bySize) {
    const size = replicasOf(replicaSet.spec);
    const before = numberIn(replicaSet, maxReplicasAnnotation) ?? deployment.status?.replicas ?? 0;
    const share = wanted === 0 ? -size : shareOf(size, before === 0 ? 1 : maxReplicas / before);
    const taken = change > 0 ? Math.min(share, left) : Math.max(share, left);
    const part = change === 0 ? 0 : taken;
    sizes.set(replicaSet, size + part);
    left -= part;
  }
  const [largest] = bySize;
  if (largest && left !== 0) sizes.set(largest, Math.max(0, (sizes.get(largest) ?? 0) + left));
  return sizes;
}

function shareOf(size: number, factor: number): number {
  return Math.round(size * factor) - size;
}

/** Among equals the newer grows first and the older shrinks first. */
function tieBreak(change: number, a: ReplicaSet, b: ReplicaSet): number {
  return change > 0 ? olderFirst(b, a) : olderFirst(a, b);
}
