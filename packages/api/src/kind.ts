/**
 * A kind: the row that describes a resource. Data and functions, no state, so that a custom resource is the same row made at
 * run time. The registry (apiserver) turns verbs on kinds into transactions; discovery, OpenAPI, tables, patches and storage
 * keys all follow from the row.
 *
 * Objects are immutable: every function that changes one returns a new one. Order of a write: decode, `defaults`,
 * `strategy.prepareFor…`, `validate…`. A function that is not here does not depend on the kind (see object-rules.ts for
 * metadata, which all kinds share).
 */
import type { FieldError } from './field-error.ts';
import type { KubeObject } from './object.ts';
import type { Model } from './schema/schema.ts';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}
export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** Part of a resource with a URL of its own. `responseKind` may lie in another group: pods/eviction speaks policy/v1. */
export interface Subresource {
  readonly name: string;
  readonly responseKind: GroupVersionKind;
  readonly verbs: readonly Verb[];
  /** The model of the body; absent where the body is no object, as for logs. */
  readonly model?: Model;
}

export interface CellContext {
  readonly nowMs: number;
}
export type Cell = string | number | boolean | null;

/** A column of the table that `kubectl get` prints. Priority 1 shows only with `-o wide`. */
export interface Column<T extends KubeObject = KubeObject> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format: string;
  readonly description: string;
  readonly priority: 0 | 1;
  cell(object: T, context: CellContext): Cell;
}

/** A method's type, so that a row of one kind is a row of any kind. */
type FieldValue<T> = { value(object: T): string }['value'];
/** What a field selector may ask for, by label. */
export type FieldLabels<T extends KubeObject = KubeObject> = Readonly<Record<string, FieldValue<T>>>;

/** What happens to an object of this kind between decoding and validation, and how it ends. */
export interface Strategy<T extends KubeObject = KubeObject> {
  /** An update without a resourceVersion replaces whatever is there. */
  readonly allowUnconditionalUpdate: boolean;
  /** An update of an absent object creates it. */
  readonly allowCreateOnUpdate: boolean;
  /** Objects vanish this long after their last write. */
  readonly ttlSeconds: number | undefined;
  /** Clears what clients may not set and sets generation 1 where the kind counts generations. */
  prepareForCreate(object: T): T;
  /** A write to the main endpoint: status stays the old one, generation rises when the spec changed. */
  prepareForUpdate(object: T, old: T): T;
  /** A write to the status endpoint: everything but status and parts of metadata stays the old one. */
  prepareForStatusUpdate(object: T, old: T): T;
  /**
   * How long an object lives on after a delete, in seconds; `undefined` means that deletes of this kind are immediate.
   * `requestedSeconds` is what DeleteOptions ask for.
   */
  gracePeriodSeconds(object: T, requestedSeconds: number | undefined): number | undefined;
}

export interface Kind<T extends KubeObject = KubeObject> extends GroupVersionKind {
  /** `apps/v1`, or `v1` for the core group. */
  readonly apiVersion: string;
  readonly listKind: string;
  /** The URL's word, such as `pods`. */
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  /** Kubernetes' own key layout, ending with a slash, e.g. `/registry/minions/`. */
  readonly storagePrefix: string;
  readonly model: Model<T>;
  readonly subresources: readonly Subresource[];
  /** Value of each field label that selectors may name, `metadata.name` and `metadata.namespace` included. */
  readonly fieldSelectors: FieldLabels<T>;
  readonly columns: readonly Column<T>[];
  defaults(object: T): T;
  /** All problems of a new object, metadata included. */
  validate(object: T): readonly FieldError[];
  /** All problems of a write over `old`, immutable fields included. */
  validateUpdate(object: T, old: T): readonly FieldError[];
  /** All problems of a write to the status endpoint. */
  validateStatusUpdate(object: T, old: T): readonly FieldError[];
  readonly strategy: Strategy<T>;
}
