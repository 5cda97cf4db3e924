/** OpenAPI v3: the index of `/openapi/v3` and one document a group and version. */
import { createHash } from 'node:crypto';
import { groupVersions } from '../discovery/api-versions.ts';
import type { Kind } from '../kind.ts';
import { groupVersionRoot } from './operations.ts';
import { pathsOf } from './paths.ts';
import { protocolModels, publishedInfo, publishedModels } from './published-models.ts';
import { componentOf, scalarComponents, type OpenApiSchema } from './schemas.ts';

export interface OpenApiDocument {
  readonly openapi: '3.0.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, OpenApiSchema>>;
  readonly components: { readonly schemas: Readonly<Record<string, OpenApiSchema>> };
}

export interface OpenApiIndex {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

/** The document of `apiVersion` (`v1`, `apps/v1`); undefined for one that is not served. */
export function openApiDocument(kinds: readonly Kind[], apiVersion: string): OpenApiDocument | undefined {
  const members = kinds.filter((kind) => kind.apiVersion === apiVersion);
  if (members.length === 0) return undefined;
  const components = publishedModels(members).map((model) => [model.model.name, componentOf(model)] as const);
  return {
    openapi: '3.0.0',
    info: publishedInfo,
    paths: Object.assign({}, ...members.map(pathsOf)) as OpenApiDocument['paths'],
    components: { schemas: { ...Object.fromEntries(components), ...scalarComponents, ...protocolModels } },
  };
}

/** `api/v1`, `apis/apps/v1`: the name of a document in the index and in its URL. */
export function openApiPath(apiVersion: string): string {
  return groupVersionRoot(apiVersion).slice(1);
}

/** The tag by which a document's URL changes with its content. */
export function openApiHash(document: OpenApiDocument): string {
  return createHash('sha256').update(JSON.stringify(document)).digest('hex').toUpperCase();
}

export function openApiIndex(kinds: readonly Kind[]): OpenApiIndex {
  const entries = groupVersions(kinds).flatMap(({ apiVersion }) => {
    const document = openApiDocument(kinds, apiVersion);
    if (document === undefined) return [];
    const path = openApiPath(apiVersion);
    return [[path, { serverRelativeURL: `/openapi/v3/${path}?hash=${openApiHash(document)}` }] as const];
  });
  return { paths: Object.fromEntries(entries) };
}
