/** The LabelSelector object of specs; its matching is in label-selector.ts. */
import { atomic, list, model, required, string, stringMap, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const labelSelectorRequirementFields = {
  key: required(string('@LabelSelectorRequirement.key')),
  operator: required(string('@LabelSelectorRequirement.operator')),
  values: strings('@LabelSelectorRequirement.values', atomic),
};

/** @LabelSelectorRequirement. */
export interface LabelSelectorRequirement extends Fields<typeof labelSelectorRequirementFields> {}
export const labelSelectorRequirement: Model<LabelSelectorRequirement> = model('io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement', '@LabelSelectorRequirement', labelSelectorRequirementFields);

const labelSelectorFields = {
  matchExpressions: list(labelSelectorRequirement, '@LabelSelector.matchExpressions', atomic),
  matchLabels: stringMap('@LabelSelector.matchLabels'),
};

/** @LabelSelector. */
export interface LabelSelector extends Fields<typeof labelSelectorFields> {}
export const labelSelector: Model<LabelSelector> = model('io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector', '@LabelSelector', labelSelectorFields, { atomic: true });
