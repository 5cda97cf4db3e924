/** How many pods a rollout may have too many, and too few. */
import type { Deployment } from '@flotilla/api';

export interface Bounds {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/**
 * Percentages of the wanted replicas: surge rounded up, unavailability down. A rollout that could move neither way may do
 * without one pod.
 */
export function boundsOf({ spec }: Deployment): Bounds {
  if (spec.strategy.type === 'Recreate') return { maxSurge: 0, maxUnavailable: 0 };
  const replicas = replicasOf(spec);
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy.rollingUpdate ?? {};
  const surge = amountOf(maxSurge, replicas, Math.ceil);
  const unavailable = amountOf(maxUnavailable, replicas, Math.floor);
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, replicas) };
}

function amountOf(value: number | string, total: number, round: (share: number) => number): number {
  if (typeof value === 'number') return value;
  return round((Number.parseInt(value, 10) * total) / 100);
}

/** `spec.replicas`, whose absence means one. */
export function replicasOf({ replicas }: { readonly replicas?: number | undefined }): number {
  return replicas ?? 1;
}
