/**
 * Decoding: unknown JSON in, a typed object out. It does what Kubernetes' decoder does: wrong types are an error, unknown fields
 * are dropped and reported (strict mode refuses them), nulls and empty optional lists and maps count as absent, required fields
 * get their zero value, quantities and times their canonical text. Value rules are validation, not decoding.
 *
 * Every write passes here, so the walk visits what is given, not all that could be, and builds a path only to tell it.
 */
import type { OperatingError } from '@flotilla/base';
import { goTypes, jsonTypeOf, scalarDecoders, scalarZeros, undecodable } from './scalar.ts';
import type { Field, Model, Schema } from './schema.ts';

export interface Decoded<T> {
  readonly object: T;
  /** `unknown field "spec.foo"`, `duplicate field "spec.foo"`: what strict mode refuses and warn mode warns of. */
  readonly strictProblems: readonly string[];
}

/** Kubernetes reports no more than this. */
const strictProblemsMax = 100;

/** Where the walk is. Steps are pushed on the way down and popped on the way up; an error ends the walk, so it may leave them. */
interface Walk {
  /** Keys, and indexes as numbers. */
  readonly steps: (string | number)[];
  /** The models around the place, the innermost last. */
  readonly models: Model[];
  readonly problems: string[];
}

/** `spec.containers[0].name`; without indexes as Go's decoder tells it. */
function pathText(steps: readonly (string | number)[], { indexes }: { readonly indexes: boolean }): string {
  const parts = steps.map((step) => {
    if (typeof step === 'number') return indexes ? `[${step}]` : '';
    return `.${step}`;
  });
  return parts.join('').slice(1);
}

function shortName({ name }: Model): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function goType(schema: Schema): string {
  switch (schema.type) {
    case 'list':
      return `[]${goType(schema.items)}`;
    case 'map':
      return `map[string]${goType(schema.values)}`;
    case 'model':
      return `v1.${shortName(schema)}`;
    default:
      return goTypes[schema.type];
  }
}

function wrongType(schema: Schema, value: unknown, { steps, models }: Walk): OperatingError {
  const model = models.at(-1);
  const where = model ? `Go struct field ${shortName(model)}.${pathText(steps, { indexes: false })}` : 'Go value';
  return undecodable(
    `json: cannot unmarshal ${jsonTypeOf(value, schema.type)} into ${where} of type ${goType(schema)}`,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decodeValue(schema: Schema, value: unknown, walk: Walk): unknown {
  switch (schema.type) {
    case 'model':
      return decodeModel(schema, value, walk);
    case 'list':
      if (!Array.isArray(value)) throw wrongType(schema, value, walk);
      return value.map((item: unknown, index) => decodeItem(schema.items, item, { step: index, walk }));
    case 'map':
      if (!isRecord(value)) throw wrongType(schema, value, walk);
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, decodeItem(schema.values, item, { step: key, walk })]),
      );
    default: {
      const decoded = scalarDecoders[schema.type](value);
      if (decoded === undefined) throw wrongType(schema, value, walk);
      return decoded;
    }
  }
}

function decodeItem(
  schema: Schema,
  item: unknown,
  { step, walk }: { readonly step: string | number; readonly walk: Walk },
): unknown {
  walk.steps.push(step);
  const decoded = decodeValue(schema, item ?? emptyValue(schema), walk);
  walk.steps.pop();
  return decoded;
}

/** What Go's decoder makes of null where a value must stand. */
function emptyValue(schema: Schema): unknown {
  if (schema.type === 'list') return [];
  if (schema.type === 'map' || schema.type === 'model') return {};
  return scalarZeros[schema.type];
}

/** The fields that a decoded object has even if nothing was given. */
const presentFields = new WeakMap<Model, readonly (readonly [string, Field])[]>();

function presentFieldsOf(model: Model): readonly (readonly [string, Field])[] {
  const known = presentFields.get(model);
  if (known) return known;
  const found = Object.entries(model.fields).filter(([, { required, filled }]) => required || filled);
  presentFields.set(model, found);
  return found;
}

function decodeModel(model: Model, value: unknown, walk: Walk): Record<string, unknown> {
  if (!isRecord(value)) throw wrongType(model, value, walk);
  const { steps, models, problems } = walk;
  const result: Record<string, unknown> = {};
  models.push(model);
  for (const key of Object.keys(value)) {
    const field = Object.hasOwn(model.fields, key) ? model.fields[key] : undefined;
    steps.push(key);
    if (!field) report(problems, `unknown field ${JSON.stringify(pathText(steps, { indexes: true }))}`);
    else decodeGiven(field, { key, value: value[key], result }, walk);
    steps.pop();
  }
  for (const [key, field] of presentFieldsOf(model)) {
    if (result[key] !== undefined) continue;
    steps.push(key);
    const absent = absentValue(field, walk);
    if (absent !== undefined) result[key] = absent;
    steps.pop();
  }
  models.pop();
  return result;
}

interface Given {
  readonly key: string;
  readonly value: unknown;
  readonly result: Record<string, unknown>;
}

/** Known keys only, so none of them can be `__proto__`. */
function decodeGiven({ schema, required }: Field, { key, value, result }: Given, walk: Walk): void {
  if (value === null || value === undefined) return;
  const decoded = decodeValue(schema, value, walk);
  if (required || !isEmptyCollection(schema, decoded)) result[key] = decoded;
}

function absentValue({ schema, filled }: Field, walk: Walk): unknown {
  if (schema.type !== 'model') return emptyValue(schema);
  return filled ? decodeModel(schema, {}, walk) : undefined;
}

function isEmptyCollection(schema: Schema, value: unknown): boolean {
  if (schema.type === 'list') return Array.isArray(value) && value.length === 0;
  return schema.type === 'map' && isRecord(value) && Object.keys(value).length === 0;
}

function report(problems: string[], problem: string): void {
  if (problems.length < strictProblemsMax) problems.push(problem);
}

/** Throws `API_UNDECODABLE` or `API_BAD_QUANTITY` on values that don't have the schema's types. */
export function decode<T>(model: Model<T>, value: unknown): Decoded<T> {
  const walk: Walk = { steps: [], models: [], problems: [] };
  const object = decodeModel(model, value, walk);
  // The walk has just made the object from the schema that T is derived from.
  return { object: object as T, strictProblems: walk.problems };
}
