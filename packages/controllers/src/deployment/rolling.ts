/**
 * One step of a rolling update: first up, as far as maxSurge lets the newest ReplicaSet grow; when it cannot grow, down, as far
 * as maxUnavailable lets the old ones shrink. Pods that are not available go first: they cost nothing.
 */
import { type ReplicaSet } from '@flotilla/api';
import { boundsOf, replicasOf } from './bounds.ts';
import { newestSize } from './newest-replica-set.ts';
import { activeOf, allOf, availableOf, wantedBy } from './replica-sets.ts';
import { type Step, resize } from './sizing.ts';

/** @returns whether anything was resized. */
export async function rollOn(step: Step): Promise<boolean> {
  return (await growNewest(step)) || (await shrinkOld(step));
}

async function growNewest(step: Step): Promise<boolean> {
  const { newest, deployment } = step.rollout;
  if (!newest) return false;
  const wanted = replicasOf(deployment.spec);
  const size = replicasOf(newest.spec) > wanted ? wanted : newestSize(step.rollout);
  return await resize(step, newest, size);
}

async function shrinkOld(step: Step): Promise<boolean> {
  const { rollout } = step;
  const { deployment, newest } = rollout;
  if (!newest || wantedBy(rollout.old) === 0) return false;
  const minAvailable = replicasOf(deployment.spec) - boundsOf(deployment).maxUnavailable;
  const newestUnavailable = replicasOf(newest.spec) - (newest.status?.availableReplicas ?? 0);
  const spare = wantedBy(allOf(rollout)) - minAvailable - newestUnavailable;
  if (spare <= 0) return false;
  const unhealthy = await shrinkEach(step, { budget: spare, by: unavailableIn });
  const free = availableOf(allOf(rollout)) - minAvailable;
  const healthy = await shrinkEach(step, { budget: free, by: ({ spec }) => replicasOf(spec) });
  return unhealthy || healthy;
}

function unavailableIn({ spec, status }: ReplicaSet): number {
  return replicasOf(spec) - (status?.availableReplicas ?? 0);
}

interface Shrinking {
  /** How many pods may go in all. */
  readonly budget: number;
  /** How many may go from one ReplicaSet. */
  by(replicaSet: ReplicaSet): number;
}

async function shrinkEach(step: Step, { budget, by }: Shrinking): Promise<boolean> {
  let left = budget;
  for (const replicaSet of activeOf(step.rollout.old)) {
    const count = Math.min(left, by(replicaSet));
    if (count <= 0) continue;
    left -= count;
    await resize(step, replicaSet, replicasOf(replicaSet.spec) - count);
  }
  return left < budget;
}
