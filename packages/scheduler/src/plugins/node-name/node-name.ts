/** NodeName: a pod that names its node goes nowhere else. */
import { always } from '../../framework/cluster-event.ts';
import type { Plugin } from '../../framework/plugin.ts';
import type { Rejection } from '../../framework/rejection.ts';

const rejection: Rejection = { reason: "node(s) didn't match the requested node name", resolvable: false };

export const nodeName: Plugin<string> = {
  name: 'NodeName',
  events: { nodeAdded: always },
  preFilter({ spec }) {
    const state = spec?.nodeName ?? '';
    return state === '' ? { outcome: 'skip' } : { outcome: 'filter', state };
  },
  filter: (_pod, nodes, row, wanted) => (nodes.nameOf(row) === wanted ? undefined : rejection),
};
