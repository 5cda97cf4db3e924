/** The Progressing condition: whether a rollout moves, is complete, stands still by wish, or has exceeded its deadline. */
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '@flotilla/api';
import { replicasOf } from './bounds.ts';

export type Condition = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>;

/** No deadline at all. */
const noDeadline = 2_147_483_647;

export const available = 'NewReplicaSetAvailable';
const deadlineExceeded = 'ProgressDeadlineExceeded';

export function conditionOf(status: DeploymentStatus | undefined, type: string): DeploymentCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

export function isComplete({ spec, metadata }: Deployment, status: DeploymentStatus): boolean {
  const wanted = replicasOf(spec);
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = status;
  const allThere = updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted;
  return allThere && observedGeneration >= (metadata.generation ?? 0);
}

function hasMoved(before: DeploymentStatus, now: DeploymentStatus): boolean {
  const grew = (field: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'): boolean =>
    (now[field] ?? 0) > (before[field] ?? 0);
  const oldPods = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number => replicas - updatedReplicas;
  return (
    grew('updatedReplicas') || grew('readyReplicas') || grew('availableReplicas') || oldPods(now) < oldPods(before)
  );
}

/** Milliseconds until the deadline passes, if one runs. */
export function deadlineInMs({ spec, status }: Deployment, nowMs: number): number | undefined {
  const { progressDeadlineSeconds: seconds } = spec;
  const progressing = conditionOf(status, 'Progressing');
  if (seconds === undefined || seconds === noDeadline || spec.paused === true) return undefined;
  if (!progressing?.lastUpdateTime || progressing.reason === available) return undefined;
  if (progressing.reason === deadlineExceeded) return undefined;
  return Date.parse(progressing.lastUpdateTime) + seconds * 1000 - nowMs;
}

export interface Observation {
  readonly deployment: Deployment;
  readonly newest: ReplicaSet | undefined;
  readonly status: DeploymentStatus;
  readonly nowMs: number;
}

/** The condition as it should be now, or undefined to leave it as it is. `touched` renews its time even if it stays. */
export function progressOf(
  observation: Observation,
): { readonly condition: Condition; readonly touched: boolean } | undefined {
  const { deployment, newest, status, nowMs } = observation;
  const { spec } = deployment;
  const known = conditionOf(deployment.status, 'Progressing');
  const subject = newest ? `ReplicaSet "${newest.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  const progressing = (state: 'True' | 'False' | 'Unknown', reason: string, message: string): Condition => ({
    type: 'Progressing',
    status: state,
    reason,
    message,
  });

  if (spec.paused === true) {
    if (known?.reason === 'DeploymentPaused' || known?.reason === deadlineExceeded) return undefined;
    return { condition: progressing('Unknown', 'DeploymentPaused', 'Deployment is paused'), touched: false };
  }
  if (known?.reason === 'DeploymentPaused') {
    return { condition: progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed'), touched: true };
  }
  if (spec.progressDeadlineSeconds === undefined || spec.progressDeadlineSeconds === noDeadline) return undefined;
  const settled = status.replicas === status.updatedReplicas && known?.reason === available;
  if (settled) return undefined;
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    return { condition: progressing('True', available, message), touched: true };
  }
  if (!known || hasMoved(deployment.status ?? {}, status)) {
    const message = `${subject} is progressing.`;
    return { condition: progressing('True', 'ReplicaSetUpdated', message), touched: true };
  }
  const leftMs = deadlineInMs(deployment, nowMs);
  if (leftMs === undefined || leftMs > 0) return undefined;
  const message = `${subject} has timed out progressing.`;
  return { condition: progressing('False', deadlineExceeded, message), touched: false };
}
