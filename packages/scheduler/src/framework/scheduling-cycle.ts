/**
 * One scheduling cycle: which node takes a pod. Pure and synchronous over the table it is given: the same pod, table and
 * random draw give the same node.
 */
import type { Pod } from '@flotilla/api';
import type { Randomness } from '@flotilla/base';
import type { NodeTable } from '../nodes/node-table.ts';
import type { AnyPlugin } from './plugin.ts';
import type { Profile } from './profile.ts';
import type { Diagnosis, Rejection } from './rejection.ts';

export type CycleResult =
  | { readonly outcome: 'fits'; readonly node: string }
  | { readonly outcome: 'unschedulable'; readonly diagnosis: Diagnosis };

export interface CycleInput {
  readonly pod: Pod;
  readonly nodes: NodeTable;
  readonly profile: Profile;
  /** Breaks ties between nodes of equal score. */
  readonly randomness: Randomness;
}

export function runSchedulingCycle(input: CycleInput): CycleResult {
  const { pod, nodes, profile } = input;
  const tally = new Tally(nodes.nodeCount);
  const rows = feasibleRows(pod, nodes, profile, tally);
  if (rows.length === 0) return { outcome: 'unschedulable', diagnosis: tally.diagnosis() };
  const best = rows.length === 1 ? 0 : bestOf(totalScores(pod, nodes, profile, rows), input.randomness);
  return { outcome: 'fits', node: nodes.nameOf(rows[best] ?? -1) };
}

/** Counts the nodes that were turned down, by reason. */
class Tally {
  readonly #nodeCount: number;
  readonly #counts = new Map<string, number>();
  readonly #rejectedBy = new Set<string>();

  constructor(nodeCount: number) {
    this.#nodeCount = nodeCount;
  }

  add(plugin: AnyPlugin, { reason }: Rejection, nodes = 1): void {
    this.#rejectedBy.add(plugin.name);
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + nodes);
  }

  diagnosis(): Diagnosis {
    const rejectedBy = this.#rejectedBy;
    if (this.#nodeCount === 0) return { message: 'no nodes available to schedule pods', rejectedBy };
    const causes = [...this.#counts].map(([reason, nodes]) => `${nodes} ${reason}`).sort();
    return { message: `0/${this.#nodeCount} nodes are available: ${causes.join(', ')}.`, rejectedBy };
  }
}

function feasibleRows(pod: Pod, nodes: NodeTable, profile: Profile, tally: Tally): Int32Array {
  const filters: { readonly plugin: AnyPlugin; readonly state: unknown }[] = [];
  let wanted: ReadonlySet<number> | undefined;
  for (const { plugin } of profile.plugins) {
    const result = plugin.preFilter?.(pod, nodes) ?? { outcome: 'filter', state: undefined };
    if (result.outcome === 'skip') continue;
    if (result.outcome === 'reject') {
      tally.add(plugin, result.rejection, nodes.nodeCount);
      return new Int32Array(0);
    }
    if (plugin.filter) filters.push({ plugin, state: result.state });
    if (result.rows) wanted = intersection(wanted, result.rows);
  }

  const rows = new Int32Array(nodes.nodeCount);
  let count = 0;
  for (const row of wanted ?? nodes.rows()) {
    const rejecting = filters.find(({ plugin, state }) => {
      const rejection = plugin.filter?.(pod, nodes, row, state);
      if (rejection) tally.add(plugin, rejection);
      return rejection !== undefined;
    });
    if (!rejecting) rows[count++] = row;
  }
  return rows.subarray(0, count);
}

function intersection(old: ReadonlySet<number> | undefined, rows: readonly number[]): ReadonlySet<number> {
  return new Set(old ? rows.filter((row) => old.has(row)) : rows);
}

function totalScores(pod: Pod, nodes: NodeTable, profile: Profile, rows: Int32Array): Float64Array {
  const totals = new Float64Array(rows.length);
  const scores = new Float64Array(rows.length);
  for (const { plugin, weight } of profile.plugins) {
    if (!plugin.score) continue;
    const prepared = plugin.preScore?.(pod, nodes, rows) ?? { outcome: 'score', state: undefined };
    if (prepared.outcome === 'skip') continue;
    for (let i = 0; i < rows.length; i++) scores[i] = plugin.score(pod, nodes, rows[i] ?? -1, prepared.state);
    plugin.normalizeScore?.(scores, nodes, rows, prepared.state);
    for (let i = 0; i < rows.length; i++) totals[i] = (totals[i] ?? 0) + weight * (scores[i] ?? 0);
  }
  return totals;
}

/** The index of the highest score; among equals each has the same chance. */
function bestOf(totals: Float64Array, randomness: Randomness): number {
  let best = 0;
  let equals = 1;
  for (let i = 1; i < totals.length; i++) {
    const difference = (totals[i] ?? 0) - (totals[best] ?? 0);
    if (difference > 0) {
      best = i;
      equals = 1;
    } else if (difference === 0 && randomness.next() * ++equals < 1) {
      best = i;
    }
  }
  return best;
}
