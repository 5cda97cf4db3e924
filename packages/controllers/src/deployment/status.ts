/** What a deployment says of its rollout: counts, and the conditions Available, Progressing and ReplicaFailure. */
import {
  type Deployment,
  type DeploymentCondition,
  type DeploymentStatus,
  deepEqual,
  deployments,
} from '@flotilla/api';
import { timeOf } from '../times.ts';
import { boundsOf, replicasOf } from './bounds.ts';
import { type Condition, conditionOf, progressOf } from './progress.ts';
import { type Rollout, allOf, availableOf, sum, wantedBy } from './replica-sets.ts';
import type { Step } from './sizing.ts';

export async function writeStatus({ context, rollout, signal }: Step): Promise<Deployment> {
  const { deployment } = rollout;
  const nowMs = context.clock.wallMs();
  const status = statusOf(rollout, nowMs);
  if (deepEqual(status, deployment.status ?? {})) return deployment;
  const resource = context.client.resource(deployments);
  return await resource.updateStatus({ ...deployment, status }, { signal });
}

export function statusOf(rollout: Rollout, nowMs: number): DeploymentStatus {
  const { deployment, newest } = rollout;
  const all = allOf(rollout);
  const availableReplicas = availableOf(all);
  const counts: DeploymentStatus = {
    ...(deployment.status?.collisionCount !== undefined && { collisionCount: deployment.status.collisionCount }),
    observedGeneration: deployment.metadata.generation,
    replicas: sum(all, ({ status }) => status?.replicas ?? 0),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: sum(all, ({ status }) => status?.readyReplicas ?? 0),
    availableReplicas,
    unavailableReplicas: Math.max(0, wantedBy(all) - availableReplicas),
  };
  const minAvailable = replicasOf(deployment.spec) - boundsOf(deployment).maxUnavailable;
  const now = timeOf(nowMs);
  const progress = progressOf({ deployment, newest, status: counts, nowMs });
  const conditions = [
    settled(deployment, availability(availableReplicas >= minAvailable), { now, touched: false }),
    progress
      ? settled(deployment, progress.condition, { now, touched: progress.touched })
      : known(deployment, 'Progressing'),
    failureOf(rollout, now),
  ];
  return { ...counts, conditions: conditions.filter((condition) => condition !== undefined) };
}

function availability(enough: boolean): Condition {
  return enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

function known({ status }: Deployment, type: string): DeploymentCondition | undefined {
  return conditionOf(status, type);
}

interface Timing {
  readonly now: string;
  /** Renew `lastUpdateTime` although nothing changed: the deadline counts from it. */
  readonly touched: boolean;
}

function settled(deployment: Deployment, condition: Condition, { now, touched }: Timing): DeploymentCondition {
  const old = known(deployment, condition.type);
  const same = old?.status === condition.status && old.reason === condition.reason && old.message === condition.message;
  if (same && !touched) return old;
  const lastTransitionTime = old?.status === condition.status ? (old.lastTransitionTime ?? now) : now;
  return { ...condition, lastUpdateTime: now, lastTransitionTime };
}

/** What keeps a ReplicaSet from making pods is the deployment's trouble too. */
function failureOf(rollout: Rollout, now: string): DeploymentCondition | undefined {
  const ordered = rollout.newest ? [rollout.newest, ...rollout.old] : rollout.old;
  for (const { status } of ordered) {
    const failure = status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
    if (!failure) continue;
    const { type, status: state, reason, message } = failure;
    return settled(rollout.deployment, { type, status: state, reason, message }, { now, touched: false });
  }
  return undefined;
}
