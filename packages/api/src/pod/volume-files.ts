/** Volumes whose files come from API objects. */
import { objectFieldSelector, resourceFieldSelector } from './env.ts';
import { labelSelector } from '../meta/label-selector-model.ts';
import { atomic, boolean, int32, int64, list, model, ref, required, string } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const keyToPathFields = {
  key: required(string('@KeyToPath.key')),
  mode: int32('@KeyToPath.mode'),
  path: required(string('@KeyToPath.path')),
};

/** @KeyToPath. */
export interface KeyToPath extends Fields<typeof keyToPathFields> {}
export const keyToPath: Model<KeyToPath> = model('io.k8s.api.core.v1.KeyToPath', '@KeyToPath', keyToPathFields);

const downwardAPIVolumeFileFields = {
  fieldRef: ref(objectFieldSelector, '@DownwardAPIVolumeFile.fieldRef'),
  mode: int32('@DownwardAPIVolumeFile.mode'),
  path: required(string('@DownwardAPIVolumeFile.path')),
  resourceFieldRef: ref(resourceFieldSelector, '@DownwardAPIVolumeFile.resourceFieldRef'),
};

/** @DownwardAPIVolumeFile. */
export interface DownwardAPIVolumeFile extends Fields<typeof downwardAPIVolumeFileFields> {}
export const downwardAPIVolumeFile: Model<DownwardAPIVolumeFile> = model('io.k8s.api.core.v1.DownwardAPIVolumeFile', '@DownwardAPIVolumeFile', downwardAPIVolumeFileFields);

const configMapVolumeSourceFields = {
  defaultMode: int32('@ConfigMapVolumeSource.defaultMode'),
  items: list(keyToPath, '@ConfigMapVolumeSource.items', atomic),
  name: string('@ConfigMapVolumeSource.name'),
  optional: boolean('@ConfigMapVolumeSource.optional'),
};

/** @ConfigMapVolumeSource. */
export interface ConfigMapVolumeSource extends Fields<typeof configMapVolumeSourceFields> {}
export const configMapVolumeSource: Model<ConfigMapVolumeSource> = model('io.k8s.api.core.v1.ConfigMapVolumeSource', '@ConfigMapVolumeSource', configMapVolumeSourceFields);

const secretVolumeSourceFields = {
  defaultMode: int32('@SecretVolumeSource.defaultMode'),
  items: list(keyToPath, '@SecretVolumeSource.items', atomic),
  optional: boolean('@SecretVolumeSource.optional'),
  secretName: string('@SecretVolumeSource.secretName'),
};

/** @SecretVolumeSource. */
export interface SecretVolumeSource extends Fields<typeof secretVolumeSourceFields> {}
export const secretVolumeSource: Model<SecretVolumeSource> = model('io.k8s.api.core.v1.SecretVolumeSource', '@SecretVolumeSource', secretVolumeSourceFields);

const downwardAPIVolumeSourceFields = {
  defaultMode: int32('@DownwardAPIVolumeSource.defaultMode'),
  items: list(downwardAPIVolumeFile, '@DownwardAPIVolumeSource.items', atomic),
};

/** @DownwardAPIVolumeSource. */
export interface DownwardAPIVolumeSource extends Fields<typeof downwardAPIVolumeSourceFields> {}
export const downwardAPIVolumeSource: Model<DownwardAPIVolumeSource> = model('io.k8s.api.core.v1.DownwardAPIVolumeSource', '@DownwardAPIVolumeSource', downwardAPIVolumeSourceFields);

const clusterTrustBundleProjectionFields = {
  labelSelector: ref(labelSelector, '@ClusterTrustBundleProjection.labelSelector'),
  name: string('@ClusterTrustBundleProjection.name'),
  optional: boolean('@ClusterTrustBundleProjection.optional'),
  path: required(string('@ClusterTrustBundleProjection.path')),
  signerName: string('@ClusterTrustBundleProjection.signerName'),
};

/** @ClusterTrustBundleProjection. */
export interface ClusterTrustBundleProjection extends Fields<typeof clusterTrustBundleProjectionFields> {}
export const clusterTrustBundleProjection: Model<ClusterTrustBundleProjection> = model('io.k8s.api.core.v1.ClusterTrustBundleProjection', '@ClusterTrustBundleProjection', clusterTrustBundleProjectionFields);

