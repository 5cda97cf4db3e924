/** Names of other objects, as specs and events hold them. */
import { model, required, string } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const objectReferenceFields = {
  apiVersion: string('@ObjectReference.apiVersion'),
  fieldPath: string('@ObjectReference.fieldPath'),
  kind: string('@ObjectReference.kind'),
  name: string('@ObjectReference.name'),
  namespace: string('@ObjectReference.namespace'),
  resourceVersion: string('@ObjectReference.resourceVersion'),
  uid: string('@ObjectReference.uid'),
};

/** @ObjectReference. */
export interface ObjectReference extends Fields<typeof objectReferenceFields> {}
export const objectReference: Model<ObjectReference> = model('io.k8s.api.core.v1.ObjectReference', '@ObjectReference', objectReferenceFields, { atomic: true });

const localObjectReferenceFields = {
  name: string('@LocalObjectReference.name'),
};

/** @LocalObjectReference. */
export interface LocalObjectReference extends Fields<typeof localObjectReferenceFields> {}
export const localObjectReference: Model<LocalObjectReference> = model('io.k8s.api.core.v1.LocalObjectReference', '@LocalObjectReference', localObjectReferenceFields, { atomic: true });

const typedLocalObjectReferenceFields = {
  apiGroup: string('@TypedLocalObjectReference.apiGroup'),
  kind: required(string('@TypedLocalObjectReference.kind')),
  name: required(string('@TypedLocalObjectReference.name')),
};

/** @TypedLocalObjectReference. */
export interface TypedLocalObjectReference extends Fields<typeof typedLocalObjectReferenceFields> {}
export const typedLocalObjectReference: Model<TypedLocalObjectReference> = model('io.k8s.api.core.v1.TypedLocalObjectReference', '@TypedLocalObjectReference', typedLocalObjectReferenceFields, { atomic: true });

const typedObjectReferenceFields = {
  apiGroup: string('@TypedObjectReference.apiGroup'),
  kind: required(string('@TypedObjectReference.kind')),
  name: required(string('@TypedObjectReference.name')),
  namespace: string('@TypedObjectReference.namespace'),
};

/** @TypedObjectReference. */
export interface TypedObjectReference extends Fields<typeof typedObjectReferenceFields> {}
export const typedObjectReference: Model<TypedObjectReference> = model('io.k8s.api.core.v1.TypedObjectReference', '@TypedObjectReference', typedObjectReferenceFields);
