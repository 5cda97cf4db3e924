/** Volumes whose files come from API objects. */
import { objectFieldSelector, resourceFieldSelector } from './env.ts';
import { labelSelector } from '../meta/label-selector-model.ts';
import { atomic, boolean, int32, int64, list, model, ref, required, string } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const keyToPathFields = {
  key: required(string('Key of the entry.')),
  mode: int32('Mode bits of the file.'),
  path: required(string('Path of the file in the volume.')),
};

/** Which entry becomes which file. */
export interface KeyToPath extends Fields<typeof keyToPathFields> {}
export const keyToPath: Model<KeyToPath> = model(
  'io.k8s.api.core.v1.KeyToPath',
  'Which entry becomes which file.',
  keyToPathFields,
);

const downwardAPIVolumeFileFields = {
  fieldRef: ref(objectFieldSelector, 'A field of the pod.'),
  mode: int32('Mode bits of the file.'),
  path: required(string('Path of the file in the volume.')),
  resourceFieldRef: ref(resourceFieldSelector, 'Resources of a container.'),
};

/** A file that holds something about the pod. */
export interface DownwardAPIVolumeFile extends Fields<typeof downwardAPIVolumeFileFields> {}
export const downwardAPIVolumeFile: Model<DownwardAPIVolumeFile> = model(
  'io.k8s.api.core.v1.DownwardAPIVolumeFile',
  'A file that holds something about the pod.',
  downwardAPIVolumeFileFields,
);

const configMapVolumeSourceFields = {
  defaultMode: int32('Mode bits of the files, 0644 where nothing is said.'),
  items: list(keyToPath, 'Which keys become which files; all of them where nothing is said.', atomic),
  name: string('Its name.'),
  optional: boolean('Whether it may be missing.'),
};

/** A config map as files. */
export interface ConfigMapVolumeSource extends Fields<typeof configMapVolumeSourceFields> {}
export const configMapVolumeSource: Model<ConfigMapVolumeSource> = model(
  'io.k8s.api.core.v1.ConfigMapVolumeSource',
  'A config map as files.',
  configMapVolumeSourceFields,
);

const secretVolumeSourceFields = {
  defaultMode: int32('Mode bits of the files, 0644 where nothing is said.'),
  items: list(keyToPath, 'Which keys become which files; all of them where nothing is said.', atomic),
  optional: boolean('Whether it may be missing.'),
  secretName: string('Name of the secret.'),
};

/** A secret as files. */
export interface SecretVolumeSource extends Fields<typeof secretVolumeSourceFields> {}
export const secretVolumeSource: Model<SecretVolumeSource> = model(
  'io.k8s.api.core.v1.SecretVolumeSource',
  'A secret as files.',
  secretVolumeSourceFields,
);

const downwardAPIVolumeSourceFields = {
  defaultMode: int32('Mode bits of the files, 0644 where nothing is said.'),
  items: list(downwardAPIVolumeFile, 'The files.', atomic),
};

/** Fields of the pod as files. */
export interface DownwardAPIVolumeSource extends Fields<typeof downwardAPIVolumeSourceFields> {}
export const downwardAPIVolumeSource: Model<DownwardAPIVolumeSource> = model(
  'io.k8s.api.core.v1.DownwardAPIVolumeSource',
  'Fields of the pod as files.',
  downwardAPIVolumeSourceFields,
);

const clusterTrustBundleProjectionFields = {
  labelSelector: ref(labelSelector, 'Which objects are meant, by their labels.'),
  name: string('Its name.'),
  optional: boolean('Whether it may be missing.'),
  path: required(string('Path of the file.')),
  signerName: string('Name of the signer.'),
};

/** Trust anchors as a file. */
export interface ClusterTrustBundleProjection extends Fields<typeof clusterTrustBundleProjectionFields> {}
export const clusterTrustBundleProjection: Model<ClusterTrustBundleProjection> = model(
  'io.k8s.api.core.v1.ClusterTrustBundleProjection',
  'Trust anchors as a file.',
  clusterTrustBundleProjectionFields,
);

