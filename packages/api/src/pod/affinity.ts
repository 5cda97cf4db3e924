/** Which nodes a pod wants, and near which pods. */
import { labelSelector } from '../meta/label-selector-model.ts';
import { atomic, int32, list, model, ref, required, string, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const nodeSelectorRequirementFields = {
  key: required(string('Label or field that it is about.')),
  operator: required(string('In, NotIn, Exists, DoesNotExist, Gt or Lt.')),
  values: strings('What to compare with.', atomic),
};

/** One condition on a node. */
export interface NodeSelectorRequirement extends Fields<typeof nodeSelectorRequirementFields> {}
export const nodeSelectorRequirement: Model<NodeSelectorRequirement> = model(
  'io.k8s.api.core.v1.NodeSelectorRequirement',
  'One condition on a node.',
  nodeSelectorRequirementFields,
);

const nodeSelectorTermFields = {
  matchExpressions: list(nodeSelectorRequirement, 'Conditions on labels.', atomic),
  matchFields: list(nodeSelectorRequirement, 'Conditions on fields; metadata.name is the one there is.', atomic),
};

/** Conditions on a node that must all hold; none at all matches no node. */
export interface NodeSelectorTerm extends Fields<typeof nodeSelectorTermFields> {}
export const nodeSelectorTerm: Model<NodeSelectorTerm> = model(
  'io.k8s.api.core.v1.NodeSelectorTerm',
  'Conditions on a node that must all hold; none at all matches no node.',
  nodeSelectorTermFields,
  { atomic: true },
);

const nodeSelectorFields = {
  nodeSelectorTerms: required(list(nodeSelectorTerm, 'The terms.', atomic)),
};

/** Selects nodes; one term must hold. */
export interface NodeSelector extends Fields<typeof nodeSelectorFields> {}
export const nodeSelector: Model<NodeSelector> = model(
  'io.k8s.api.core.v1.NodeSelector',
  'Selects nodes; one term must hold.',
  nodeSelectorFields,
  { atomic: true },
);

const preferredSchedulingTermFields = {
  preference: required({ ...ref(nodeSelectorTerm, 'Which nodes.'), filled: true }),
  weight: required(int32('How much it counts, from 1 to 100.')),
};

/** Nodes that are liked, and how much. */
export interface PreferredSchedulingTerm extends Fields<typeof preferredSchedulingTermFields> {}
export const preferredSchedulingTerm: Model<PreferredSchedulingTerm> = model(
  'io.k8s.api.core.v1.PreferredSchedulingTerm',
  'Nodes that are liked, and how much.',
  preferredSchedulingTermFields,
);

const nodeAffinityFields = {
  preferredDuringSchedulingIgnoredDuringExecution: list(
    preferredSchedulingTerm,
    'Wishes; nodes that meet more of them are taken first.',
    atomic,
  ),
  requiredDuringSchedulingIgnoredDuringExecution: ref(
    nodeSelector,
    'Musts, when a node is chosen; not looked at again later.',
  ),
};

/** Which nodes a pod must or would like to run on. */
export interface NodeAffinity extends Fields<typeof nodeAffinityFields> {}
export const nodeAffinity: Model<NodeAffinity> = model(
  'io.k8s.api.core.v1.NodeAffinity',
  'Which nodes a pod must or would like to run on.',
  nodeAffinityFields,
);

const podAffinityTermFields = {
  labelSelector: ref(labelSelector, 'Which objects are meant, by their labels.'),
  matchLabelKeys: strings("Labels whose values must equal the new pod's.", atomic),
  mismatchLabelKeys: strings("Labels whose values must differ from the new pod's.", atomic),
  namespaceSelector: ref(labelSelector, 'Which namespaces the pods lie in, by label.'),
  namespaces: strings('Which namespaces the pods lie in; its own where nothing is said.', atomic),
  topologyKey: required(string('Node label whose equal values mean the same place.')),
};

/** Pods, and what counts as near them. */
export interface PodAffinityTerm extends Fields<typeof podAffinityTermFields> {}
export const podAffinityTerm: Model<PodAffinityTerm> = model(
  'io.k8s.api.core.v1.PodAffinityTerm',
  'Pods, and what counts as near them.',
  podAffinityTermFields,
);

const weightedPodAffinityTermFields = {
  podAffinityTerm: required({ ...ref(podAffinityTerm, 'Which pods.'), filled: true }),
  weight: required(int32('How much it counts, from 1 to 100.')),
};

/** A wish about other pods, and how much it counts. */
export interface WeightedPodAffinityTerm extends Fields<typeof weightedPodAffinityTermFields> {}
export const weightedPodAffinityTerm: Model<WeightedPodAffinityTerm> = model(
  'io.k8s.api.core.v1.WeightedPodAffinityTerm',
  'A wish about other pods, and how much it counts.',
  weightedPodAffinityTermFields,
);

const podAffinityFields = {
  preferredDuringSchedulingIgnoredDuringExecution: list(
    weightedPodAffinityTerm,
    'Wishes; nodes that meet more of them are taken first.',
    atomic,
  ),
  requiredDuringSchedulingIgnoredDuringExecution: list(
    podAffinityTerm,
    'Musts, when a node is chosen; not looked at again later.',
    atomic,
  ),
};

/** Near which pods a pod must or would like to run. */
export interface PodAffinity extends Fields<typeof podAffinityFields> {}
export const podAffinity: Model<PodAffinity> = model(
  'io.k8s.api.core.v1.PodAffinity',
  'Near which pods a pod must or would like to run.',
  podAffinityFields,
);

const podAntiAffinityFields = {
  preferredDuringSchedulingIgnoredDuringExecution: list(
    weightedPodAffinityTerm,
    'Wishes; nodes that meet more of them are taken first.',
    atomic,
  ),
  requiredDuringSchedulingIgnoredDuringExecution: list(
    podAffinityTerm,
    'Musts, when a node is chosen; not looked at again later.',
    atomic,
  ),
};

/** Far from which pods a pod must or would like to run. */
export interface PodAntiAffinity extends Fields<typeof podAntiAffinityFields> {}
export const podAntiAffinity: Model<PodAntiAffinity> = model(
  'io.k8s.api.core.v1.PodAntiAffinity',
  'Far from which pods a pod must or would like to run.',
  podAntiAffinityFields,
);

const affinityFields = {
  nodeAffinity: ref(nodeAffinity, 'About nodes.'),
  podAffinity: ref(podAffinity, 'Nearness to pods.'),
  podAntiAffinity: ref(podAntiAffinity, 'Distance from pods.'),
};

/** Which nodes a pod wants, and near which pods. */
export interface Affinity extends Fields<typeof affinityFields> {}
export const affinity: Model<Affinity> = model(
  'io.k8s.api.core.v1.Affinity',
  'Which nodes a pod wants, and near which pods.',
  affinityFields,
);
