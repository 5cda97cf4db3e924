/** The LabelSelector object of specs; its matching is in label-selector.ts. */
import { atomic, list, model, required, string, stringMap, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const labelSelectorRequirementFields = {
  key: required(string('Label that the condition is about.')),
  operator: required(string('In, NotIn, Exists or DoesNotExist.')),
  values: strings('What the label may or may not be; empty for Exists and DoesNotExist.', atomic),
};

/** One condition on a label. */
export interface LabelSelectorRequirement extends Fields<typeof labelSelectorRequirementFields> {}
export const labelSelectorRequirement: Model<LabelSelectorRequirement> = model(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement',
  'One condition on a label.',
  labelSelectorRequirementFields,
);

const labelSelectorFields = {
  matchExpressions: list(labelSelectorRequirement, 'Conditions on labels.', atomic),
  matchLabels: stringMap('Labels that must have just these values.'),
};

/** Selects objects by their labels; all conditions must hold. */
export interface LabelSelector extends Fields<typeof labelSelectorFields> {}
export const labelSelector: Model<LabelSelector> = model(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector',
  'Selects objects by their labels; all conditions must hold.',
  labelSelectorFields,
  { atomic: true },
);
