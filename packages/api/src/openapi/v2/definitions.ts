/**
 * From our schema to the definitions of OpenAPI v2. Kubernetes states no defaults in v2, and its clients refuse a schema with
 * `allOf` or `oneOf`: a leaf that takes more than one type is published as a string.
 */
import type { Field, Schema } from '../../schema/schema.ts';
import { fieldExtensions, modelExtensions } from '../extensions.ts';
import type { PublishedModel } from '../published-models.ts';
import { isNamedScalar, namedScalars, plainScalars } from '../scalars.ts';
import type { OpenApiV2Schema } from './shape.ts';

/** The definitions that leaves refer to. */
export const scalarDefinitions: Readonly<Record<string, OpenApiV2Schema>> = Object.fromEntries(
  Object.values(namedScalars).map(({ name, description, format }) => [
    name,
    { description, type: 'string', ...(format !== undefined && { format }) },
  ]),
);

export function reference(name: string): OpenApiV2Schema {
  return { $ref: `#/definitions/${name}` };
}

function schemaOf(schema: Schema): OpenApiV2Schema {
  switch (schema.type) {
    case 'model':
      return reference(schema.name);
    case 'list':
      return { type: 'array', items: schemaOf(schema.items) };
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(schema.values) };
    default:
      return isNamedScalar(schema.type) ? reference(namedScalars[schema.type].name) : plainScalars[schema.type];
  }
}

function propertyOf({ schema, description, merging }: Field): OpenApiV2Schema {
  return { description, ...schemaOf(schema), ...fieldExtensions(merging) };
}

export function definitionOf({ model, gvks }: PublishedModel): OpenApiV2Schema {
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
