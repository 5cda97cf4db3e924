/**
 * The ReplicaSets of a deployment as one reconcile sees them: the newest (the one of the current template, once it exists) and
 * the old ones. `Rollout` is changed in place as the reconcile writes, so that later steps count with what earlier ones did.
 */
import type { Deployment, ReplicaSet } from '@flotilla/api';
import { replicasOf } from './bounds.ts';
import { hasTemplateOf } from './template-hash.ts';

export interface Rollout {
  deployment: Deployment;
  newest: ReplicaSet | undefined;
  /** Oldest first. */
  old: readonly ReplicaSet[];
}

export function rolloutOf(deployment: Deployment, replicaSets: readonly ReplicaSet[]): Rollout {
  const byAge = [...replicaSets].sort(olderFirst);
  const newest = byAge.find((replicaSet) => hasTemplateOf(replicaSet, deployment));
  return { deployment, newest, old: byAge.filter((replicaSet) => replicaSet !== newest) };
}

export function olderFirst(a: ReplicaSet, b: ReplicaSet): number {
  const difference = Date.parse(a.metadata.creationTimestamp ?? '') - Date.parse(b.metadata.creationTimestamp ?? '');
  if (difference !== 0 && !Number.isNaN(difference)) return difference;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

export function allOf({ newest, old }: Rollout): readonly ReplicaSet[] {
  return newest ? [...old, newest] : old;
}

/** Puts a newer version of a ReplicaSet into the rollout. */
export function replace(rollout: Rollout, replicaSet: ReplicaSet): void {
  const { uid } = replicaSet.metadata;
  if (rollout.newest?.metadata.uid === uid) rollout.newest = replicaSet;
  rollout.old = rollout.old.map((one) => (one.metadata.uid === uid ? replicaSet : one));
}

/** Those that want pods. */
export function activeOf(replicaSets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  return replicaSets.filter(({ spec }) => replicasOf(spec) > 0);
}

export function wantedBy(replicaSets: readonly ReplicaSet[]): number {
  return sum(replicaSets, ({ spec }) => replicasOf(spec));
}

export function availableOf(replicaSets: readonly ReplicaSet[]): number {
  return sum(replicaSets, ({ status }) => status?.availableReplicas ?? 0);
}

export function sum(replicaSets: readonly ReplicaSet[], measure: (replicaSet: ReplicaSet) => number): number {
  return replicaSets.reduce((total, replicaSet) => total + measure(replicaSet), 0);
}
