/** The paths of a kind in OpenAPI v3. */
import type { Kind } from '../kind.ts';
import {
  type Body,
  type Operation,
  type Parameter,
  type PathItem,
  jsonType,
  pathItemsOf,
  textType,
} from './operations.ts';
import { reference, type OpenApiSchema } from './schemas.ts';

function parameterOf({ name, in: place, type, description }: Parameter): OpenApiSchema {
  return {
    name,
    in: place,
    ...(place === 'path' && { required: true }),
    description,
    schema: { type, uniqueItems: true },
  };
}

function requestBody({ contentTypes, model, required }: Body): OpenApiSchema {
  const content = Object.fromEntries(contentTypes.map((type) => [type, { schema: reference(model) }]));
  return { content, ...(required && { required }) };
}

function answerOf({ answer }: Operation): OpenApiSchema {
  return answer === undefined
    ? { [textType]: { schema: { type: 'string' } } }
    : { [jsonType]: { schema: reference(answer) } };
}

function operationOf(operation: Operation): OpenApiSchema {
  const { action, gvk, tag, id, description, parameters, body } = operation;
  const ok = { description: 'OK', content: answerOf(operation) };
  return {
    tags: [tag],
    description,
    operationId: id,
    parameters: parameters.map(parameterOf),
    ...(body && { requestBody: requestBody(body) }),
    responses: {
      '200': ok,
      ...(action === 'post' && { '201': { ...ok, description: 'Created' } }),
      '401': { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
  };
}

function itemOf({ operations, parameters }: PathItem): OpenApiSchema {
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, operationOf(operation)])),
    parameters: parameters.map(parameterOf),
  };
}

/** All paths of a kind. */
export function pathsOf(kind: Kind): Readonly<Record<string, OpenApiSchema>> {
  return Object.fromEntries(Object.entries(pathItemsOf(kind)).map(([path, item]) => [path, itemOf(item)]));
}
