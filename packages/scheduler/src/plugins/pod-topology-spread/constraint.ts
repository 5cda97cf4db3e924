/** Spread constraints, compiled: which pods are counted, over which domains, on which nodes. */
import {
  type LabelRequirements,
  type Pod,
  type TopologySpreadConstraint,
  matchesLabels,
  requirementsOf,
  requirementsOfMap,
} from '@flotilla/api';
import type { NodeTable } from '../../nodes/node-table.ts';
import { requiredNodeMatcher } from '../node-affinity/node-selector.ts';
import { tolerates } from '../taint-toleration/toleration.ts';

export const hostnameLabel = 'kubernetes.io/hostname';
export const zoneLabel = 'topology.kubernetes.io/zone';

export interface Constraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: LabelRequirements;
  /** Whether the pod itself is one of those that are counted. */
  readonly countsItself: boolean;
  readonly honorsAffinity: boolean;
  readonly honorsTaints: boolean;
}

/** The constraints that the pod brings itself, of one kind. */
export function ownConstraints(pod: Pod, whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway'): readonly Constraint[] {
  return (pod.spec?.topologySpreadConstraints ?? [])
    .filter((constraint) => constraint.whenUnsatisfiable === whenUnsatisfiable)
    .map((constraint) => compile(pod, constraint));
}

function compile(pod: Pod, constraint: TopologySpreadConstraint): Constraint {
  const selector = [...requirementsOf(constraint.labelSelector), ...ownValues(pod, constraint.matchLabelKeys)];
  return {
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    selector,
    countsItself: matchesLabels(selector, pod.metadata.labels),
    honorsAffinity: constraint.nodeAffinityPolicy !== 'Ignore',
    honorsTaints: constraint.nodeTaintsPolicy === 'Honor',
  };
}

/** `matchLabelKeys` counts only pods that share the pod's own values of those labels. */
function ownValues({ metadata }: Pod, keys: readonly string[] | undefined): LabelRequirements {
  const shared = (keys ?? []).flatMap((key) => {
    const value = metadata.labels?.[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return requirementsOfMap(Object.fromEntries(shared));
}

/**
 * The scheduler's own constraints, for pods that bring none: pods of one service or one owner go to different zones and
 * machines where that is possible.
 */
export function defaultConstraints(pod: Pod, selector: LabelRequirements): readonly Constraint[] {
  const domain = (topologyKey: string, maxSkew: number): Constraint => ({
    topologyKey,
    maxSkew,
    minDomains: 1,
    selector,
    countsItself: matchesLabels(selector, pod.metadata.labels),
    honorsAffinity: true,
    honorsTaints: false,
  });
  return [domain(zoneLabel, 5), domain(hostnameLabel, 3)];
}

/** Whether a node takes part in a constraint's count at all. */
export function nodeCounter(pod: Pod, nodes: NodeTable): (constraint: Constraint, row: number) => boolean {
  const matchesAffinity = requiredNodeMatcher(pod.spec);
  const tolerations = pod.spec?.tolerations ?? [];
  const tolerated = (row: number): boolean =>
    nodes.taints(row).every((taint) => taint.effect === 'PreferNoSchedule' || tolerates(tolerations, taint));
  return ({ honorsAffinity, honorsTaints }, row) =>
    (!honorsAffinity || matchesAffinity?.(nodes.node(row)) !== false) && (!honorsTaints || tolerated(row));
}

/** How many pods that the constraint counts are on each row. */
export function countsByRow(pod: Pod, nodes: NodeTable, { selector }: Constraint): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { pod: placed, row } of nodes.placesIn(pod.metadata.namespace ?? '')) {
    if (placed.metadata.deletionTimestamp !== undefined) continue;
    if (matchesLabels(selector, placed.metadata.labels)) counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  return counts;
}
