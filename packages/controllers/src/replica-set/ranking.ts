/**
 * Which pods go first when there are too many. In this order: without a node, pending, not ready, of low deletion cost, on a
 * node with more siblings, ready for a shorter time, restarted more often, younger.
 */
import type { Pod } from '@flotilla/api';
import { isReady, readySinceMs } from '../pod-state.ts';

const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phaseRanks: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

type Measure = (pod: Pod) => number;

/** The `count` pods that are missed least. */
export function leastWanted(pods: readonly Pod[], count: number): readonly Pod[] {
  if (count <= 0) return [];
  const siblings = new Map<string, number>();
  const nodeOf = ({ spec }: Pod): string => spec.nodeName ?? '';
  for (const pod of pods) siblings.set(nodeOf(pod), (siblings.get(nodeOf(pod)) ?? 0) + 1);

  /** Smaller goes first. */
  const measures: readonly Measure[] = [
    (pod) => (nodeOf(pod) === '' ? 0 : 1),
    ({ status }) => phaseRanks[status?.phase ?? ''] ?? 0,
    (pod) => (isReady(pod) ? 1 : 0),
    deletionCost,
    (pod) => -(siblings.get(nodeOf(pod)) ?? 0),
    (pod) => -(readySinceMs(pod) ?? 0),
    (pod) => -restarts(pod),
    ({ metadata }) => -Date.parse(metadata.creationTimestamp ?? ''),
  ];
  return [...pods].sort((a, b) => compare(measures, a, b)).slice(0, count);
}

/** Names decide last, so that the choice is the same whoever makes it. */
function compare(measures: readonly Measure[], a: Pod, b: Pod): number {
  for (const measure of measures) {
    const difference = measure(a) - measure(b);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
  }
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

function deletionCost({ metadata }: Pod): number {
  const cost = Number(metadata.annotations?.[deletionCostAnnotation] ?? 0);
  return Number.isSafeInteger(cost) ? cost : 0;
}

function restarts({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}
