/**
 * Decoding of leaves: checks the JSON type and gives the text that Kubernetes would store (its decoders normalise quantities and
 * times). Texts are those of Go's decoder, which clients print.
 */
import { OperatingError } from '@flotilla/base';
import { canonicalQuantity } from '../quantity.ts';
import type { ScalarType } from './schema.ts';

/** What does not decode. The text names the path where the walk knows it. */
export function undecodable(text: string): OperatingError {
  return new OperatingError('API_UNDECODABLE', text);
}

/** Go's name of the JSON type it met. A number that is only of the wrong size or has a fraction is told. */
export function jsonTypeOf(value: unknown, wanted: string): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return wanted.startsWith('int') ? `number ${value}` : 'number';
  if (typeof value === 'boolean') return 'bool';
  return value === null ? 'null' : typeof value;
}

/** Go's name of the type it wanted. */
export const goTypes: Readonly<Record<ScalarType, string>> = {
  string: 'string',
  bytes: '[]uint8',
  boolean: 'bool',
  int32: 'int32',
  int64: 'int64',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  time: 'v1.Time',
  microTime: 'v1.MicroTime',
  raw: 'json.RawMessage',
};

/** `undefined` stands for a wrong type: the caller knows the path to name. */
export type ScalarDecoder = (value: unknown) => unknown;

function isInt32(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

function decodeBytes(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const compact = value.replace(/[\r\n]/gu, '');
  if (base64.test(compact)) return compact;
  const position = /^[A-Za-z0-9+/]*/u.exec(compact)?.[0].length ?? 0;
  throw undecodable(`illegal base64 data at input byte ${position}`);
}

function decodeQuantity(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  return canonicalQuantity(value);
}

const rfc3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/u;

/** Whole seconds in UTC, and the six digits after them. */
function parseTime(value: string, layout: string): { readonly seconds: string; readonly micros: string } {
  const match = rfc3339.exec(value);
  const instant = Date.parse(value);
  if (!match || Number.isNaN(instant))
    throw undecodable(
      `parsing time ${JSON.stringify(value)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(value)} as "2006"`,
    );
  const seconds = new Date(Math.floor(instant / 1000) * 1000).toISOString().slice(0, 19);
  return { seconds, micros: (match[2] ?? '.').slice(1, 7).padEnd(6, '0') };
}

function decodeTime(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return `${parseTime(value, '2006-01-02T15:04:05Z07:00').seconds}Z`;
}

function decodeMicroTime(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const { seconds, micros } = parseTime(value, '2006-01-02T15:04:05.000000Z07:00');
  return `${seconds}.${micros}Z`;
}

export const scalarDecoders: Readonly<Record<ScalarType, ScalarDecoder>> = {
  string: (value) => (typeof value === 'string' ? value : undefined),
  boolean: (value) => (typeof value === 'boolean' ? value : undefined),
  int32: (value) => (isInt32(value) ? value : undefined),
  int64: (value) => (Number.isSafeInteger(value) ? value : undefined),
  intOrString: (value) => (typeof value === 'string' || isInt32(value) ? value : undefined),
  bytes: decodeBytes,
  quantity: decodeQuantity,
  time: decodeTime,
  microTime: decodeMicroTime,
  raw: (value) => value,
};

/** What an absent required leaf decodes to. */
export const scalarZeros: Readonly<Record<ScalarType, unknown>> = {
  string: '',
  boolean: false,
  int32: 0,
  int64: 0,
  intOrString: 0,
  bytes: '',
  quantity: '0',
  time: undefined,
  microTime: undefined,
  raw: undefined,
};