const configMapProjectionFields = {
  items: list(keyToPath, '@ConfigMapProjection.items', atomic),
  name: string('@ConfigMapProjection.name'),
  optional: boolean('@ConfigMapProjection.optional'),
};

/** @ConfigMapProjection. */
export interface ConfigMapProjection extends Fields<typeof configMapProjectionFields> {}
export const configMapProjection: Model<ConfigMapProjection> = model('io.k8s.api.core.v1.ConfigMapProjection', '@ConfigMapProjection', configMapProjectionFields);

const downwardAPIProjectionFields = {
  items: list(downwardAPIVolumeFile, '@DownwardAPIProjection.items', atomic),
};

/** @DownwardAPIProjection. */
export interface DownwardAPIProjection extends Fields<typeof downwardAPIProjectionFields> {}
export const downwardAPIProjection: Model<DownwardAPIProjection> = model('io.k8s.api.core.v1.DownwardAPIProjection', '@DownwardAPIProjection', downwardAPIProjectionFields);

const podCertificateProjectionFields = {
  certificateChainPath: string('@PodCertificateProjection.certificateChainPath'),
  credentialBundlePath: string('@PodCertificateProjection.credentialBundlePath'),
  keyPath: string('@PodCertificateProjection.keyPath'),
  keyType: required(string('@PodCertificateProjection.keyType')),
  maxExpirationSeconds: int32('@PodCertificateProjection.maxExpirationSeconds'),
  signerName: required(string('@PodCertificateProjection.signerName')),
};

/** @PodCertificateProjection. */
export interface PodCertificateProjection extends Fields<typeof podCertificateProjectionFields> {}
export const podCertificateProjection: Model<PodCertificateProjection> = model('io.k8s.api.core.v1.PodCertificateProjection', '@PodCertificateProjection', podCertificateProjectionFields);

const secretProjectionFields = {
  items: list(keyToPath, '@SecretProjection.items', atomic),
  name: string('@SecretProjection.name'),
  optional: boolean('@SecretProjection.optional'),
};

/** @SecretProjection. */
export interface SecretProjection extends Fields<typeof secretProjectionFields> {}
export const secretProjection: Model<SecretProjection> = model('io.k8s.api.core.v1.SecretProjection', '@SecretProjection', secretProjectionFields);

const serviceAccountTokenProjectionFields = {
  audience: string('@ServiceAccountTokenProjection.audience'),
  expirationSeconds: int64('@ServiceAccountTokenProjection.expirationSeconds'),
  path: required(string('@ServiceAccountTokenProjection.path')),
};

/** @ServiceAccountTokenProjection. */
export interface ServiceAccountTokenProjection extends Fields<typeof serviceAccountTokenProjectionFields> {}
export const serviceAccountTokenProjection: Model<ServiceAccountTokenProjection> = model('io.k8s.api.core.v1.ServiceAccountTokenProjection', '@ServiceAccountTokenProjection', serviceAccountTokenProjectionFields);

const volumeProjectionFields = {
  clusterTrustBundle: ref(clusterTrustBundleProjection, '@VolumeProjection.clusterTrustBundle'),
  configMap: ref(configMapProjection, '@VolumeProjection.configMap'),
  downwardAPI: ref(downwardAPIProjection, '@VolumeProjection.downwardAPI'),
  podCertificate: ref(podCertificateProjection, '@VolumeProjection.podCertificate'),
  secret: ref(secretProjection, '@VolumeProjection.secret'),
  serviceAccountToken: ref(serviceAccountTokenProjection, '@VolumeProjection.serviceAccountToken'),
};

/** @VolumeProjection. */
export interface VolumeProjection extends Fields<typeof volumeProjectionFields> {}
export const volumeProjection: Model<VolumeProjection> = model('io.k8s.api.core.v1.VolumeProjection', '@VolumeProjection', volumeProjectionFields);

const projectedVolumeSourceFields = {
  defaultMode: int32('@ProjectedVolumeSource.defaultMode'),
  sources: list(volumeProjection, '@ProjectedVolumeSource.sources', atomic),
};

/** @ProjectedVolumeSource. */
export interface ProjectedVolumeSource extends Fields<typeof projectedVolumeSourceFields> {}
export const projectedVolumeSource: Model<ProjectedVolumeSource> = model('io.k8s.api.core.v1.ProjectedVolumeSource', '@ProjectedVolumeSource', projectedVolumeSourceFields);
