/** The checks that many kinds share; each returns the errors of one field. */
import { invalid, notSupported, missing, type FieldError } from '../field-error.ts';
import type { IntOrString } from '../schema/build.ts';
import { percentOf } from '../int-or-percent.ts';
import { invalidAll } from './metadata.ts';
import { portNameProblems, portNumberProblems } from './names.ts';

const negative = 'must be greater than or equal to 0';

export function nonNegative(field: string, value: number | undefined): readonly FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, negative)] : [];
}

export function positive(field: string, value: number | undefined): readonly FieldError[] {
  return value !== undefined && value <= 0 ? [invalid(field, value, 'must be greater than 0')] : [];
}

/** Both ends are allowed values. */
export function within(
  field: string,
  value: number | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): readonly FieldError[] {
  return value !== undefined && (value < min || value > max)
    ? [invalid(field, value, `must be between ${min} and ${max}, inclusive`)]
    : [];
}

/** The value must be there and be one of `supported`, which stand in the order in which the error lists them. */
export function oneOf(field: string, value: string | undefined, supported: readonly string[]): readonly FieldError[] {
  if (value === undefined || value === '') return [missing(field)];
  return supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

/** As `oneOf`, for a field that may be left out. */
export function optionalOneOf(
  field: string,
  value: string | undefined,
  supported: readonly string[],
): readonly FieldError[] {
  return value === undefined ? [] : oneOf(field, value, supported);
}

export function notEmpty(field: string, value: string | undefined, detail = ''): readonly FieldError[] {
  return value === undefined || value === '' ? [missing(field, detail)] : [];
}

/** The number or the name of a port. */
export function portReference(field: string, port: IntOrString): readonly FieldError[] {
  return invalidAll(field, port, typeof port === 'number' ? portNumberProblems(port) : portNameProblems(port));
}

const percentText =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** A count that is not negative, or a percentage. */
export function countOrPercent(field: string, value: IntOrString): readonly FieldError[] {
  if (typeof value === 'number') return nonNegative(field, value);
  return percentOf(value) === undefined ? [invalid(field, value, percentText)] : [];
}

/** Errors of each item of a list, with its path. */
export function each<T>(
  items: readonly T[] | undefined,
  path: string,
  check: (item: T, path: string, index: number) => readonly FieldError[],
): readonly FieldError[] {
  return (items ?? []).flatMap((item, index) => check(item, `${path}[${index}]`, index));
}

/** Values that an earlier item has already; empty ones don't count. */
export function repeated<T>(items: readonly T[] | undefined, valueOf: (item: T) => string): ReadonlySet<number> {
  const seen = new Set<string>();
  const again = new Set<number>();
  (items ?? []).forEach((item, index) => {
    const value = valueOf(item);
    if (value !== '' && seen.has(value)) again.add(index);
    seen.add(value);
  });
  return again;
}
