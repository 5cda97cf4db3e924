/** Makes a row from what is particular to a kind: names, verbs, prefix and rules that follow from others are filled in. */
import type { FieldError } from './field-error.ts';
import type { Column, Kind, Strategy, Subresource, Verb } from './kind.ts';
import type { KubeObject } from './object.ts';
import type { Model } from './schema/schema.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { validateMetadata, validateMetadataUpdate, type NameRule } from './validation/metadata.ts';

export interface KindDefinition<T extends KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  readonly model: Model<T>;
  /** `/registry/` and the plural, unless Kubernetes lays this kind out otherwise. */
  readonly storagePrefix?: string;
  readonly nameRule: NameRule;
  /** Beside `status`, which is served when the model has one. */
  readonly subresources?: readonly Subresource[];
  /** Beside metadata.name and metadata.namespace. */
  readonly fieldSelectors?: Readonly<Record<string, (object: T) => string>>;
  /** Between Name and what the kind adds; `Name` and `Age` are the default. */
  readonly columns?: readonly Column<T>[];
  defaults?(object: T): T;
  /** Problems beyond metadata. */
  validate?(object: T): readonly FieldError[];
  /** Problems beyond metadata; by default those of `validate`. */
  validateUpdate?(object: T, old: T): readonly FieldError[];
  validateStatusUpdate?(object: T, old: T): readonly FieldError[];
  readonly strategy?: Partial<Strategy<T>>;
}

const allVerbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

type WithStatus = KubeObject & { readonly status?: unknown };

/** Status is written through its own endpoint only: create starts without one, update keeps the old one. */
function withStatusOf<T extends KubeObject>(object: T, source: WithStatus | undefined): T {
  const { status: _, ...rest } = object as T & WithStatus;
  return (source?.status === undefined ? rest : { ...rest, status: source.status }) as T;
}

/** A status write: all of the old object but its status and the metadata that Kubernetes lets the status endpoint change. */
function onlyStatusOf<T extends KubeObject>(object: T, old: T): T {
  const { metadata } = object;
  const kept = withStatusOf(old, object);
  return { ...kept, metadata: { ...old.metadata, ...statusMetadata(metadata) } };
}

function statusMetadata(metadata: KubeObject['metadata']): Partial<KubeObject['metadata']> {
  const { labels, annotations, finalizers, ownerReferences, managedFields, resourceVersion } = metadata;
  return { labels, annotations, finalizers, ownerReferences, managedFields, resourceVersion };
}

function statusSubresource<T extends KubeObject>({ group, version, kind, model }: KindDefinition<T>): Subresource[] {
  if (!('status' in model.fields)) return [];
  return [{ name: 'status', responseKind: { group, version, kind }, verbs: ['get', 'patch', 'update'], model }];
}

function strategyOf<T extends KubeObject>(definition: KindDefinition<T>): Strategy<T> {
  const hasStatus = 'status' in definition.model.fields;
  return {
    allowUnconditionalUpdate: true,
    allowCreateOnUpdate: false,
    ttlSeconds: undefined,
    prepareForCreate: (object) => (hasStatus ? withStatusOf(object, undefined) : object),
    prepareForUpdate: (object, old) => (hasStatus ? withStatusOf(object, old) : object),
    prepareForStatusUpdate: onlyStatusOf,
    gracePeriodSeconds: () => undefined,
    ...definition.strategy,
  };
}

export function defineKind<T extends KubeObject>(definition: KindDefinition<T>): Kind<T> {
  const { group, version, kind, plural, namespaced, model, nameRule } = definition;
  const rules = { namespaced, nameRule };
  return {
    group,
    version,
    kind,
    apiVersion: group === '' ? version : `${group}/${version}`,
    listKind: `${kind}List`,
    plural,
    singular: kind.toLowerCase(),
    shortNames: definition.shortNames ?? [],
    categories: definition.categories ?? [],
    namespaced,
    verbs: allVerbs,
    storagePrefix: definition.storagePrefix ?? `/registry/${plural}/`,
    model,
    subresources: [...statusSubresource(definition), ...(definition.subresources ?? [])],
    fieldSelectors: {
      'metadata.name': ({ metadata }) => metadata.name,
      ...(namespaced && { 'metadata.namespace': ({ metadata }: T) => metadata.namespace ?? '' }),
      ...definition.fieldSelectors,
    },
    columns: definition.columns ?? [nameColumn, ageColumn],
    defaults: (object) => definition.defaults?.(object) ?? object,
    validate: (object) => [...validateMetadata(object.metadata, rules), ...(definition.validate?.(object) ?? [])],
    validateUpdate: (object, old) => [
      ...validateMetadataUpdate(object.metadata, old.metadata, rules),
      ...(definition.validateUpdate ?? definition.validate)?.(object, old) ?? [],
    ],
    validateStatusUpdate: (object, old) => [
      ...validateMetadataUpdate(object.metadata, old.metadata, rules),
      ...(definition.validateStatusUpdate?.(object, old) ?? []),
    ],
    strategy: strategyOf(definition),
  };
}
