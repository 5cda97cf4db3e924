/** What every object carries in `metadata`, and every list in its own. */
import {
  atomic,
  boolean,
  int64,
  list,
  mergedBy,
  model,
  raw,
  required,
  string,
  stringMap,
  strings,
  time,
} from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const ownerReferenceFields = {
  apiVersion: required(string('Group and version of the schema, such as apps/v1.')),
  blockOwnerDeletion: boolean('In a foreground deletion, the owner waits for this object.'),
  controller: boolean('Whether the owner is the one that manages this object.'),
  kind: required(string('The kind, in CamelCase.')),
  name: required(string('Its name.')),
  uid: required(string('Identity of the owner.')),
};

/** The object that another one belongs to and goes away with. */
export interface OwnerReference extends Fields<typeof ownerReferenceFields> {}
export const ownerReference: Model<OwnerReference> = model(
  'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference',
  'The object that another one belongs to and goes away with.',
  ownerReferenceFields,
  { atomic: true },
);

const managedFieldsEntryFields = {
  apiVersion: string('Group and version of the schema, such as apps/v1.'),
  fieldsType: string('Format of the set of fields.'),
  fieldsV1: raw('The set of fields.'),
  manager: string('Who wrote.'),
  operation: string('Apply or Update.'),
  subresource: string('Through which subresource it was written.'),
  time: time('When the entry last changed.'),
};

/** The fields that one writer has set. */
export interface ManagedFieldsEntry extends Fields<typeof managedFieldsEntryFields> {}
export const managedFieldsEntry: Model<ManagedFieldsEntry> = model(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry',
  'The fields that one writer has set.',
  managedFieldsEntryFields,
);

const objectMetaFields = {
  annotations: stringMap('Notes for tools; not for selecting.'),
  creationTimestamp: time('When the object was made; the server sets it.'),
  deletionGracePeriodSeconds: int64('How long it may take to go, once deleted.'),
  deletionTimestamp: time('When it will be gone; set by the server when a deletion begins.'),
  finalizers: strings('Names of those who must let go before the object can vanish.', {
    patchStrategy: 'merge',
    listType: 'set',
  }),
  generateName: string('Beginning of a name that the server completes.'),
  generation: int64('Counts the changes of what is wanted.'),
  labels: stringMap('Words to select objects by.'),
  managedFields: list(managedFieldsEntry, 'Which writer set which fields.', atomic),
  name: string('Name, unique in the namespace for its kind; never changes.'),
  namespace: string('The space in which the name is unique.'),
  ownerReferences: list(ownerReference, 'The objects that this one belongs to.', mergedBy('uid')),
  resourceVersion: string('Changes with every write; compare for equality only.'),
  selfLink: string('No longer used.'),
  uid: string('Tells this object from others that had its name.'),
};

/** What every object carries: name, labels, versions, who it belongs to. */
export interface ObjectMeta extends Fields<typeof objectMetaFields> {}
export const objectMeta: Model<ObjectMeta> = model(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  'What every object carries: name, labels, versions, who it belongs to.',
  objectMetaFields,
);

const listMetaFields = {
  continue: string('Token for the next page; absent on the last.'),
  remainingItemCount: int64('How many objects follow this page.'),
  resourceVersion: string('Version of the collection that the list shows.'),
  selfLink: string('No longer used.'),
};

/** What every list carries: its version and the way to its next page. */
export interface ListMeta extends Fields<typeof listMetaFields> {}
export const listMeta: Model<ListMeta> = model(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta',
  'What every list carries: its version and the way to its next page.',
  listMetaFields,
);
