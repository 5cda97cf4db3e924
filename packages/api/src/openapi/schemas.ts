/** From our schema to OpenAPI v3 component schemas, with the `x-kubernetes-` extensions that kubectl computes patches from. */
import type { GroupVersionKind } from '../kind.ts';
import type { Field, Merging, Model, ScalarType, Schema } from '../schema/schema.ts';

export type OpenApiSchema = Readonly<Record<string, unknown>>;

/** These have a component of their own in Kubernetes' documents; ours are named alike. */
const quantityName = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const intOrStringName = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const timeName = 'io.k8s.apimachinery.pkg.apis.meta.v1.Time';
const microTimeName = 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime';

/** The components that leaves refer to. */
export const scalarComponents: Readonly<Record<string, OpenApiSchema>> = {
  [quantityName]: {
    description: 'A number with a unit suffix, such as 500m, 64Mi or 1e3.',
    oneOf: [{ type: 'string' }, { type: 'number' }],
  },
  [intOrStringName]: {
    description: 'A number, or a text such as a percentage or the name of a port.',
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  },
  [timeName]: { description: 'A moment, as in RFC 3339, to the second.', type: 'string', format: 'date-time' },
  [microTimeName]: {
    description: 'A moment, as in RFC 3339, to the microsecond.',
    type: 'string',
    format: 'date-time',
  },
};

const scalars: Readonly<Record<ScalarType, OpenApiSchema>> = {
  string: { type: 'string' },
  bytes: { type: 'string', format: 'byte' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  quantity: reference(quantityName),
  intOrString: reference(intOrStringName),
  time: reference(timeName),
  microTime: reference(microTimeName),
  raw: { type: 'object' },
};

export function reference(name: string): OpenApiSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** What an absent item or required field counts as, which Kubernetes' documents state as a default. */
function zeroOf(schema: Schema): OpenApiSchema {
  if (schema.type === 'model') return { default: {} };
  if (schema.type === 'string') return { default: '' };
  if (schema.type === 'int32' || schema.type === 'int64') return { default: 0 };
  return schema.type === 'boolean' ? { default: false } : {};
}

function schemaOf(schema: Schema): OpenApiSchema {
  switch (schema.type) {
    case 'model':
      return reference(schema.name);
    case 'list':
      return { type: 'array', items: itemOf(schema.items) };
    case 'map':
      return { type: 'object', additionalProperties: itemOf(schema.values) };
    default:
      return scalars[schema.type];
  }
}

/** A reference may stand beside other words only inside `allOf`. */
function itemOf(schema: Schema): OpenApiSchema {
  const inner = schemaOf(schema);
  return '$ref' in inner && schema.type === 'model'
    ? { allOf: [inner], ...zeroOf(schema) }
    : { ...inner, ...zeroOf(schema) };
}

function extensions({ patchStrategy, patchMergeKey, listType, mapKeys, mapType }: Merging): OpenApiSchema {
  return {
    ...(listType && { 'x-kubernetes-list-type': listType }),
    ...(mapKeys && { 'x-kubernetes-list-map-keys': mapKeys }),
    ...(mapType && { 'x-kubernetes-map-type': mapType }),
    ...(patchMergeKey !== undefined && { 'x-kubernetes-patch-merge-key': patchMergeKey }),
    ...(patchStrategy && { 'x-kubernetes-patch-strategy': patchStrategy }),
  };
}

function propertyOf({ schema, description, required, filled, merging }: Field): OpenApiSchema {
  const inner = schemaOf(schema);
  const shape = '$ref' in inner ? { allOf: [inner] } : inner;
  const zero = required || (filled && schema.type === 'model') ? zeroOf(schema) : {};
  return { description, ...shape, ...zero, ...extensions(merging) };
}

export interface ComponentOptions {
  /** Which kinds the model is the whole object of. */
  readonly gvks: readonly GroupVersionKind[];
}

export function componentOf({ fields, description, atomic }: Model, { gvks }: ComponentOptions): OpenApiSchema {
  const entries = Object.entries(fields);
  const required = entries.filter(([, field]) => field.required).map(([name]) => name);
  return {
    description,
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(entries.map(([name, field]) => [name, propertyOf(field)])),
    ...(gvks.length > 0 && { 'x-kubernetes-group-version-kind': gvks }),
    ...(atomic && { 'x-kubernetes-map-type': 'atomic' }),
  };
}

/** The model itself and all that its fields refer to. */
export function reachableModels(roots: readonly Model[]): readonly Model[] {
  const found = new Map<string, Model>();
  const visit = (schema: Schema): void => {
    if (schema.type === 'list') return visit(schema.items);
    if (schema.type === 'map') return visit(schema.values);
    if (schema.type !== 'model' || found.has(schema.name)) return;
    found.set(schema.name, schema);
    for (const field of Object.values(schema.fields)) visit(field.schema);
  };
  roots.forEach(visit);
  return [...found.values()];
}
