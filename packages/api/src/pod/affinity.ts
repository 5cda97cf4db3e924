/** Which nodes a pod wants, and near which pods. */
import { labelSelector } from '../meta/label-selector-model.ts';
import { atomic, int32, list, model, ref, required, string, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const nodeSelectorRequirementFields = {
  key: required(string('@NodeSelectorRequirement.key')),
  operator: required(string('@NodeSelectorRequirement.operator')),
  values: strings('@NodeSelectorRequirement.values', atomic),
};

/** @NodeSelectorRequirement. */
export interface NodeSelectorRequirement extends Fields<typeof nodeSelectorRequirementFields> {}
export const nodeSelectorRequirement: Model<NodeSelectorRequirement> = model('io.k8s.api.core.v1.NodeSelectorRequirement', '@NodeSelectorRequirement', nodeSelectorRequirementFields);

const nodeSelectorTermFields = {
  matchExpressions: list(nodeSelectorRequirement, '@NodeSelectorTerm.matchExpressions', atomic),
  matchFields: list(nodeSelectorRequirement, '@NodeSelectorTerm.matchFields', atomic),
};

/** @NodeSelectorTerm. */
export interface NodeSelectorTerm extends Fields<typeof nodeSelectorTermFields> {}
export const nodeSelectorTerm: Model<NodeSelectorTerm> = model('io.k8s.api.core.v1.NodeSelectorTerm', '@NodeSelectorTerm', nodeSelectorTermFields, { atomic: true });

const nodeSelectorFields = {
  nodeSelectorTerms: required(list(nodeSelectorTerm, '@NodeSelector.nodeSelectorTerms', atomic)),
};

/** @NodeSelector. */
export interface NodeSelector extends Fields<typeof nodeSelectorFields> {}
export const nodeSelector: Model<NodeSelector> = model('io.k8s.api.core.v1.NodeSelector', '@NodeSelector', nodeSelectorFields, { atomic: true });

const preferredSchedulingTermFields = {
  preference: required({ ...ref(nodeSelectorTerm, '@PreferredSchedulingTerm.preference'), filled: true }),
  weight: required(int32('@PreferredSchedulingTerm.weight')),
};

/** @PreferredSchedulingTerm. */
export interface PreferredSchedulingTerm extends Fields<typeof preferredSchedulingTermFields> {}
export const preferredSchedulingTerm: Model<PreferredSchedulingTerm> = model('io.k8s.api.core.v1.PreferredSchedulingTerm', '@PreferredSchedulingTerm', preferredSchedulingTermFields);

const nodeAffinityFields = {
  preferredDuringSchedulingIgnoredDuringExecution: list(preferredSchedulingTerm, '@NodeAffinity.preferredDuringSchedulingIgnoredDuringExecution', atomic),
  requiredDuringSchedulingIgnoredDuringExecution: ref(nodeSelector, '@NodeAffinity.requiredDuringSchedulingIgnoredDuringExecution'),
};

/** @NodeAffinity. */
export interface NodeAffinity extends Fields<typeof nodeAffinityFields> {}
export const nodeAffinity: Model<NodeAffinity> = model('io.k8s.api.core.v1.NodeAffinity', '@NodeAffinity', nodeAffinityFields);

const podAffinityTermFields = {
  labelSelector: ref(labelSelector, '@PodAffinityTerm.labelSelector'),
  matchLabelKeys: strings('@PodAffinityTerm.matchLabelKeys', atomic),
  mismatchLabelKeys: strings('@PodAffinityTerm.mismatchLabelKeys', atomic),
  namespaceSelector: ref(labelSelector, '@PodAffinityTerm.namespaceSelector'),
  namespaces: strings('@PodAffinityTerm.namespaces', atomic),
  topologyKey: required(string('@PodAffinityTerm.topologyKey')),
};

/** @PodAffinityTerm. */
export interface PodAffinityTerm extends Fields<typeof podAffinityTermFields> {}
export const podAffinityTerm: Model<PodAffinityTerm> = model('io.k8s.api.core.v1.PodAffinityTerm', '@PodAffinityTerm', podAffinityTermFields);

const weightedPodAffinityTermFields = {
  podAffinityTerm: required({ ...ref(podAffinityTerm, '@WeightedPodAffinityTerm.podAffinityTerm'), filled: true }),
  weight: required(int32('@WeightedPodAffinityTerm.weight')),
};

/** @WeightedPodAffinityTerm. */
export interface WeightedPodAffinityTerm extends Fields<typeof weightedPodAffinityTermFields> {}
export const weightedPodAffinityTerm: Model<WeightedPodAffinityTerm> = model('io.k8s.api.core.v1.WeightedPodAffinityTerm', '@WeightedPodAffinityTerm', weightedPodAffinityTermFields);

const podAffinityFields = {
  preferredDuringSchedulingIgnoredDuringExecution: list(weightedPodAffinityTerm, '@PodAffinity.preferredDuringSchedulingIgnoredDuringExecution', atomic),
  requiredDuringSchedulingIgnoredDuringExecution: list(podAffinityTerm, '@PodAffinity.requiredDuringSchedulingIgnoredDuringExecution', atomic),
};

/** @PodAffinity. */
export interface PodAffinity extends Fields<typeof podAffinityFields> {}
export const podAffinity: Model<PodAffinity> = model('io.k8s.api.core.v1.PodAffinity', '@PodAffinity', podAffinityFields);

const podAntiAffinityFields = {
  preferredDuringSchedulingIgnoredDuringExecution: list(weightedPodAffinityTerm, '@PodAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution', atomic),
  requiredDuringSchedulingIgnoredDuringExecution: list(podAffinityTerm, '@PodAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution', atomic),
};

/** @PodAntiAffinity. */
export interface PodAntiAffinity extends Fields<typeof podAntiAffinityFields> {}
export const podAntiAffinity: Model<PodAntiAffinity> = model('io.k8s.api.core.v1.PodAntiAffinity', '@PodAntiAffinity', podAntiAffinityFields);

const affinityFields = {
  nodeAffinity: ref(nodeAffinity, '@Affinity.nodeAffinity'),
  podAffinity: ref(podAffinity, '@Affinity.podAffinity'),
  podAntiAffinity: ref(podAntiAffinity, '@Affinity.podAntiAffinity'),
};

/** @Affinity. */
export interface Affinity extends Fields<typeof affinityFields> {}
export const affinity: Model<Affinity> = model('io.k8s.api.core.v1.Affinity', '@Affinity', affinityFields);
