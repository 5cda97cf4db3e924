/**
 * Quantities: numbers with a unit suffix, exact. `0.5`, `500m`, `64Mi`, `1e3`. Kept in nano-units as a bigint, because that is the
 * finest step Kubernetes keeps (finer values round away from zero). The canonical text is Kubernetes' own (`resource.Quantity`):
 * no fraction, the largest suffix that leaves a whole number, the notation in which the quantity was written.
 */
import { OperatingError } from '@flotilla/base';

export type QuantityNotation = 'decimal' | 'binary' | 'exponent';

export interface Quantity {
  readonly nanos: bigint;
  readonly notation: QuantityNotation;
}

const nanosPerUnit = 1_000_000_000n;
const nanosPerMilli = 1_000_000n;
/** Larger values count as this, as in Kubernetes. */
const maxUnits = 2n ** 63n - 1n;
/** Up to so many digits Kubernetes keeps a decimal number as written, even beyond `maxUnits`. */
const keptDigits = 18;
/** Exponents beyond this decide the result alone: the cap, or the smallest step. */
const exponentLimit = 40;

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binaryBits: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const decimalSuffixes = new Map(Object.entries(decimalExponents).map(([suffix, exponent]) => [exponent, suffix]));
const binarySuffixes = ['', ...Object.keys(binaryBits)];

const wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const wrongSuffix = "unable to parse quantity's suffix";
const wrongNumber = 'unable to parse numeric part of quantity';

function notAQuantity(text: string): OperatingError {
  return new OperatingError('API_BAD_QUANTITY', text);
}

interface Parts {
  readonly negative: boolean;
  readonly whole: string;
  readonly fraction: string;
  readonly suffix: string;
}

function split(text: string): Parts {
  const match = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(.*)$/su.exec(text);
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match ?? [];
  if (text === '' || !/^[eEinumkKMGTP]*[-+]?[0-9]*$/u.test(suffix)) throw notAQuantity(wrongFormat);
  if (whole === '' && fraction === '') throw notAQuantity(wrongNumber);
  return { negative: sign === '-', whole: whole.replace(/^0+/u, ''), fraction, suffix };
}

interface Scale {
  readonly notation: QuantityNotation;
  readonly exponent: number;
  readonly bits: number;
}

function scaleOf(suffix: string): Scale {
  const decimal = decimalExponents[suffix];
  if (decimal !== undefined) return { notation: 'decimal', exponent: decimal, bits: 0 };
  const bits = binaryBits[suffix];
  if (bits !== undefined) return { notation: 'binary', exponent: 0, bits };
  if (!/^[eE][-+]?[0-9]+$/u.test(suffix)) throw notAQuantity(wrongSuffix);
  const exponent = Number(suffix.slice(1));
  return { notation: 'exponent', exponent: Math.max(-exponentLimit, Math.min(exponentLimit, exponent)), bits: 0 };
}

function divideAwayFromZero(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  if (dividend % divisor === 0n) return quotient;
  return dividend < 0n ? quotient - 1n : quotient + 1n;
}

/** Throws `API_BAD_QUANTITY` with Kubernetes' text on anything that is no quantity. */
export function parseQuantity(input: string | number): Quantity {
  const { negative, whole, fraction, suffix } = split(String(input).trim());
  const { notation, exponent, bits } = scaleOf(suffix);
  const digits = BigInt(`0${whole}${fraction}`) << BigInt(bits);
  const power = 9 + exponent - fraction.length;
  const magnitude = power >= 0 ? digits * 10n ** BigInt(power) : divideAwayFromZero(digits, 10n ** BigInt(-power));
  const kept = notation !== 'binary' && whole.length + fraction.length <= keptDigits && exponent <= keptDigits;
  const capped = !kept && magnitude > maxUnits * nanosPerUnit ? maxUnits * nanosPerUnit : magnitude;
  return { nanos: negative ? -capped : capped, notation };
}

/** How often `factor` divides `value`, at most `limit` times. */
function factorCount(value: bigint, factor: bigint, limit: number): number {
  let count = 0;
  for (let rest = value; count < limit && rest % factor === 0n; rest /= factor) count++;
  return count;
}

function formatBinary(units: bigint): string {
  const power = factorCount(units, 1024n, binarySuffixes.length - 1);
  return `${units / 1024n ** BigInt(power)}${binarySuffixes[power]}`;
}

function formatDecimal(nanos: bigint, notation: QuantityNotation): string {
  const thousands = factorCount(nanos, 1000n, 9);
  const exponent = thousands * 3 - 9;
  const mantissa = nanos / 1000n ** BigInt(thousands);
  if (notation === 'exponent') return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
  return `${mantissa}${decimalSuffixes.get(exponent)}`;
}

/** The canonical text. Binary quantities below 1024, or with a fraction, read as decimal ones. */
export function formatQuantity({ nanos, notation }: Quantity): string {
  if (nanos === 0n) return '0';
  const units = nanos / nanosPerUnit;
  const whole = nanos % nanosPerUnit === 0n;
  const small = nanos < 1024n * nanosPerUnit && nanos > -1024n * nanosPerUnit;
  return notation === 'binary' && whole && !small ? formatBinary(units) : formatDecimal(nanos, notation);
}

/** The text that Kubernetes would store: `1000m` becomes `1`, `0.5Gi` becomes `512Mi`. */
export function canonicalQuantity(input: string | number): string {
  return formatQuantity(parseQuantity(input));
}

export function compareQuantities(a: Quantity, b: Quantity): -1 | 0 | 1 {
  if (a.nanos === b.nanos) return 0;
  return a.nanos < b.nanos ? -1 : 1;
}

/** The sum, in the notation of `a` unless that is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos + b.nanos, notation: a.nanos === 0n ? b.notation : a.notation };
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos - b.nanos, notation: a.nanos === 0n ? b.notation : a.notation };
}

/** Whole units, rounded away from zero: bytes of memory, numbers of pods. Exact up to 2^53. */
export function quantityUnits(input: string | number): number {
  return Number(divideAwayFromZero(parseQuantity(input).nanos, nanosPerUnit));
}

/** Thousandths, rounded away from zero: CPU. */
export function quantityMillis(input: string | number): number {
  return Number(divideAwayFromZero(parseQuantity(input).nanos, nanosPerMilli));
}
