/** A volume of a pod. */
import { localObjectReference } from '../kinds/core/references.ts';
import { awsElasticBlockStoreVolumeSource, azureDiskVolumeSource, azureFileVolumeSource, cephFSVolumeSource, cinderVolumeSource, fcVolumeSource, flexVolumeSource, flockerVolumeSource, gcePersistentDiskVolumeSource, gitRepoVolumeSource, glusterfsVolumeSource, iscsiVolumeSource, photonPersistentDiskVolumeSource, portworxVolumeSource, quobyteVolumeSource, rbdVolumeSource, scaleIOVolumeSource, storageOSVolumeSource, vsphereVirtualDiskVolumeSource } from './volume-drivers.ts';
import { configMapVolumeSource, downwardAPIVolumeSource, projectedVolumeSource, secretVolumeSource } from './volume-files.ts';
import { ephemeralVolumeSource, persistentVolumeClaimVolumeSource } from './volume-claim.ts';
import { boolean, model, quantity, ref, required, string, stringMap } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const csiVolumeSourceFields = {
  driver: required(string('@CSIVolumeSource.driver')),
  fsType: string('@CSIVolumeSource.fsType'),
  nodePublishSecretRef: ref(localObjectReference, '@CSIVolumeSource.nodePublishSecretRef'),
  readOnly: boolean('@CSIVolumeSource.readOnly'),
  volumeAttributes: stringMap('@CSIVolumeSource.volumeAttributes'),
};

/** @CSIVolumeSource. */
export interface CSIVolumeSource extends Fields<typeof csiVolumeSourceFields> {}
export const csiVolumeSource: Model<CSIVolumeSource> = model('io.k8s.api.core.v1.CSIVolumeSource', '@CSIVolumeSource', csiVolumeSourceFields);

const emptyDirVolumeSourceFields = {
  medium: string('@EmptyDirVolumeSource.medium'),
  sizeLimit: quantity('@EmptyDirVolumeSource.sizeLimit'),
};

/** @EmptyDirVolumeSource. */
export interface EmptyDirVolumeSource extends Fields<typeof emptyDirVolumeSourceFields> {}
export const emptyDirVolumeSource: Model<EmptyDirVolumeSource> = model('io.k8s.api.core.v1.EmptyDirVolumeSource', '@EmptyDirVolumeSource', emptyDirVolumeSourceFields);

const hostPathVolumeSourceFields = {
  path: required(string('@HostPathVolumeSource.path')),
  type: string('@HostPathVolumeSource.type'),
};

/** @HostPathVolumeSource. */
export interface HostPathVolumeSource extends Fields<typeof hostPathVolumeSourceFields> {}
export const hostPathVolumeSource: Model<HostPathVolumeSource> = model('io.k8s.api.core.v1.HostPathVolumeSource', '@HostPathVolumeSource', hostPathVolumeSourceFields);

const imageVolumeSourceFields = {
  pullPolicy: string('@ImageVolumeSource.pullPolicy'),
  reference: string('@ImageVolumeSource.reference'),
};

/** @ImageVolumeSource. */
export interface ImageVolumeSource extends Fields<typeof imageVolumeSourceFields> {}
export const imageVolumeSource: Model<ImageVolumeSource> = model('io.k8s.api.core.v1.ImageVolumeSource', '@ImageVolumeSource', imageVolumeSourceFields);

const nfsVolumeSourceFields = {
  path: required(string('@NFSVolumeSource.path')),
  readOnly: boolean('@NFSVolumeSource.readOnly'),
  server: required(string('@NFSVolumeSource.server')),
};

/** @NFSVolumeSource. */
export interface NFSVolumeSource extends Fields<typeof nfsVolumeSourceFields> {}
export const nfsVolumeSource: Model<NFSVolumeSource> = model('io.k8s.api.core.v1.NFSVolumeSource', '@NFSVolumeSource', nfsVolumeSourceFields);

const volumeFields = {
  awsElasticBlockStore: ref(awsElasticBlockStoreVolumeSource, '@Volume.awsElasticBlockStore'),
  azureDisk: ref(azureDiskVolumeSource, '@Volume.azureDisk'),
  azureFile: ref(azureFileVolumeSource, '@Volume.azureFile'),
  cephfs: ref(cephFSVolumeSource, '@Volume.cephfs'),
  cinder: ref(cinderVolumeSource, '@Volume.cinder'),
  configMap: ref(configMapVolumeSource, '@Volume.configMap'),
  csi: ref(csiVolumeSource, '@Volume.csi'),
  downwardAPI: ref(downwardAPIVolumeSource, '@Volume.downwardAPI'),
  emptyDir: ref(emptyDirVolumeSource, '@Volume.emptyDir'),
  ephemeral: ref(ephemeralVolumeSource, '@Volume.ephemeral'),
  fc: ref(fcVolumeSource, '@Volume.fc'),
  flexVolume: ref(flexVolumeSource, '@Volume.flexVolume'),
  flocker: ref(flockerVolumeSource, '@Volume.flocker'),
  gcePersistentDisk: ref(gcePersistentDiskVolumeSource, '@Volume.gcePersistentDisk'),
  gitRepo: ref(gitRepoVolumeSource, '@Volume.gitRepo'),
  glusterfs: ref(glusterfsVolumeSource, '@Volume.glusterfs'),
  hostPath: ref(hostPathVolumeSource, '@Volume.hostPath'),
  image: ref(imageVolumeSource, '@Volume.image'),
  iscsi: ref(iscsiVolumeSource, '@Volume.iscsi'),
  name: required(string('@Volume.name')),
  nfs: ref(nfsVolumeSource, '@Volume.nfs'),
  persistentVolumeClaim: ref(persistentVolumeClaimVolumeSource, '@Volume.persistentVolumeClaim'),
  photonPersistentDisk: ref(photonPersistentDiskVolumeSource, '@Volume.photonPersistentDisk'),
  portworxVolume: ref(portworxVolumeSource, '@Volume.portworxVolume'),
  projected: ref(projectedVolumeSource, '@Volume.projected'),
  quobyte: ref(quobyteVolumeSource, '@Volume.quobyte'),
  rbd: ref(rbdVolumeSource, '@Volume.rbd'),
  scaleIO: ref(scaleIOVolumeSource, '@Volume.scaleIO'),
  secret: ref(secretVolumeSource, '@Volume.secret'),
  storageos: ref(storageOSVolumeSource, '@Volume.storageos'),
  vsphereVolume: ref(vsphereVirtualDiskVolumeSource, '@Volume.vsphereVolume'),
};

/** @Volume. */
export interface Volume extends Fields<typeof volumeFields> {}
export const volume: Model<Volume> = model('io.k8s.api.core.v1.Volume', '@Volume', volumeFields);
