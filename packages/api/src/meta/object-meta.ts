/** What every object carries in `metadata`, and every list in its own. */
import { atomic, boolean, int64, list, mergedBy, model, raw, required, string, stringMap, strings, time } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const ownerReferenceFields = {
  apiVersion: required(string('@OwnerReference.apiVersion')),
  blockOwnerDeletion: boolean('@OwnerReference.blockOwnerDeletion'),
  controller: boolean('@OwnerReference.controller'),
  kind: required(string('@OwnerReference.kind')),
  name: required(string('@OwnerReference.name')),
  uid: required(string('@OwnerReference.uid')),
};

/** @OwnerReference. */
export interface OwnerReference extends Fields<typeof ownerReferenceFields> {}
export const ownerReference: Model<OwnerReference> = model('io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference', '@OwnerReference', ownerReferenceFields, { atomic: true });

const managedFieldsEntryFields = {
  apiVersion: string('@ManagedFieldsEntry.apiVersion'),
  fieldsType: string('@ManagedFieldsEntry.fieldsType'),
  fieldsV1: raw('@ManagedFieldsEntry.fieldsV1'),
  manager: string('@ManagedFieldsEntry.manager'),
  operation: string('@ManagedFieldsEntry.operation'),
  subresource: string('@ManagedFieldsEntry.subresource'),
  time: time('@ManagedFieldsEntry.time'),
};

/** @ManagedFieldsEntry. */
export interface ManagedFieldsEntry extends Fields<typeof managedFieldsEntryFields> {}
export const managedFieldsEntry: Model<ManagedFieldsEntry> = model('io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry', '@ManagedFieldsEntry', managedFieldsEntryFields);

const objectMetaFields = {
  annotations: stringMap('@ObjectMeta.annotations'),
  creationTimestamp: time('@ObjectMeta.creationTimestamp'),
  deletionGracePeriodSeconds: int64('@ObjectMeta.deletionGracePeriodSeconds'),
  deletionTimestamp: time('@ObjectMeta.deletionTimestamp'),
  finalizers: strings('@ObjectMeta.finalizers', { patchStrategy: 'merge', listType: 'set' }),
  generateName: string('@ObjectMeta.generateName'),
  generation: int64('@ObjectMeta.generation'),
  labels: stringMap('@ObjectMeta.labels'),
  managedFields: list(managedFieldsEntry, '@ObjectMeta.managedFields', atomic),
  name: string('@ObjectMeta.name'),
  namespace: string('@ObjectMeta.namespace'),
  ownerReferences: list(ownerReference, '@ObjectMeta.ownerReferences', mergedBy('uid')),
  resourceVersion: string('@ObjectMeta.resourceVersion'),
  selfLink: string('@ObjectMeta.selfLink'),
  uid: string('@ObjectMeta.uid'),
};

/** @ObjectMeta. */
export interface ObjectMeta extends Fields<typeof objectMetaFields> {}
export const objectMeta: Model<ObjectMeta> = model('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta', '@ObjectMeta', objectMetaFields);

const listMetaFields = {
  continue: string('@ListMeta.continue'),
  remainingItemCount: int64('@ListMeta.remainingItemCount'),
  resourceVersion: string('@ListMeta.resourceVersion'),
  selfLink: string('@ListMeta.selfLink'),
};

/** @ListMeta. */
export interface ListMeta extends Fields<typeof listMetaFields> {}
export const listMeta: Model<ListMeta> = model('io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta', '@ListMeta', listMetaFields);
