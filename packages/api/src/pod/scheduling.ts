/** Tolerations, spreading and gates. */
import { labelSelector } from '../meta/label-selector-model.ts';
import { atomic, int32, int64, model, ref, required, string, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const tolerationFields = {
  effect: string('Effect of the taint; any where nothing is said.'),
  key: string('Key of the taint; any where nothing is said, with Exists.'),
  operator: string('Equal or Exists.'),
  tolerationSeconds: int64('How long a NoExecute taint is borne; for ever where nothing is said.'),
  value: string('Value of the taint.'),
};

/** A taint that the pod bears. */
export interface Toleration extends Fields<typeof tolerationFields> {}
export const toleration: Model<Toleration> = model(
  'io.k8s.api.core.v1.Toleration',
  'A taint that the pod bears.',
  tolerationFields,
);

const topologySpreadConstraintFields = {
  labelSelector: ref(labelSelector, 'Which pods are counted.'),
  matchLabelKeys: strings("Labels whose values must equal the new pod's to be counted.", atomic),
  maxSkew: required(int32('How many more pods one place may have than another.')),
  minDomains: int32('How many places there must be.'),
  nodeAffinityPolicy: string("Whether nodes that the pod's affinity excludes count: Honor or Ignore."),
  nodeTaintsPolicy: string("Whether nodes whose taints it can't bear count: Honor or Ignore."),
  topologyKey: required(string('Node label whose equal values mean the same place.')),
  whenUnsatisfiable: required(string('DoNotSchedule, or ScheduleAnyway.')),
};

/** How evenly pods are spread over places. */
export interface TopologySpreadConstraint extends Fields<typeof topologySpreadConstraintFields> {}
export const topologySpreadConstraint: Model<TopologySpreadConstraint> = model(
  'io.k8s.api.core.v1.TopologySpreadConstraint',
  'How evenly pods are spread over places.',
  topologySpreadConstraintFields,
);

const podSchedulingGateFields = {
  name: required(string('Its name.')),
};

/** Something that must be removed before the pod is scheduled. */
export interface PodSchedulingGate extends Fields<typeof podSchedulingGateFields> {}
export const podSchedulingGate: Model<PodSchedulingGate> = model(
  'io.k8s.api.core.v1.PodSchedulingGate',
  'Something that must be removed before the pod is scheduled.',
  podSchedulingGateFields,
);

const podReadinessGateFields = {
  conditionType: required(string('Type of the condition.')),
};

/** A condition that must hold for the pod to be ready. */
export interface PodReadinessGate extends Fields<typeof podReadinessGateFields> {}
export const podReadinessGate: Model<PodReadinessGate> = model(
  'io.k8s.api.core.v1.PodReadinessGate',
  'A condition that must hold for the pod to be ready.',
  podReadinessGateFields,
);
