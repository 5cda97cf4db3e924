/** Validation of what containers ask for: known resources, no negative amounts, no request above its limit. */
import { invalid, type FieldError } from '../field-error.ts';
import { compareQuantities, parseQuantity } from '../quantity.ts';
import type { ResourceList } from '../schema/build.ts';
import { invalidAll } from '../validation/metadata.ts';
import { qualifiedNameProblems } from '../validation/names.ts';
import type { ResourceRequirements } from './resources.ts';

const standardResources = new Set(['cpu', 'memory', 'ephemeral-storage']);
const hugePages = /^hugepages-/u;

/** Resources with a domain that is not Kubernetes' own: given out whole, never overcommitted. */
function isExtended(name: string): boolean {
  return name.includes('/') && !/(?:^|\.)kubernetes\.io\//u.test(name);
}

function nameErrors(name: string, path: string): readonly FieldError[] {
  const malformed = invalidAll(path, name, qualifiedNameProblems(name));
  if (malformed.length > 0 || name.includes('/') || standardResources.has(name) || hugePages.test(name))
    return malformed;
  return [
    invalid(path, name, 'must be a standard resource type or fully qualified'),
    invalid(path, name, 'must be a standard resource for containers'),
  ];
}

function amountErrors(name: string, amount: string, path: string): readonly FieldError[] {
  const { nanos } = parseQuantity(amount);
  return [
    ...(nanos < 0n ? [invalid(path, amount, 'must be greater than or equal to 0')] : []),
    ...(isExtended(name) && nanos % 1_000_000_000n !== 0n ? [invalid(path, amount, 'must be an integer')] : []),
  ];
}

function listErrors(list: ResourceList | undefined, path: string): readonly FieldError[] {
  return Object.entries(list ?? {}).flatMap(([name, amount]) => [
    ...nameErrors(name, `${path}[${name}]`),
    ...amountErrors(name, amount, `${path}[${name}]`),
  ]);
}

function aboveLimit(name: string, request: string, limit: string, path: string): readonly FieldError[] {
  const order = compareQuantities(parseQuantity(request), parseQuantity(limit));
  if (order !== 0 && (isExtended(name) || hugePages.test(name)))
    return [invalid(path, request, `must be equal to ${name} limit of ${limit}`)];
  return order > 0 ? [invalid(path, request, `must be less than or equal to ${name} limit of ${limit}`)] : [];
}

export function validateResources(resources: ResourceRequirements | undefined, path: string): readonly FieldError[] {
  const { limits = {}, requests = {} } = resources ?? {};
  return [
    ...listErrors(limits, `${path}.limits`),
    ...listErrors(requests, `${path}.requests`),
    ...Object.entries(requests).flatMap(([name, request]) => {
      const limit = limits[name];
      return limit === undefined ? [] : aboveLimit(name, request, limit, `${path}.requests`);
    }),
  ];
}
