/** Volumes that come from claims. */
import { typedLocalObjectReference, typedObjectReference } from '../kinds/core/references.ts';
import { labelSelector } from '../meta/label-selector-model.ts';
import { objectMeta } from '../meta/object-meta.ts';
import { atomic, boolean, model, ref, required, resourceList, string, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const volumeResourceRequirementsFields = {
  limits: resourceList('The most that may be used, by resource.'),
  requests: resourceList('What is reserved, by resource.'),
};

/** How large a volume is wanted. */
export interface VolumeResourceRequirements extends Fields<typeof volumeResourceRequirementsFields> {}
export const volumeResourceRequirements: Model<VolumeResourceRequirements> = model(
  'io.k8s.api.core.v1.VolumeResourceRequirements',
  'How large a volume is wanted.',
  volumeResourceRequirementsFields,
);

const persistentVolumeClaimSpecFields = {
  accessModes: strings('How the volume may be mounted.', atomic),
  dataSource: ref(typedLocalObjectReference, 'What to fill the volume from.'),
  dataSourceRef: ref(typedObjectReference, 'What to fill the volume from, of any kind.'),
  resources: ref(volumeResourceRequirements, 'How large.'),
  selector: ref(labelSelector, 'Which volumes will do.'),
  storageClassName: string('Class of storage.'),
  volumeAttributesClassName: string('Class of attributes.'),
  volumeMode: string('Filesystem or Block.'),
  volumeName: string('The volume that was bound.'),
};

/** What volume is wanted. */
export interface PersistentVolumeClaimSpec extends Fields<typeof persistentVolumeClaimSpecFields> {}
export const persistentVolumeClaimSpec: Model<PersistentVolumeClaimSpec> = model(
  'io.k8s.api.core.v1.PersistentVolumeClaimSpec',
  'What volume is wanted.',
  persistentVolumeClaimSpecFields,
);

const persistentVolumeClaimTemplateFields = {
  metadata: ref(objectMeta, 'Labels and annotations of the claim.'),
  spec: required({ ...ref(persistentVolumeClaimSpec, 'What is wanted.'), filled: true }),
};

/** From which claims are made. */
export interface PersistentVolumeClaimTemplate extends Fields<typeof persistentVolumeClaimTemplateFields> {}
export const persistentVolumeClaimTemplate: Model<PersistentVolumeClaimTemplate> = model(
  'io.k8s.api.core.v1.PersistentVolumeClaimTemplate',
  'From which claims are made.',
  persistentVolumeClaimTemplateFields,
);

const ephemeralVolumeSourceFields = {
  volumeClaimTemplate: ref(persistentVolumeClaimTemplate, 'The claim to make.'),
};

/** A volume that is made for the pod and goes with it. */
export interface EphemeralVolumeSource extends Fields<typeof ephemeralVolumeSourceFields> {}
export const ephemeralVolumeSource: Model<EphemeralVolumeSource> = model(
  'io.k8s.api.core.v1.EphemeralVolumeSource',
  'A volume that is made for the pod and goes with it.',
  ephemeralVolumeSourceFields,
);

const persistentVolumeClaimVolumeSourceFields = {
  claimName: required(string('Name of the claim.')),
  readOnly: boolean('Mount the volume for reading only.'),
};

/** The volume of a claim. */
export interface PersistentVolumeClaimVolumeSource extends Fields<typeof persistentVolumeClaimVolumeSourceFields> {}
export const persistentVolumeClaimVolumeSource: Model<PersistentVolumeClaimVolumeSource> = model(
  'io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource',
  'The volume of a claim.',
  persistentVolumeClaimVolumeSourceFields,
);
