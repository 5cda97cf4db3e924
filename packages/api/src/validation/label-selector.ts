/** Validation of LabelSelector objects, and of selectors that must match a template. */
import { forbidden, invalid, missing, type FieldError } from '../field-error.ts';
import type { LabelSelector, LabelSelectorRequirement } from '../meta/label-selector-model.ts';
import { each } from './checks.ts';
import { invalidAll, validateLabels } from './metadata.ts';
import { labelValueProblems, qualifiedNameProblems } from './names.ts';

function valuesFit({ operator, values = [] }: LabelSelectorRequirement, path: string): readonly FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length > 0) return [];
      return [missing(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      if (values.length === 0) return [];
      return [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    default:
      return [invalid(`${path}.operator`, operator, 'not a valid selector operator')];
  }
}

export function validateLabelSelector(selector: LabelSelector | undefined, path: string): readonly FieldError[] {
  if (selector === undefined) return [];
  return [
    ...validateLabels(selector.matchLabels, `${path}.matchLabels`),
    ...each(selector.matchExpressions, `${path}.matchExpressions`, (expression, itemPath) => [
      ...valuesFit(expression, itemPath),
      ...invalidAll(`${itemPath}.key`, expression.key, qualifiedNameProblems(expression.key)),
      ...each(expression.values, `${itemPath}.values`, (value, valuePath) =>
        invalidAll(valuePath, value, labelValueProblems(value)),
      ),
    ]),
  ];
}

export function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}
