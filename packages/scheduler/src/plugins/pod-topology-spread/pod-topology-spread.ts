/**
 * PodTopologySpread: pods of a group are spread evenly over domains (zones, machines). A DoNotSchedule constraint filters, a
 * ScheduleAnyway one scores. Pods that bring no constraint get the default ones, over the pods of their service or owner.
 */
import { type LabelRequirements, type Pod, matchesLabels } from '@flotilla/api';
import { type QueueingHint, always } from '../../framework/cluster-event.ts';
import { type Plugin, maxNodeScore } from '../../framework/plugin.ts';
import type { NodeTable } from '../../nodes/node-table.ts';
import {
  type Constraint,
  countsByRow,
  defaultConstraints,
  hostnameLabel,
  nodeCounter,
  ownConstraints,
} from './constraint.ts';

const uneven = { reason: "node(s) didn't match pod topology spread constraints", resolvable: true };
const unlabelled = {
  reason: "node(s) didn't match pod topology spread constraints (missing required label)",
  resolvable: false,
};

/** A DoNotSchedule constraint with its counts: pods by domain, over the nodes that take part. */
interface Spread {
  readonly constraint: Constraint;
  readonly counts: ReadonlyMap<string, number>;
  /** The count of the emptiest domain; 0 while there are fewer domains than `minDomains`. */
  readonly least: number;
}

/** A scoring constraint with its counts. */
interface WeightedSpread {
  readonly constraint: Constraint;
  readonly counts: ReadonlyMap<string, number>;
  /** More domains make an uneven one weigh more. */
  readonly weight: number;
}

interface Scoring {
  readonly spreads: readonly WeightedSpread[];
  /** A node that lacks a label of the pod's own constraints gets nothing. */
  readonly needsAllLabels: boolean;
}

export interface PodTopologySpreadOptions {
  /** The labels that select the pod's group, from its services and owner; undefined when it belongs to none. */
  readonly groupSelector: (pod: Pod) => LabelRequirements | undefined;
}

export function podTopologySpread({ groupSelector }: PodTopologySpreadOptions): Plugin<readonly Spread[], Scoring> {
  const scoringConstraints = (pod: Pod): { constraints: readonly Constraint[]; own: boolean } => {
    if ((pod.spec?.topologySpreadConstraints ?? []).length > 0) {
      return { constraints: ownConstraints(pod, 'ScheduleAnyway'), own: true };
    }
    const selector = groupSelector(pod);
    return { constraints: selector ? defaultConstraints(pod, selector) : [], own: false };
  };

  return {
    name: 'PodTopologySpread',
    events: { nodeAdded: always, nodeLabelsChanged: always, podPlaced: isCounted, podRemoved: isCounted },
    preFilter(pod, nodes) {
      const constraints = ownConstraints(pod, 'DoNotSchedule');
      if (constraints.length === 0) return { outcome: 'skip' };
      return { outcome: 'filter', state: spreadsOf(pod, nodes, constraints) };
    },
    filter(_pod, nodes, row, spreads) {
      for (const { constraint, counts, least } of spreads) {
        const domain = nodes.label(row, constraint.topologyKey);
        if (domain === undefined) return unlabelled;
        const here = (counts.get(domain) ?? 0) + (constraint.countsItself ? 1 : 0);
        if (here - least > constraint.maxSkew) return uneven;
      }
      return undefined;
    },
    preScore(pod, nodes, rows) {
      const { constraints, own } = scoringConstraints(pod);
      if (constraints.length === 0) return { outcome: 'skip' };
      const spreads = constraints.map((constraint) => weightedSpread(pod, nodes, rows, constraint));
      return { outcome: 'score', state: { spreads, needsAllLabels: own } };
    },
    score(_pod, nodes, row, { spreads, needsAllLabels }) {
      let score = 0;
      for (const { constraint, counts, weight } of spreads) {
        const domain = nodes.label(row, constraint.topologyKey);
        if (domain !== undefined) score += (counts.get(domain) ?? 0) * weight + (constraint.maxSkew - 1);
        else if (needsAllLabels) return NaN;
      }
      return Math.round(score);
    },
    normalizeScore: normalizeFewerIsBetter,
  };
}

/** The emptiest node gets 100; NaN marks a node that takes no part. */
function normalizeFewerIsBetter(scores: Float64Array): void {
  let least = Infinity;
  let most = 0;
  for (const score of scores) {
    if (Number.isNaN(score)) continue;
    least = Math.min(least, score);
    most = Math.max(most, score);
  }
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] ?? NaN;
    if (Number.isNaN(score)) scores[i] = 0;
    else scores[i] = most === 0 ? maxNodeScore : (maxNodeScore * (most + least - score)) / most;
  }
}

/** Pods that could be counted by one of the waiting pod's own constraints. */
const isCounted: QueueingHint = (pod, event) =>
  'pod' in event &&
  event.pod.metadata.namespace === pod.metadata.namespace &&
  ownConstraints(pod, 'DoNotSchedule').some(({ selector }) => matchesLabels(selector, event.pod.metadata.labels));

function spreadsOf(pod: Pod, nodes: NodeTable, constraints: readonly Constraint[]): readonly Spread[] {
  const takesPart = nodeCounter(pod, nodes);
  const labelled = [...nodes.rows()].filter((row) =>
    constraints.every(({ topologyKey }) => nodes.label(row, topologyKey) !== undefined),
  );
  return constraints.map((constraint) => {
    const byRow = countsByRow(pod, nodes, constraint);
    const counts = new Map<string, number>();
    for (const row of labelled) {
      if (!takesPart(constraint, row)) continue;
      const domain = nodes.label(row, constraint.topologyKey) ?? '';
      counts.set(domain, (counts.get(domain) ?? 0) + (byRow.get(row) ?? 0));
    }
    const least = counts.size < constraint.minDomains ? 0 : Math.min(...counts.values());
    return { constraint, counts, least: Number.isFinite(least) ? least : 0 };
  });
}

function weightedSpread(pod: Pod, nodes: NodeTable, rows: Int32Array, constraint: Constraint): WeightedSpread {
  const takesPart = nodeCounter(pod, nodes);
  const byRow = countsByRow(pod, nodes, constraint);
  const counts = new Map<string, number>();
  for (const row of rows) {
    const domain = nodes.label(row, constraint.topologyKey);
    if (domain !== undefined) counts.set(domain, 0);
  }
  const domains = constraint.topologyKey === hostnameLabel ? rows.length : counts.size;
  for (const [row, pods] of byRow) {
    if (nodes.rowOf(nodes.nameOf(row)) === undefined || !takesPart(constraint, row)) continue;
    const domain = nodes.label(row, constraint.topologyKey);
    const count = domain === undefined ? undefined : counts.get(domain);
    if (domain !== undefined && count !== undefined) counts.set(domain, count + pods);
  }
  return { constraint, counts, weight: Math.log(domains + 2) };
}
