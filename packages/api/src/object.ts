/**
 * What all objects share: type, metadata, lists. `name` is always there on an object that was read; before creation with
 * `generateName` it is the empty string.
 */
import { objectMeta, listMeta, type ListMeta, type ObjectMeta } from './meta/object-meta.ts';
import { filled, list, model, ref, required, string } from './schema/build.ts';
import type { Field, Model } from './schema/schema.ts';

export interface NamedMeta extends ObjectMeta {
  readonly name: string;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: NamedMeta;
}

export interface KubeList<T extends KubeObject = KubeObject> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ListMeta;
  readonly items: readonly T[];
}

const typeMeta = {
  apiVersion: string('Group and version of the schema this object follows, such as apps/v1.'),
  kind: string('Which kind of object this is, in CamelCase.'),
};

/** As the metadata of a template, but a name is always there, if only the empty one. */
const namedMeta: Model<NamedMeta> = model(objectMeta.name, objectMeta.description, {
  ...objectMeta.fields,
  name: filled(string('Name, unique in the namespace for its kind; never changes.')),
});

/** The model of a kind: `fields` plus apiVersion, kind and metadata. */
export function kindModel<T extends KubeObject>(
  name: string,
  description: string,
  fields: Readonly<Record<string, Field>>,
): Model<T> {
  const metadata = filled(ref(namedMeta, 'Name, labels and the rest that every object has.'));
  return model(name, description, { ...typeMeta, metadata, ...fields });
}

/** The model of the list of a kind. */
export function listModel<T extends KubeObject>(item: Model<T>): Model<KubeList<T>> {
  return model(`${item.name}List`, `A list of ${item.name.slice(item.name.lastIndexOf('.') + 1)} objects.`, {
    ...typeMeta,
    metadata: filled(ref(listMeta, 'Version and paging of the list.')),
    items: required(list(item, 'The objects.')),
  });
}
