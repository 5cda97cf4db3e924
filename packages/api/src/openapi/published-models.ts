/** Which models are published, and of which kinds each is the whole object: the same in every version of OpenAPI. */
import type { GroupVersionKind, Kind } from '../kind.ts';
import { deleteOptions } from '../meta/delete-options.ts';
import { status } from '../meta/status-model.ts';
import { listModel } from '../object.ts';
import type { Model, Schema } from '../schema/schema.ts';

/** Shapes of the protocol that no model of ours decodes. */
export const patchModelName = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';
const watchEventModelName = 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent';
export const protocolModels = {
  [patchModelName]: { description: 'A patch; its content type says of which form.', type: 'object' },
  [watchEventModelName]: {
    description: 'One change that a watch reports.',
    type: 'object',
    required: ['type', 'object'],
    properties: { type: { type: 'string' }, object: { type: 'object' } },
  },
} as const;

export const publishedInfo = { title: 'Flotilla', version: 'v1.32.0' } as const;

export interface PublishedModel {
  readonly model: Model;
  readonly gvks: readonly GroupVersionKind[];
}

/** The models of `kinds` and all that these refer to. */
export function publishedModels(kinds: readonly Kind[]): readonly PublishedModel[] {
  const gvks = modelKinds(kinds);
  return reachableModels(rootModels(kinds)).map((model) => ({ model, gvks: gvks.get(model.name) ?? [] }));
}

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

/** The models themselves and all that their fields refer to. */
function reachableModels(roots: readonly Model[]): readonly Model[] {
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
