/**
 * TaintToleration: a node with a NoSchedule or NoExecute taint takes only pods that tolerate it; among the others, those with
 * fewer untolerated PreferNoSchedule taints are better.
 */
import type { Pod, Taint, Toleration } from '@flotilla/api';
import type { QueueingHint } from '../../framework/cluster-event.ts';
import { normalizeInverted } from '../../framework/normalize.ts';
import type { Plugin } from '../../framework/plugin.ts';
import { tolerates } from './toleration.ts';

const forbids = ({ effect }: Taint): boolean => effect === 'NoSchedule' || effect === 'NoExecute';
const discourages = ({ effect }: Taint): boolean => effect === 'PreferNoSchedule';

function untolerated(pod: Pod, taints: readonly Taint[]): Taint | undefined {
  const tolerations = pod.spec?.tolerations ?? [];
  return taints.find((taint) => forbids(taint) && !tolerates(tolerations, taint));
}

const nowTolerated: QueueingHint = (pod, event) =>
  'node' in event && untolerated(pod, event.node.spec?.taints ?? []) === undefined;

export const taintToleration: Plugin<undefined, readonly Toleration[]> = {
  name: 'TaintToleration',
  events: { nodeAdded: nowTolerated, nodeTaintsChanged: nowTolerated },
  filter(pod, nodes, row) {
    const taint = untolerated(pod, nodes.taints(row));
    if (!taint) return undefined;
    return { reason: `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`, resolvable: false };
  },
  preScore(pod, nodes, rows) {
    if (!rows.some((row) => nodes.taints(row).some(discourages))) return { outcome: 'skip' };
    const mayMatter = ({ effect = '' }: Toleration): boolean => effect === '' || effect === 'PreferNoSchedule';
    return { outcome: 'score', state: (pod.spec?.tolerations ?? []).filter(mayMatter) };
  },
  score: (_pod, nodes, row, tolerations) =>
    nodes.taints(row).filter((taint) => discourages(taint) && !tolerates(tolerations, taint)).length,
  normalizeScore: normalizeInverted,
};
