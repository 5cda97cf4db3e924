/**
 * The schema of the objects: plain data, written once per model, from which follow the TypeScript types, decoding (with its
 * strict mode), OpenAPI, the keys of strategic merge patches, and defaults that need no code.
 *
 * A *model* is a named object with fields; a *field* is a schema with what the position adds (required, patch strategy,
 * description). `Fields<typeof fields>` is the TypeScript shape of a model. Deliberately not here: value rules such as ranges or
 * name formats; those are validation, because their messages and order are part of the wire.
 */

declare const decoded: unique symbol;

/** Carries the TypeScript type of decoded values; exists in types only. */
interface Decodes<T> {
  readonly [decoded]?: T;
}

/** Leaves. `quantity` and `intOrString` accept a string or a number on the wire; `raw` accepts any JSON. */
export type ScalarType =
  'string' | 'bytes' | 'boolean' | 'int32' | 'int64' | 'quantity' | 'intOrString' | 'time' | 'microTime' | 'raw';

export interface ScalarSchema<T> extends Decodes<T> {
  readonly type: ScalarType;
}
export interface ListSchema<T> extends Decodes<T> {
  readonly type: 'list';
  readonly items: Schema;
}
export interface MapSchema<T> extends Decodes<T> {
  readonly type: 'map';
  readonly values: Schema;
}
/** A named object. `name` is the OpenAPI model name, e.g. `io.k8s.api.core.v1.Pod`. */
export interface Model<T = unknown> extends Decodes<T> {
  readonly type: 'model';
  readonly name: string;
  readonly description: string;
  readonly fields: Readonly<Record<string, Field>>;
  /** The whole object has one owner in server-side apply (`x-kubernetes-map-type: atomic`). */
  readonly atomic: boolean;
}
export type Schema<T = unknown> = ScalarSchema<T> | ListSchema<T> | MapSchema<T> | Model<T>;

/** How lists and structs merge: in strategic merge patch (`patch…`) and in server-side apply (`listType`, `mapKeys`). */
export interface Merging {
  readonly patchStrategy?: 'merge' | 'retainKeys' | 'merge,retainKeys';
  readonly patchMergeKey?: string;
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly mapKeys?: readonly string[];
  /** For maps of scalars: the map is replaced as a whole by server-side apply. */
  readonly mapType?: 'atomic';
}

/** `Present` is true when a decoded object always has the field. */
export interface Field<T = unknown, Present extends boolean = boolean> {
  readonly schema: Schema<T>;
  readonly description: string;
  /** Required in OpenAPI. A required scalar, list or map that is absent decodes to its zero value, as in Kubernetes' own decoder. */
  readonly required: boolean;
  /** Decodes to its zero value when absent, an object to `{}` (Kubernetes' embedded structs), though OpenAPI does not require it. */
  readonly filled: boolean;
  readonly present?: Present;
  readonly merging: Merging;
}

type Value<F> = F extends Field<infer T> ? T : never;
type PresentKeys<F> = { [K in keyof F]: F[K] extends Field<unknown, true> ? K : never }[keyof F];

/** The TypeScript shape of a model's fields. An optional field may also be set to `undefined`: it is not sent. */
export type Fields<F> = { readonly [K in PresentKeys<F>]: Value<F[K]> } & {
  readonly [K in Exclude<keyof F, PresentKeys<F>>]?: Value<F[K]> | undefined;
};

/** The TypeScript type of a schema's decoded values. */
export type TypeOf<S> = S extends Schema<infer T> ? T : never;
