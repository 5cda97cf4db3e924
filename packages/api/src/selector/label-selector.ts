/**
 * Label selectors. A selector is compiled once, from a query string or from a LabelSelector object, to a list of requirements that
 * must all hold. The empty list selects everything. The grammar and the texts are those of apimachinery `labels`.
 */
import type { LabelSelector } from '../meta/label-selector-model.ts';
import type { StringMap } from '../schema/build.ts';

export type LabelOperator = 'in' | 'notin' | 'exists' | 'missing' | 'greater' | 'less';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: ReadonlySet<string>;
}
export type LabelRequirements = readonly LabelRequirement[];

/** Selects every object. */
export const everything: LabelRequirements = [];
/** Selects no object: nothing is in an empty set of values. */
export const nothing: LabelRequirements = [{ key: '', operator: 'in', values: new Set() }];

function holds({ key, operator, values }: LabelRequirement, labels: StringMap): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'in':
      return value !== undefined && values.has(value);
    case 'notin':
      return value === undefined || !values.has(value);
    case 'exists':
      return value !== undefined;
    case 'missing':
      return value === undefined;
    case 'greater':
    case 'less':
      return compares(operator, value, values);
  }
}

const integer = /^[+-]?[0-9]+$/u;

function compares(operator: 'greater' | 'less', value: string | undefined, values: ReadonlySet<string>): boolean {
  const [bound] = values;
  if (value === undefined || bound === undefined || !integer.test(value) || !integer.test(bound)) return false;
  return operator === 'greater' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
}

export function matchesLabels(requirements: LabelRequirements, labels: StringMap | undefined): boolean {
  return requirements.every((requirement) => holds(requirement, labels ?? {}));
}

const objectOperators: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: 'missing',
  Gt: 'greater',
  Lt: 'less',
};

/** Compiles `matchLabels`-like plain equality, as a Service's selector. */
export function requirementsOfMap(labels: StringMap | undefined): LabelRequirements {
  return Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: 'in', values: new Set([value]) }));
}

/** One expression of a LabelSelector or of a node selector term; an operator that validation would refuse selects nothing. */
export function requirementOf(expression: {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}): LabelRequirement {
  const operator = objectOperators[expression.operator];
  if (operator === undefined) return { key: expression.key, operator: 'in', values: new Set() };
  return { key: expression.key, operator, values: new Set(expression.values) };
}

/** Compiles the object of a spec: absent selects nothing, empty selects everything. */
export function requirementsOf(selector: LabelSelector | undefined): LabelRequirements {
  if (selector === undefined) return nothing;
  return [...requirementsOfMap(selector.matchLabels), ...(selector.matchExpressions ?? []).map(requirementOf)];
}

function requirementText({ key, operator, values }: LabelRequirement): string {
  const sorted = [...values].sort();
  switch (operator) {
    case 'exists':
      return key;
    case 'missing':
      return `!${key}`;
    case 'greater':
      return `${key}>${sorted.join(',')}`;
    case 'less':
      return `${key}<${sorted.join(',')}`;
    case 'notin':
      return `${key} notin (${sorted.join(',')})`;
    case 'in':
      return sorted.length === 1 ? `${key}=${sorted[0]}` : `${key} in (${sorted.join(',')})`;
  }
}

/** The query string that `parseLabelSelector` reads back; keys in order. */
export function labelSelectorText(requirements: LabelRequirements): string {
  return [...requirements]
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(requirementText)
    .join(',');
}
