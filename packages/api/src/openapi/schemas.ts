/** From our schema to the component schemas of OpenAPI v3. */
import type { Field, Schema } from '../schema/schema.ts';
import { fieldExtensions, modelExtensions } from './extensions.ts';
import type { PublishedModel } from './published-models.ts';
import { type ScalarDefinition, isNamedScalar, namedScalars, plainScalars } from './scalars.ts';

export type OpenApiSchema = Readonly<Record<string, unknown>>;

/** The components that leaves refer to. */
export const scalarComponents: Readonly<Record<string, OpenApiSchema>> = Object.fromEntries(
  Object.values(namedScalars).map((definition) => [definition.name, scalarComponent(definition)]),
);

function scalarComponent({ description, types, format }: ScalarDefinition): OpenApiSchema {
  const [type] = types;
  const shape = types.length > 1 ? { oneOf: types.map((one) => ({ type: one })) } : { type };
  return { description, ...shape, ...(format !== undefined && { format }) };
}

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
      return isNamedScalar(schema.type) ? reference(namedScalars[schema.type].name) : { ...plainScalars[schema.type] };
  }
}

/** A reference may stand beside other words only inside `allOf`. */
function itemOf(schema: Schema): OpenApiSchema {
  const inner = schemaOf(schema);
  return '$ref' in inner && schema.type === 'model'
    ? { allOf: [inner], ...zeroOf(schema) }
    : { ...inner, ...zeroOf(schema) };
}

function propertyOf({ schema, description, required, filled, merging }: Field): OpenApiSchema {
  const inner = schemaOf(schema);
  const shape = '$ref' in inner ? { allOf: [inner] } : inner;
  const zero = required || (filled && schema.type === 'model') ? zeroOf(schema) : {};
  return { description, ...shape, ...zero, ...fieldExtensions(merging) };
}

export function componentOf({ model, gvks }: PublishedModel): OpenApiSchema {
  const entries = Object.entries(model.fields);
  const required = entries.filter(([, field]) => field.required).map(([name]) => name);
  return {
    description: model.description,
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(entries.map(([name, field]) => [name, propertyOf(field)])),
    ...modelExtensions(model, gvks),
  };
}
