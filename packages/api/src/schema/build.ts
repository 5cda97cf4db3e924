/** The words in which models are written: one function a field type, `required` and `filled` around them, and `model`. */
import type { Field, Merging, Model, ScalarType, Schema } from './schema.ts';

export type IntOrString = number | string;
export type StringMap = Readonly<Record<string, string>>;
/** Quantities by resource name, such as `{ cpu: '500m', memory: '64Mi' }`. */
export type ResourceList = StringMap;

type Optional<T> = Field<T, false>;

function field<T>(schema: Schema<T>, description: string, merging: Merging = {}): Optional<T> {
  return { schema, description, required: false, filled: false, merging };
}

function scalar<T>(type: ScalarType): (description: string) => Optional<T> {
  const schema = { type };
  return (description) => field<T>(schema, description);
}

export const string = scalar<string>('string');
export const boolean = scalar<boolean>('boolean');
export const int32 = scalar<number>('int32');
/** Exact up to 2^53; larger numbers are refused when decoding. */
export const int64 = scalar<number>('int64');
/** A number with a suffix, kept in canonical text, e.g. `500m`, `64Mi`. */
export const quantity = scalar<string>('quantity');
export const intOrString = scalar<IntOrString>('intOrString');
/** RFC 3339 with whole seconds, e.g. `2026-01-02T15:04:05Z`. */
export const time = scalar<string>('time');
/** RFC 3339 with six fractional digits. */
export const microTime = scalar<string>('microTime');
/** Any JSON, passed through. */
export const raw = scalar<unknown>('raw');

export function ref<T>(target: Model<T>, description: string, merging?: Merging): Optional<T> {
  return field(target, description, merging);
}
export function list<T>(items: Model<T>, description: string, merging?: Merging): Optional<readonly T[]> {
  return field({ type: 'list', items }, description, merging);
}
export function strings(description: string, merging?: Merging): Optional<readonly string[]> {
  return field({ type: 'list', items: { type: 'string' } }, description, merging);
}
export function numbers(type: 'int32' | 'int64', description: string, merging?: Merging): Optional<readonly number[]> {
  return field({ type: 'list', items: { type } }, description, merging);
}
export function stringMap(description: string, merging?: Merging): Optional<StringMap> {
  return field({ type: 'map', values: { type: 'string' } }, description, merging);
}
/** Base64 on the wire and in the decoded object. */
export function bytesMap(description: string): Optional<StringMap> {
  return field({ type: 'map', values: { type: 'bytes' } }, description);
}
export function resourceList(description: string): Optional<ResourceList> {
  return field({ type: 'map', values: { type: 'quantity' } }, description);
}

export function required<T>(inner: Optional<T>): Field<T, true> {
  const { schema, description, filled, merging } = inner;
  return { schema, description, required: true, filled, merging };
}
export function filled<T>(inner: Optional<T>): Field<T, true> {
  const { schema, description, required, merging } = inner;
  return { schema, description, required, filled: true, merging };
}

export const atomic: Merging = { listType: 'atomic' };
export const set: Merging = { listType: 'set' };

/** A list whose items are told apart by `keys`; strategic merge uses the first of them. */
export function mergedBy(...keys: readonly [string, ...string[]]): Merging {
  return { patchStrategy: 'merge', patchMergeKey: keys[0], listType: 'map', mapKeys: keys };
}

export function model<T>(
  name: string,
  description: string,
  fields: Readonly<Record<string, Field>>,
  { atomic = false }: { readonly atomic?: boolean } = {},
): Model<T> {
  return { type: 'model', name, description, fields, atomic };
}
