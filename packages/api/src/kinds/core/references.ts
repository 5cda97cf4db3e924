/** Names of other objects, as specs and events hold them. */
import { model, required, string } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const objectReferenceFields = {
  apiVersion: string('Group and version of the schema, such as apps/v1.'),
  fieldPath: string('Part of the object, such as spec.containers{web}.'),
  kind: string('The kind, in CamelCase.'),
  name: string('Its name.'),
  namespace: string('Namespace it lies in.'),
  resourceVersion: string('Version of the object.'),
  uid: string('Identity of one life of the object.'),
};

/** Names any object, or a part of it. */
export interface ObjectReference extends Fields<typeof objectReferenceFields> {}
export const objectReference: Model<ObjectReference> = model(
  'io.k8s.api.core.v1.ObjectReference',
  'Names any object, or a part of it.',
  objectReferenceFields,
  { atomic: true },
);

const localObjectReferenceFields = {
  name: string('Its name.'),
};

/** Names an object of the same namespace. */
export interface LocalObjectReference extends Fields<typeof localObjectReferenceFields> {}
export const localObjectReference: Model<LocalObjectReference> = model(
  'io.k8s.api.core.v1.LocalObjectReference',
  'Names an object of the same namespace.',
  localObjectReferenceFields,
  { atomic: true },
);

const typedLocalObjectReferenceFields = {
  apiGroup: string('Group of the kind; empty for the core group.'),
  kind: required(string('The kind, in CamelCase.')),
  name: required(string('Its name.')),
};

/** Names an object of any kind in the same namespace. */
export interface TypedLocalObjectReference extends Fields<typeof typedLocalObjectReferenceFields> {}
export const typedLocalObjectReference: Model<TypedLocalObjectReference> = model(
  'io.k8s.api.core.v1.TypedLocalObjectReference',
  'Names an object of any kind in the same namespace.',
  typedLocalObjectReferenceFields,
  { atomic: true },
);

const typedObjectReferenceFields = {
  apiGroup: string('Group of the kind; empty for the core group.'),
  kind: required(string('The kind, in CamelCase.')),
  name: required(string('Its name.')),
  namespace: string('Namespace it lies in.'),
};

/** Names an object of any kind. */
export interface TypedObjectReference extends Fields<typeof typedObjectReferenceFields> {}
export const typedObjectReference: Model<TypedObjectReference> = model(
  'io.k8s.api.core.v1.TypedObjectReference',
  'Names an object of any kind.',
  typedObjectReferenceFields,
);
