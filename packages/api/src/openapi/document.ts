/** OpenAPI v3: the index of `/openapi/v3` and one document a group and version. */
import { createHash } from 'node:crypto';
import { groupVersions } from '../discovery/api-versions.ts';
import type { GroupVersionKind, Kind } from '../kind.ts';
import { deleteOptions } from '../meta/delete-options.ts';
import { status } from '../meta/status-model.ts';
import { listModel } from '../object.ts';
import type { Model } from '../schema/schema.ts';
import { groupVersionRoot, patchComponent, pathsOf, watchEventComponent } from './paths.ts';
import { componentOf, reachableModels, scalarComponents, type OpenApiSchema } from './schemas.ts';

export interface OpenApiDocument {
  readonly openapi: '3.0.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, OpenApiSchema>>;
  readonly components: { readonly schemas: Readonly<Record<string, OpenApiSchema>> };
}

export interface OpenApiIndex {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

const protocolComponents: Readonly<Record<string, OpenApiSchema>> = {
  [patchComponent]: { description: 'A patch; its content type says of which form.', type: 'object' },
  [watchEventComponent]: {
    description: 'One change that a watch reports.',
    type: 'object',
    required: ['type', 'object'],
    properties: { type: { type: 'string' }, object: { type: 'object' } },
  },
};

/** Which kinds each model is the whole object of. */
function modelKinds(kinds: readonly Kind[]): Map<string, GroupVersionKind[]> {
  const byModel = new Map<string, GroupVersionKind[]>();
  const add = (model: Model, gvk: GroupVersionKind): void => {
    byModel.set(model.name, [...(byModel.get(model.name) ?? []), gvk]);
  };
  for (const { group, version, kind, listKind, model, subresources } of kinds) {
    add(model, { group, version, kind });
    add(listModel(model), { group, version, kind: listKind });
    for (const { responseKind, model: body } of subresources) {
      if (body && !byModel.has(body.name)) add(body, responseKind);
    }
  }
  return byModel;
}

function rootModels(kinds: readonly Kind[]): readonly Model[] {
  const ofKinds = kinds.flatMap(({ model, subresources }) => [
    model,
    listModel(model),
    ...subresources.flatMap((subresource) => subresource.model ?? []),
  ]);
  return [...ofKinds, deleteOptions, status];
}

/** The document of `apiVersion` (`v1`, `apps/v1`); undefined for one that is not served. */
export function openApiDocument(kinds: readonly Kind[], apiVersion: string): OpenApiDocument | undefined {
  const members = kinds.filter((kind) => kind.apiVersion === apiVersion);
  if (members.length === 0) return undefined;
  const gvks = modelKinds(members);
  const components = reachableModels(rootModels(members)).map(
    (model) => [model.name, componentOf(model, { gvks: gvks.get(model.name) ?? [] })] as const,
  );
  return {
    openapi: '3.0.0',
    info: { title: 'Flotilla', version: 'v1.32.0' },
    paths: Object.assign({}, ...members.map(pathsOf)) as OpenApiDocument['paths'],
    components: { schemas: { ...Object.fromEntries(components), ...scalarComponents, ...protocolComponents } },
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
