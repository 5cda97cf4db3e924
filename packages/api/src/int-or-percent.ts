/** A count, or a percentage of one: `maxSurge`, `maxUnavailable` (apimachinery `util/intstr`). */
import type { IntOrString } from './schema/build.ts';

/** The percentage of `"25%"`; undefined for anything else. */
export function percentOf(value: IntOrString): number | undefined {
  const match = typeof value === 'string' ? /^([0-9]+)%$/u.exec(value) : null;
  return match ? Number(match[1]) : undefined;
}

/** What `value` means out of `total`. Throws on text that is no percentage; validation lets none through. */
export function scaledValue(
  value: IntOrString,
  { total, roundUp }: { readonly total: number; readonly roundUp: boolean },
): number {
  if (typeof value === 'number') return value;
  const percent = percentOf(value);
  if (percent === undefined)
    throw new RangeError(`invalid value for IntOrString: invalid type: string is not a percentage: ${value}`);
  const exact = (percent * total) / 100;
  return roundUp ? Math.ceil(exact) : Math.floor(exact);
}
