/** @kinds/core/node */
import { kindModel, type KubeObject } from '../../object.ts';
import { nodeConfigSource, nodeStatus } from './node-status.ts';
import { atomic, boolean, filled, list, model, ref, required, string, strings, time } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const taintFields = {
  effect: required(string('@Taint.effect')),
  key: required(string('@Taint.key')),
  timeAdded: time('@Taint.timeAdded'),
  value: string('@Taint.value'),
};

/** @Taint. */
export interface Taint extends Fields<typeof taintFields> {}
export const taint: Model<Taint> = model('io.k8s.api.core.v1.Taint', '@Taint', taintFields);

const nodeSpecFields = {
  configSource: ref(nodeConfigSource, '@NodeSpec.configSource'),
  externalID: string('@NodeSpec.externalID'),
  podCIDR: string('@NodeSpec.podCIDR'),
  podCIDRs: strings('@NodeSpec.podCIDRs', { patchStrategy: 'merge', listType: 'set' }),
  providerID: string('@NodeSpec.providerID'),
  taints: list(taint, '@NodeSpec.taints', atomic),
  unschedulable: boolean('@NodeSpec.unschedulable'),
};

/** @NodeSpec. */
export interface NodeSpec extends Fields<typeof nodeSpecFields> {}
export const nodeSpec: Model<NodeSpec> = model('io.k8s.api.core.v1.NodeSpec', '@NodeSpec', nodeSpecFields);

const nodeFields = {
  spec: filled(ref(nodeSpec, '@Node.spec')),
  status: ref(nodeStatus, '@Node.status'),
};

/** @Node. */
export interface Node extends KubeObject, Fields<typeof nodeFields> {}
export const node: Model<Node> = kindModel('io.k8s.api.core.v1.Node', '@Node', nodeFields);
