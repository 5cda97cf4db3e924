/** Validation of what decides where a pod may run: tolerations, affinity, spreading. */
import { duplicate, forbidden, invalid, notSupported, missing, type FieldError } from '../field-error.ts';
import { each, optionalOneOf, positive, repeated } from '../validation/checks.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { invalidAll } from '../validation/metadata.ts';
import { dnsLabelProblems, labelValueProblems, qualifiedNameProblems } from '../validation/names.ts';
import type {
  Affinity,
  NodeAffinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
} from './affinity.ts';
import type { PodSpec } from './pod-spec.ts';
import type { Toleration, TopologySpreadConstraint } from './scheduling.ts';

export const taintEffects: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function tolerationOperator(toleration: Toleration, path: string): readonly FieldError[] {
  const { operator = '', value = '' } = toleration;
  switch (operator) {
    case '':
    case 'Equal': {
      const problems = labelValueProblems(value);
      return problems.length === 0 ? [] : [invalid(`${path}.operator`, value, problems.join(';'))];
    }
    case 'Exists':
      return value === ''
        ? []
        : [invalid(`${path}.operator`, toleration, "value must be empty when `operator` is 'Exists'")];
    default:
      return [notSupported(`${path}.operator`, operator, ['Equal', 'Exists'])];
  }
}

