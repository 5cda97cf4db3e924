/** Volumes that come from claims. */
import { typedLocalObjectReference, typedObjectReference } from '../kinds/core/references.ts';
import { labelSelector } from '../meta/label-selector-model.ts';
import { objectMeta } from '../meta/object-meta.ts';
import { atomic, boolean, model, ref, required, resourceList, string, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const volumeResourceRequirementsFields = {
  limits: resourceList('@VolumeResourceRequirements.limits'),
  requests: resourceList('@VolumeResourceRequirements.requests'),
};

/** @VolumeResourceRequirements. */
export interface VolumeResourceRequirements extends Fields<typeof volumeResourceRequirementsFields> {}
export const volumeResourceRequirements: Model<VolumeResourceRequirements> = model('io.k8s.api.core.v1.VolumeResourceRequirements', '@VolumeResourceRequirements', volumeResourceRequirementsFields);

const persistentVolumeClaimSpecFields = {
  accessModes: strings('@PersistentVolumeClaimSpec.accessModes', atomic),
  dataSource: ref(typedLocalObjectReference, '@PersistentVolumeClaimSpec.dataSource'),
  dataSourceRef: ref(typedObjectReference, '@PersistentVolumeClaimSpec.dataSourceRef'),
  resources: ref(volumeResourceRequirements, '@PersistentVolumeClaimSpec.resources'),
  selector: ref(labelSelector, '@PersistentVolumeClaimSpec.selector'),
  storageClassName: string('@PersistentVolumeClaimSpec.storageClassName'),
  volumeAttributesClassName: string('@PersistentVolumeClaimSpec.volumeAttributesClassName'),
  volumeMode: string('@PersistentVolumeClaimSpec.volumeMode'),
  volumeName: string('@PersistentVolumeClaimSpec.volumeName'),
};

/** @PersistentVolumeClaimSpec. */
export interface PersistentVolumeClaimSpec extends Fields<typeof persistentVolumeClaimSpecFields> {}
export const persistentVolumeClaimSpec: Model<PersistentVolumeClaimSpec> = model('io.k8s.api.core.v1.PersistentVolumeClaimSpec', '@PersistentVolumeClaimSpec', persistentVolumeClaimSpecFields);

const persistentVolumeClaimTemplateFields = {
  metadata: ref(objectMeta, '@PersistentVolumeClaimTemplate.metadata'),
  spec: required({ ...ref(persistentVolumeClaimSpec, '@PersistentVolumeClaimTemplate.spec'), filled: true }),
};

/** @PersistentVolumeClaimTemplate. */
export interface PersistentVolumeClaimTemplate extends Fields<typeof persistentVolumeClaimTemplateFields> {}
export const persistentVolumeClaimTemplate: Model<PersistentVolumeClaimTemplate> = model('io.k8s.api.core.v1.PersistentVolumeClaimTemplate', '@PersistentVolumeClaimTemplate', persistentVolumeClaimTemplateFields);

const ephemeralVolumeSourceFields = {
  volumeClaimTemplate: ref(persistentVolumeClaimTemplate, '@EphemeralVolumeSource.volumeClaimTemplate'),
};

/** @EphemeralVolumeSource. */
export interface EphemeralVolumeSource extends Fields<typeof ephemeralVolumeSourceFields> {}
export const ephemeralVolumeSource: Model<EphemeralVolumeSource> = model('io.k8s.api.core.v1.EphemeralVolumeSource', '@EphemeralVolumeSource', ephemeralVolumeSourceFields);

const persistentVolumeClaimVolumeSourceFields = {
  claimName: required(string('@PersistentVolumeClaimVolumeSource.claimName')),
  readOnly: boolean('@PersistentVolumeClaimVolumeSource.readOnly'),
};

/** @PersistentVolumeClaimVolumeSource. */
export interface PersistentVolumeClaimVolumeSource extends Fields<typeof persistentVolumeClaimVolumeSourceFields> {}
export const persistentVolumeClaimVolumeSource: Model<PersistentVolumeClaimVolumeSource> = model('io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource', '@PersistentVolumeClaimVolumeSource', persistentVolumeClaimVolumeSourceFields);
