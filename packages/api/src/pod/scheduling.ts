/** Tolerations, spreading and gates. */
import { labelSelector } from '../meta/label-selector-model.ts';
import { atomic, int32, int64, model, ref, required, string, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const tolerationFields = {
  effect: string('@Toleration.effect'),
  key: string('@Toleration.key'),
  operator: string('@Toleration.operator'),
  tolerationSeconds: int64('@Toleration.tolerationSeconds'),
  value: string('@Toleration.value'),
};

/** @Toleration. */
export interface Toleration extends Fields<typeof tolerationFields> {}
export const toleration: Model<Toleration> = model('io.k8s.api.core.v1.Toleration', '@Toleration', tolerationFields);

const topologySpreadConstraintFields = {
  labelSelector: ref(labelSelector, '@TopologySpreadConstraint.labelSelector'),
  matchLabelKeys: strings('@TopologySpreadConstraint.matchLabelKeys', atomic),
  maxSkew: required(int32('@TopologySpreadConstraint.maxSkew')),
  minDomains: int32('@TopologySpreadConstraint.minDomains'),
  nodeAffinityPolicy: string('@TopologySpreadConstraint.nodeAffinityPolicy'),
  nodeTaintsPolicy: string('@TopologySpreadConstraint.nodeTaintsPolicy'),
  topologyKey: required(string('@TopologySpreadConstraint.topologyKey')),
  whenUnsatisfiable: required(string('@TopologySpreadConstraint.whenUnsatisfiable')),
};

/** @TopologySpreadConstraint. */
export interface TopologySpreadConstraint extends Fields<typeof topologySpreadConstraintFields> {}
export const topologySpreadConstraint: Model<TopologySpreadConstraint> = model('io.k8s.api.core.v1.TopologySpreadConstraint', '@TopologySpreadConstraint', topologySpreadConstraintFields);

const podSchedulingGateFields = {
  name: required(string('@PodSchedulingGate.name')),
};

/** @PodSchedulingGate. */
export interface PodSchedulingGate extends Fields<typeof podSchedulingGateFields> {}
export const podSchedulingGate: Model<PodSchedulingGate> = model('io.k8s.api.core.v1.PodSchedulingGate', '@PodSchedulingGate', podSchedulingGateFields);

const podReadinessGateFields = {
  conditionType: required(string('@PodReadinessGate.conditionType')),
};

/** @PodReadinessGate. */
export interface PodReadinessGate extends Fields<typeof podReadinessGateFields> {}
export const podReadinessGate: Model<PodReadinessGate> = model('io.k8s.api.core.v1.PodReadinessGate', '@PodReadinessGate', podReadinessGateFields);