const configMapProjectionFields = {
  items: list(keyToPath, 'Which keys become which files; all of them where nothing is said.', atomic),
  name: string('Its name.'),
  optional: boolean('Whether it may be missing.'),
};

/** Entries of a config map. */
export interface ConfigMapProjection extends Fields<typeof configMapProjectionFields> {}
export const configMapProjection: Model<ConfigMapProjection> = model(
  'io.k8s.api.core.v1.ConfigMapProjection',
  'Entries of a config map.',
  configMapProjectionFields,
);

const downwardAPIProjectionFields = {
  items: list(downwardAPIVolumeFile, 'The files.', atomic),
};

/** Fields of the pod. */
export interface DownwardAPIProjection extends Fields<typeof downwardAPIProjectionFields> {}
export const downwardAPIProjection: Model<DownwardAPIProjection> = model(
  'io.k8s.api.core.v1.DownwardAPIProjection',
  'Fields of the pod.',
  downwardAPIProjectionFields,
);

const podCertificateProjectionFields = {
  certificateChainPath: string('File of the certificates.'),
  credentialBundlePath: string('File of key and certificates.'),
  keyPath: string('File of the key.'),
  keyType: required(string('Kind of key.')),
  maxExpirationSeconds: int32('How long the certificate may be valid.'),
  signerName: required(string('Name of the signer.')),
};

/** A key and a certificate for the pod. */
export interface PodCertificateProjection extends Fields<typeof podCertificateProjectionFields> {}
export const podCertificateProjection: Model<PodCertificateProjection> = model(
  'io.k8s.api.core.v1.PodCertificateProjection',
  'A key and a certificate for the pod.',
  podCertificateProjectionFields,
);

const secretProjectionFields = {
  items: list(keyToPath, 'Which keys become which files; all of them where nothing is said.', atomic),
  name: string('Its name.'),
  optional: boolean('Whether it may be missing.'),
};

/** Entries of a secret. */
export interface SecretProjection extends Fields<typeof secretProjectionFields> {}
export const secretProjection: Model<SecretProjection> = model(
  'io.k8s.api.core.v1.SecretProjection',
  'Entries of a secret.',
  secretProjectionFields,
);

const serviceAccountTokenProjectionFields = {
  audience: string('For whom the token is.'),
  expirationSeconds: int64('How long the token is valid; it is renewed before.'),
  path: required(string('Path of the file.')),
};

/** A token of the pod's service account. */
export interface ServiceAccountTokenProjection extends Fields<typeof serviceAccountTokenProjectionFields> {}
export const serviceAccountTokenProjection: Model<ServiceAccountTokenProjection> = model(
  'io.k8s.api.core.v1.ServiceAccountTokenProjection',
  "A token of the pod's service account.",
  serviceAccountTokenProjectionFields,
);

const volumeProjectionFields = {
  clusterTrustBundle: ref(clusterTrustBundleProjection, 'Trust anchors.'),
  configMap: ref(configMapProjection, 'A config map.'),
  downwardAPI: ref(downwardAPIProjection, 'Fields of the pod.'),
  podCertificate: ref(podCertificateProjection, 'A certificate of the pod.'),
  secret: ref(secretProjection, 'A secret.'),
  serviceAccountToken: ref(serviceAccountTokenProjection, 'A token.'),
};

/** One source of files; one of its fields. */
export interface VolumeProjection extends Fields<typeof volumeProjectionFields> {}
export const volumeProjection: Model<VolumeProjection> = model(
  'io.k8s.api.core.v1.VolumeProjection',
  'One source of files; one of its fields.',
  volumeProjectionFields,
);

const projectedVolumeSourceFields = {
  defaultMode: int32('Mode bits of the files, 0644 where nothing is said.'),
  sources: list(volumeProjection, 'The sources.', atomic),
};

/** Files of several sources in one directory. */
export interface ProjectedVolumeSource extends Fields<typeof projectedVolumeSourceFields> {}
export const projectedVolumeSource: Model<ProjectedVolumeSource> = model(
  'io.k8s.api.core.v1.ProjectedVolumeSource',
  'Files of several sources in one directory.',
  projectedVolumeSourceFields,
);