function validateToleration(toleration: Toleration, path: string): readonly FieldError[] {
  const { key = '', operator = '', effect = '', tolerationSeconds } = toleration;
  const matchesAll = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
  return [
    ...(key === '' ? [] : invalidAll(`${path}.key`, key, qualifiedNameProblems(key))),
    ...(key === '' && operator !== 'Exists' ? [invalid(`${path}.operator`, operator, matchesAll)] : []),
    ...(tolerationSeconds !== undefined && effect !== 'NoExecute'
      ? [invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")]
      : []),
    ...tolerationOperator(toleration, path),
    ...(effect === '' || taintEffects.includes(effect) ? [] : [notSupported(`${path}.effect`, effect, taintEffects)]),
  ];
}

function expressionValues({ operator, values = [] }: NodeSelectorRequirement, path: string): readonly FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0
        ? []
        : [missing(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
        ? []
        : [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    case 'Gt':
    case 'Lt':
      return values.length === 1
        ? []
        : [missing(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'")];
    default:
      return [invalid(`${path}.operator`, operator, 'not a valid selector operator')];
  }
}

function fieldValues({ key, operator, values = [] }: NodeSelectorRequirement, path: string): readonly FieldError[] {
  const single = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
  const isSet = operator === 'In' || operator === 'NotIn';
  return [
    ...(isSet
      ? values.length === 1
        ? []
        : [missing(`${path}.values`, single)]
      : [invalid(`${path}.operator`, operator, 'not a valid selector operator')]),
    ...(key === 'metadata.name' ? [] : [invalid(`${path}.key`, key, 'not a valid field selector key')]),
  ];
}

function validateNodeTerm({ matchExpressions, matchFields }: NodeSelectorTerm, path: string): readonly FieldError[] {
  return [
    ...each(matchExpressions, `${path}.matchExpressions`, (expression, at) => [
      ...expressionValues(expression, at),
      ...invalidAll(`${at}.key`, expression.key, qualifiedNameProblems(expression.key)),
    ]),
    ...each(matchFields, `${path}.matchFields`, fieldValues),
  ];
}

function weightErrors(weight: number, path: string): readonly FieldError[] {
  return weight >= 1 && weight <= 100 ? [] : [invalid(`${path}.weight`, weight, 'must be in the range 1-100')];
}

const requiredTerms = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferredTerms = 'preferredDuringSchedulingIgnoredDuringExecution';

function validateNodeAffinity(affinity: NodeAffinity, path: string): readonly FieldError[] {
  const selector = affinity[requiredTerms];
  const terms = `${path}.${requiredTerms}.nodeSelectorTerms`;
  return [
    ...(selector && selector.nodeSelectorTerms.length === 0
      ? [missing(terms, 'must have at least one node selector term')]
      : []),
    ...each(selector?.nodeSelectorTerms, terms, validateNodeTerm),
    ...each(affinity[preferredTerms], `${path}.${preferredTerms}`, ({ weight, preference }, at) => [
      ...weightErrors(weight, at),
      ...validateNodeTerm(preference, `${at}.preference`),
    ]),
  ];
}

function topologyKeyErrors(key: string, path: string): readonly FieldError[] {
  return key === '' ? [missing(path, 'can not be empty')] : invalidAll(path, key, qualifiedNameProblems(key));
}

function validatePodTerm(
  { labelSelector, namespaceSelector, namespaces, topologyKey }: PodAffinityTerm,
  path: string,
): readonly FieldError[] {
  return [
    ...validateLabelSelector(labelSelector, `${path}.labelSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...(namespaces ?? []).flatMap((name) => invalidAll(`${path}.namespace`, name, dnsLabelProblems(name))),
    ...topologyKeyErrors(topologyKey, `${path}.topologyKey`),
  ];
}

function validatePodAffinity(affinity: PodAffinity, path: string): readonly FieldError[] {
  return [
    ...each(affinity[requiredTerms], `${path}.${requiredTerms}`, validatePodTerm),
    ...each(affinity[preferredTerms], `${path}.${preferredTerms}`, ({ weight, podAffinityTerm }, at) => [
      ...weightErrors(weight, at),
      ...validatePodTerm(podAffinityTerm, `${at}.podAffinityTerm`),
    ]),
  ];
}

function validateAffinity(
  { nodeAffinity, podAffinity, podAntiAffinity }: Affinity,
  path: string,
): readonly FieldError[] {
  return [
    ...(nodeAffinity ? validateNodeAffinity(nodeAffinity, `${path}.nodeAffinity`) : []),
    ...(podAffinity ? validatePodAffinity(podAffinity, `${path}.podAffinity`) : []),
    ...(podAntiAffinity ? validatePodAffinity(podAntiAffinity, `${path}.podAntiAffinity`) : []),
  ];
}

function validateSpread(constraint: TopologySpreadConstraint, path: string): readonly FieldError[] {
  const { maxSkew, minDomains, topologyKey, whenUnsatisfiable, labelSelector } = constraint;
  const hard = whenUnsatisfiable === 'DoNotSchedule';
  const onlyHard = 'can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway';
  return [
    ...positive(`${path}.maxSkew`, maxSkew),
    ...topologyKeyErrors(topologyKey, `${path}.topologyKey`),
    ...(['DoNotSchedule', 'ScheduleAnyway'].includes(whenUnsatisfiable)
      ? []
      : [notSupported(`${path}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway'])]),
    ...positive(`${path}.minDomains`, minDomains),
    ...(minDomains !== undefined && !hard ? [invalid(`${path}.minDomains`, minDomains, onlyHard)] : []),
    ...optionalOneOf(`${path}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, ['Honor', 'Ignore']),
    ...optionalOneOf(`${path}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, ['Honor', 'Ignore']),
    ...validateLabelSelector(labelSelector, `${path}.labelSelector`),
  ];
}

export function validateScheduling(
  { tolerations, affinity, topologySpreadConstraints: spreads, schedulingGates }: PodSpec,
  path: string,
): readonly FieldError[] {
  const again = repeated(spreads, (spread) => `{${spread.topologyKey}, ${spread.whenUnsatisfiable}}`);
  const gatesAgain = repeated(schedulingGates, ({ name }) => name);
  return [
    ...each(tolerations, `${path}.tolerations`, validateToleration),
    ...(affinity ? validateAffinity(affinity, `${path}.affinity`) : []),
    ...each(spreads, `${path}.topologySpreadConstraints`, (spread, at, index) => [
      ...validateSpread(spread, at),
      ...(again.has(index)
        ? [duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${spread.topologyKey}, ${spread.whenUnsatisfiable}}`)]
        : []),
    ]),
    ...each(schedulingGates, `${path}.schedulingGates`, ({ name }, at, index) => [
      ...invalidAll(at, name, qualifiedNameProblems(name)),
      ...(gatesAgain.has(index) ? [duplicate(at, name)] : []),
    ]),
  ];
}
