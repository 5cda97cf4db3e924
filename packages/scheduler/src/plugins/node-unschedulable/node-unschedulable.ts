/** NodeUnschedulable: a cordoned node takes only pods that tolerate its taint. */
import { always } from '../../framework/cluster-event.ts';
import type { Plugin } from '../../framework/plugin.ts';
import type { Rejection } from '../../framework/rejection.ts';
import { tolerates } from '../taint-toleration/toleration.ts';

const rejection: Rejection = { reason: 'node(s) were unschedulable', resolvable: false };
const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  events: {
    nodeAdded: always,
    nodeSchedulableChanged: (_pod, event) => 'node' in event && !event.node.spec?.unschedulable,
  },
  filter(pod, nodes, row) {
    if (nodes.node(row).spec?.unschedulable !== true) return undefined;
    return tolerates(pod.spec?.tolerations ?? [], cordon) ? undefined : rejection;
  },
};
