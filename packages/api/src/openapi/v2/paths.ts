/** The paths of a kind in OpenAPI v2: a body is one more parameter, and an operation says once which types it takes and gives. */
import type { Kind } from '../../kind.ts';
import {
  type Body,
  type Operation,
  type Parameter,
  type PathItem,
  jsonType,
  pathItemsOf,
  textType,
} from '../operations.ts';
import { reference } from './definitions.ts';
import type {
  OpenApiV2BodyParameter,
  OpenApiV2Operation,
  OpenApiV2PathItem,
  OpenApiV2PlainParameter,
} from './shape.ts';

const anyType = '*/*';

function parameterOf({ name, in: place, type, description }: Parameter): OpenApiV2PlainParameter {
  return { name, in: place, description, ...(place === 'path' && { required: true }), type, uniqueItems: true };
}

function bodyParameter({ model, required }: Body): OpenApiV2BodyParameter {
  return { name: 'body', in: 'body', ...(required && { required }), schema: reference(model) };
}

function operationOf({ action, gvk, tag, id, description, parameters, body, answer }: Operation): OpenApiV2Operation {
  const ok = { description: 'OK', schema: answer === undefined ? { type: 'string' } : reference(answer) };
  return {
    tags: [tag],
    description,
    operationId: id,
    consumes: body ? body.contentTypes : [anyType],
    produces: [answer === undefined ? textType : jsonType],
    schemes: ['https'],
    parameters: [...(body ? [bodyParameter(body)] : []), ...parameters.map(parameterOf)],
    responses: {
      '200': ok,
      ...(action === 'post' && { '201': { ...ok, description: 'Created' } }),
      '401': { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
  };
}

function itemOf({ operations, parameters }: PathItem): OpenApiV2PathItem {
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, operationOf(operation)])),
    parameters: parameters.map(parameterOf),
  };
}

/** All paths of a kind. */
export function pathsOf(kind: Kind): Readonly<Record<string, OpenApiV2PathItem>> {
  return Object.fromEntries(Object.entries(pathItemsOf(kind)).map(([path, item]) => [path, itemOf(item)]));
}
