/** Makes a row from what is particular to a kind: names, verbs, prefix and rules that follow from others are filled in. */
import type { FieldError } from './field-error.ts';
import type { Column, FieldLabels, Kind, Strategy, Subresource, Verb } from './kind.ts';
import type { KubeObject } from './object.ts';
import type { Model } from './schema/schema.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { freshMetadata, metadataFromOld, withMetadata } from './object-rules.ts';
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
  readonly fieldSelectors?: FieldLabels<T>;
  /** Between Name and what the kind adds; `Name` and `Age` are the default. */
  readonly columns?: readonly Column<T>[];
  defaults?(object: T): T;
  /** Problems beyond metadata. */
  validate?(object: T): readonly FieldError[];
  /** Problems beyond metadata; by default those of `validate`. */
  validateUpdate?(object: T, old: T): readonly FieldError[];
  validateStatusUpdate?(object: T, old: T): readonly FieldError[];
  /** Whether an update raises `metadata.generation`; a kind without this counts none. */
  raisesGeneration?(object: T, old: T): boolean;
  /** `prepareFor…` get an object whose metadata and status are already as for all kinds. */
  readonly strategy?: Partial<Strategy<T>>;
}

const allVerbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

type WithStatus = KubeObject & { readonly status?: unknown };

/** Status is written through its own endpoint only: create starts with an empty one, update keeps the old one. */
function withStatusOf<T extends KubeObject>(object: T, { status }: WithStatus): T {
  return { ...object, status };
}

/** A status write: all of the old object but its status and the metadata that Kubernetes lets the status endpoint change. */
function onlyStatusOf<T extends KubeObject>(object: T, old: T): T {
  const { labels, annotations, finalizers, ownerReferences, managedFields, resourceVersion } = object.metadata;
  const metadata = {
    ...old.metadata,
    labels,
    annotations,
    finalizers,
    ownerReferences,
    managedFields,
    resourceVersion,
  };
  return { ...withStatusOf(old, object), metadata };
}

function statusSubresource<T extends KubeObject>({ group, version, kind, model }: KindDefinition<T>): Subresource[] {
  if (!('status' in model.fields)) return [];
  return [{ name: 'status', responseKind: { group, version, kind }, verbs: ['get', 'patch', 'update'], model }];
}

/** What the kind says comes after what all kinds do. */
function strategyOf<T extends KubeObject>({ model, strategy = {}, raisesGeneration }: KindDefinition<T>): Strategy<T> {
  const hasStatus = 'status' in model.fields;
  const firstGeneration = raisesGeneration && 1;
  return {
    allowUnconditionalUpdate: true,
    allowCreateOnUpdate: false,
    ttlSeconds: undefined,
    gracePeriodSeconds: () => undefined,
    ...strategy,
    prepareForCreate: (object) => {
      const fresh = freshMetadata(object, firstGeneration);
      return strategy.prepareForCreate?.(fresh) ?? (hasStatus ? withStatusOf(fresh, { ...fresh, status: {} }) : fresh);
    },
    prepareForUpdate: (object, old) => {
      const kept = metadataFromOld(hasStatus ? withStatusOf(object, old) : object, old);
      const prepared = strategy.prepareForUpdate?.(kept, old) ?? kept;
      const raised = raisesGeneration?.(prepared, old) === true;
      return raised ? withMetadata(prepared, { generation: (old.metadata.generation ?? 0) + 1 }) : prepared;
    },
    prepareForStatusUpdate: (object, old) => {
      const kept = onlyStatusOf(object, old);
      return strategy.prepareForStatusUpdate?.(kept, old) ?? kept;
    },
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
      ...((definition.validateUpdate ?? definition.validate)?.(object, old) ?? []),
    ],
    validateStatusUpdate: (object, old) => [
      ...validateMetadataUpdate(object.metadata, old.metadata, rules),
      ...(definition.validateStatusUpdate?.(object, old) ?? []),
    ],
    strategy: strategyOf(definition),
  };
}
