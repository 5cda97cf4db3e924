/** NodeAffinity: nodes that a pod requires (`nodeSelector` too), and nodes that it prefers. */
import type { QueueingHint } from '../../framework/cluster-event.ts';
import { normalizeProportional } from '../../framework/normalize.ts';
import type { Plugin } from '../../framework/plugin.ts';
import type { Rejection } from '../../framework/rejection.ts';
import { type NodeMatcher, namedNodes, requiredNodeMatcher, termMatcher } from './node-selector.ts';

const rejection: Rejection = { reason: "node(s) didn't match Pod's node affinity/selector", resolvable: false };

interface Preference {
  readonly matches: NodeMatcher;
  readonly weight: number;
}

const nowMatches: QueueingHint = (pod, event) =>
  'node' in event && requiredNodeMatcher(pod.spec)?.(event.node) !== false;

export const nodeAffinity: Plugin<NodeMatcher, readonly Preference[]> = {
  name: 'NodeAffinity',
  events: { nodeAdded: nowMatches, nodeLabelsChanged: nowMatches },
  preFilter({ spec }, nodes) {
    const state = requiredNodeMatcher(spec);
    if (!state) return { outcome: 'skip' };
    const names = namedNodes(spec);
    if (!names) return { outcome: 'filter', state };
    const rows = [...names].map((name) => nodes.rowOf(name)).filter((row) => row !== undefined);
    return rows.length === 0 ? { outcome: 'reject', rejection } : { outcome: 'filter', state, rows };
  },
  filter: (_pod, nodes, row, matches) => (matches(nodes.node(row)) ? undefined : rejection),
  preScore({ spec }) {
    const preferred = spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return { outcome: 'skip' };
    const state = preferred.map(({ preference, weight }) => ({ matches: termMatcher(preference), weight }));
    return { outcome: 'score', state };
  },
  score(_pod, nodes, row, preferences) {
    const node = nodes.node(row);
    return preferences.reduce((sum, { matches, weight }) => sum + (matches(node) ? weight : 0), 0);
  },
  normalizeScore: normalizeProportional,
};
