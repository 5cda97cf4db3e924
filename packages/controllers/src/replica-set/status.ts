/** What a ReplicaSet says of its pods. */
import {
  type Pod,
  type ReplicaSet,
  type ReplicaSetCondition,
  deepEqual,
  matchesLabels,
  replicaSets,
} from '@flotilla/api';
import { requirementsOfMap } from '@flotilla/api';
import { isNotFound } from '@flotilla/api-client';
import { messageOf } from '@flotilla/base';
import type { ControllerContext } from '../controller.ts';
import { availableInMs, isActive, isReady } from '../pod-state.ts';
import { timeOf } from '../times.ts';

export interface Availability {
  readonly replicas: number;
  readonly fullyLabeledReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  /** When the next pod becomes available by the mere passing of time, milliseconds. */
  readonly nextInMs: number | undefined;
}

export function availabilityOf({ spec }: ReplicaSet, claimed: readonly Pod[], nowMs: number): Availability {
  const templateLabels = requirementsOfMap(spec.template.metadata.labels);
  const active = claimed.filter(isActive);
  const waits = active.map((pod) => availableInMs(pod, spec.minReadySeconds ?? 0, nowMs));
  const pending = waits.filter((waitMs) => waitMs !== undefined && waitMs > 0) as number[];
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter(({ metadata }) => matchesLabels(templateLabels, metadata.labels)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: waits.filter((waitMs) => waitMs === 0).length,
    nextInMs: pending.length === 0 ? undefined : Math.min(...pending),
  };
}

export interface Observed {
  readonly replicaSet: ReplicaSet;
  readonly availability: Availability;
  /** Why not all pods could be made or removed. */
  readonly failure: Error | undefined;
}

/** Writes the status if it changed. A conflict is the caller's to retry: it has seen an old ReplicaSet. */
export async function writeStatus(context: ControllerContext, observed: Observed, signal: AbortSignal): Promise<void> {
  const { replicaSet, availability } = observed;
  const { replicas, fullyLabeledReplicas, readyReplicas, availableReplicas } = availability;
  const counts = { replicas, fullyLabeledReplicas, readyReplicas, availableReplicas };
  const observedGeneration = replicaSet.metadata.generation;
  const conditions = conditionsOf(observed, timeOf(context.clock.wallMs()));
  const status = { ...counts, observedGeneration, ...(conditions.length > 0 && { conditions }) };
  const known = replicaSet.status ?? { replicas: 0 };
  if (deepEqual({ ...known, ...status, conditions }, { ...known, conditions: known.conditions ?? [] })) return;
  try {
    await context.client.resource(replicaSets).updateStatus({ ...replicaSet, status }, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function conditionsOf({ replicaSet, availability, failure }: Observed, now: string): readonly ReplicaSetCondition[] {
  const known = replicaSet.status?.conditions ?? [];
  const others = known.filter(({ type }) => type !== 'ReplicaFailure');
  if (!failure) return others;
  const missing = (replicaSet.spec.replicas ?? 1) - availability.replicas;
  const reason = missing < 0 ? 'FailedDelete' : 'FailedCreate';
  const old = known.find(({ type }) => type === 'ReplicaFailure');
  if (old?.reason === reason) return known;
  const condition = { type: 'ReplicaFailure', status: 'True', reason, message: messageOf(failure) };
  return [...others, { ...condition, lastTransitionTime: now }];
}
