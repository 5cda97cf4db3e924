/** OpenAPI v2: the one document of `/openapi/v2`, from which kubectl before 1.29 validates. */
import type { Kind } from '../../kind.ts';
import { protocolModels, publishedInfo, publishedModels } from '../published-models.ts';
import { definitionOf, scalarDefinitions } from './definitions.ts';
import { pathsOf } from './paths.ts';
import type { OpenApiV2Document } from './shape.ts';

/** The document of all `kinds`. */
export function openApiV2Document(kinds: readonly Kind[]): OpenApiV2Document {
  const definitions = publishedModels(kinds).map((model) => [model.model.name, definitionOf(model)] as const);
  return {
    swagger: '2.0',
    info: publishedInfo,
    paths: Object.fromEntries(kinds.flatMap((kind) => Object.entries(pathsOf(kind)))),
    definitions: { ...Object.fromEntries(definitions), ...scalarDefinitions, ...protocolModels },
  };
}
