/**
 * The protobuf form of an OpenAPI v2 document. It mirrors the JSON word by word: maps are lists of names and values in the
 * order of the JSON, extensions are carried as the YAML (here: JSON) of their values.
 */
import type {
  OpenApiV2Document,
  OpenApiV2Operation,
  OpenApiV2Parameter,
  OpenApiV2PathItem,
  OpenApiV2Response,
  OpenApiV2Schema,
} from '@flotilla/api';
import { openapi } from '@flotilla/wire/openapi';

const { v2 } = openapi;

/** Only what it is made of; protobufjs' own types also ask for what decoding adds. */
type Message<T> = T extends { encode(message: infer M, ...rest: never): unknown } ? M : never;
type Named<T> = { readonly name: string; readonly value: T }[];

export function encodeOpenApiV2({ swagger, info, paths, definitions }: OpenApiV2Document): Buffer {
  const document = {
    swagger,
    info: { ...info },
    paths: { path: named(paths, pathItem) },
    definitions: { additional_properties: named(definitions, schema) },
  };
  return Buffer.from(v2.Document.encode(document).finish());
}

function named<T, M>(values: Readonly<Record<string, T>>, encode: (value: T) => M): Named<M> {
  return Object.entries(values).map(([name, value]) => ({ name, value: encode(value) }));
}

function extensions(words: OpenApiV2Schema | OpenApiV2Operation): Named<{ readonly yaml: string }> {
  const all = Object.entries(words) as [string, unknown][];
  return all
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => ({ name, value: { yaml: JSON.stringify(value) } }));
}

function pathItem({
  get,
  put,
  post,
  delete: remove,
  patch,
  parameters,
}: OpenApiV2PathItem): Message<typeof v2.PathItem> {
  return {
    ...(get && { get: operation(get) }),
    ...(put && { put: operation(put) }),
    ...(post && { post: operation(post) }),
    ...(remove && { delete: operation(remove) }),
    ...(patch && { patch: operation(patch) }),
    parameters: parameters.map(parameter),
  };
}

function operation(words: OpenApiV2Operation): Message<typeof v2.Operation> {
  return {
    tags: [...words.tags],
    description: words.description,
    operation_id: words.operationId,
    produces: [...words.produces],
    consumes: [...words.consumes],
    parameters: words.parameters.map(parameter),
    responses: { response_code: named(words.responses, (one) => ({ response: response(one) })) },
    schemes: [...words.schemes],
    vendor_extension: extensions(words),
  };
}

function parameter(words: OpenApiV2Parameter): Message<typeof v2.ParametersItem> {
  if (words.in === 'body') {
    const { schema: body, ...rest } = words;
    return { parameter: { body_parameter: { ...rest, schema: schema(body) } } };
  }
  const { uniqueItems, ...rest } = words;
  const plain = { ...rest, unique_items: uniqueItems };
  return {
    parameter: {
      non_body_parameter:
        words.in === 'query' ? { query_parameter_sub_schema: plain } : { path_parameter_sub_schema: plain },
    },
  };
}

function response({ description, schema: body }: OpenApiV2Response): Message<typeof v2.Response> {
  return { description, ...(body && { schema: { schema: schema(body) } }) };
}

function schema(words: OpenApiV2Schema): Message<typeof v2.Schema> {
  const { $ref, description, type, format, required, items, additionalProperties, properties } = words;
  return {
    ...($ref !== undefined && { _ref: $ref }),
    ...(description !== undefined && { description }),
    ...(type !== undefined && { type: { value: [type] } }),
    ...(format !== undefined && { format }),
    ...(required && { required: [...required] }),
    ...(items && { items: { schema: [schema(items)] } }),
    ...(additionalProperties && { additional_properties: { schema: schema(additionalProperties) } }),
    ...(properties && { properties: { additional_properties: named(properties, schema) } }),
    vendor_extension: extensions(words),
  };
}
