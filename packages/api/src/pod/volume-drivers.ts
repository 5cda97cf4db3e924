/** Volume sources of particular storage systems; most are kept by the standard for old objects only. */
import { localObjectReference } from '../kinds/core/references.ts';
import { atomic, boolean, int32, model, ref, required, string, stringMap, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const awsElasticBlockStoreVolumeSourceFields = {
  fsType: string('@AWSElasticBlockStoreVolumeSource.fsType'),
  partition: int32('@AWSElasticBlockStoreVolumeSource.partition'),
  readOnly: boolean('@AWSElasticBlockStoreVolumeSource.readOnly'),
  volumeID: required(string('@AWSElasticBlockStoreVolumeSource.volumeID')),
};

/** @AWSElasticBlockStoreVolumeSource. */
export interface AWSElasticBlockStoreVolumeSource extends Fields<typeof awsElasticBlockStoreVolumeSourceFields> {}
export const awsElasticBlockStoreVolumeSource: Model<AWSElasticBlockStoreVolumeSource> = model('io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource', '@AWSElasticBlockStoreVolumeSource', awsElasticBlockStoreVolumeSourceFields);

const azureDiskVolumeSourceFields = {
  cachingMode: string('@AzureDiskVolumeSource.cachingMode'),
  diskName: required(string('@AzureDiskVolumeSource.diskName')),
  diskURI: required(string('@AzureDiskVolumeSource.diskURI')),
  fsType: string('@AzureDiskVolumeSource.fsType'),
  kind: string('@AzureDiskVolumeSource.kind'),
  readOnly: boolean('@AzureDiskVolumeSource.readOnly'),
};

/** @AzureDiskVolumeSource. */
export interface AzureDiskVolumeSource extends Fields<typeof azureDiskVolumeSourceFields> {}
export const azureDiskVolumeSource: Model<AzureDiskVolumeSource> = model('io.k8s.api.core.v1.AzureDiskVolumeSource', '@AzureDiskVolumeSource', azureDiskVolumeSourceFields);

const azureFileVolumeSourceFields = {
  readOnly: boolean('@AzureFileVolumeSource.readOnly'),
  secretName: required(string('@AzureFileVolumeSource.secretName')),
  shareName: required(string('@AzureFileVolumeSource.shareName')),
};

/** @AzureFileVolumeSource. */
export interface AzureFileVolumeSource extends Fields<typeof azureFileVolumeSourceFields> {}
export const azureFileVolumeSource: Model<AzureFileVolumeSource> = model('io.k8s.api.core.v1.AzureFileVolumeSource', '@AzureFileVolumeSource', azureFileVolumeSourceFields);

const cephFSVolumeSourceFields = {
  monitors: required(strings('@CephFSVolumeSource.monitors', atomic)),
  path: string('@CephFSVolumeSource.path'),
  readOnly: boolean('@CephFSVolumeSource.readOnly'),
  secretFile: string('@CephFSVolumeSource.secretFile'),
  secretRef: ref(localObjectReference, '@CephFSVolumeSource.secretRef'),
  user: string('@CephFSVolumeSource.user'),
};

/** @CephFSVolumeSource. */
export interface CephFSVolumeSource extends Fields<typeof cephFSVolumeSourceFields> {}
export const cephFSVolumeSource: Model<CephFSVolumeSource> = model('io.k8s.api.core.v1.CephFSVolumeSource', '@CephFSVolumeSource', cephFSVolumeSourceFields);

const cinderVolumeSourceFields = {
  fsType: string('@CinderVolumeSource.fsType'),
  readOnly: boolean('@CinderVolumeSource.readOnly'),
  secretRef: ref(localObjectReference, '@CinderVolumeSource.secretRef'),
  volumeID: required(string('@CinderVolumeSource.volumeID')),
};

/** @CinderVolumeSource. */
export interface CinderVolumeSource extends Fields<typeof cinderVolumeSourceFields> {}
export const cinderVolumeSource: Model<CinderVolumeSource> = model('io.k8s.api.core.v1.CinderVolumeSource', '@CinderVolumeSource', cinderVolumeSourceFields);

const fcVolumeSourceFields = {
  fsType: string('@FCVolumeSource.fsType'),
  lun: int32('@FCVolumeSource.lun'),
  readOnly: boolean('@FCVolumeSource.readOnly'),
  targetWWNs: strings('@FCVolumeSource.targetWWNs', atomic),
  wwids: strings('@FCVolumeSource.wwids', atomic),
};

/** @FCVolumeSource. */
export interface FCVolumeSource extends Fields<typeof fcVolumeSourceFields> {}
export const fcVolumeSource: Model<FCVolumeSource> = model('io.k8s.api.core.v1.FCVolumeSource', '@FCVolumeSource', fcVolumeSourceFields);

const flexVolumeSourceFields = {
  driver: required(string('@FlexVolumeSource.driver')),
  fsType: string('@FlexVolumeSource.fsType'),
  options: stringMap('@FlexVolumeSource.options'),
  readOnly: boolean('@FlexVolumeSource.readOnly'),
  secretRef: ref(localObjectReference, '@FlexVolumeSource.secretRef'),
};

/** @FlexVolumeSource. */
export interface FlexVolumeSource extends Fields<typeof flexVolumeSourceFields> {}
export const flexVolumeSource: Model<FlexVolumeSource> = model('io.k8s.api.core.v1.FlexVolumeSource', '@FlexVolumeSource', flexVolumeSourceFields);

const flockerVolumeSourceFields = {
  datasetName: string('@FlockerVolumeSource.datasetName'),
  datasetUUID: string('@FlockerVolumeSource.datasetUUID'),
};

/** @FlockerVolumeSource. */
export interface FlockerVolumeSource extends Fields<typeof flockerVolumeSourceFields> {}
export const flockerVolumeSource: Model<FlockerVolumeSource> = model('io.k8s.api.core.v1.FlockerVolumeSource', '@FlockerVolumeSource', flockerVolumeSourceFields);

const gcePersistentDiskVolumeSourceFields = {
  fsType: string('@GCEPersistentDiskVolumeSource.fsType'),
  partition: int32('@GCEPersistentDiskVolumeSource.partition'),
  pdName: required(string('@GCEPersistentDiskVolumeSource.pdName')),
  readOnly: boolean('@GCEPersistentDiskVolumeSource.readOnly'),
};

/** @GCEPersistentDiskVolumeSource. */
export interface GCEPersistentDiskVolumeSource extends Fields<typeof gcePersistentDiskVolumeSourceFields> {}
export const gcePersistentDiskVolumeSource: Model<GCEPersistentDiskVolumeSource> = model('io.k8s.api.core.v1.GCEPersistentDiskVolumeSource', '@GCEPersistentDiskVolumeSource', gcePersistentDiskVolumeSourceFields);

const gitRepoVolumeSourceFields = {
  directory: string('@GitRepoVolumeSource.directory'),
  repository: required(string('@GitRepoVolumeSource.repository')),
  revision: string('@GitRepoVolumeSource.revision'),
};

/** @GitRepoVolumeSource. */
export interface GitRepoVolumeSource extends Fields<typeof gitRepoVolumeSourceFields> {}
export const gitRepoVolumeSource: Model<GitRepoVolumeSource> = model('io.k8s.api.core.v1.GitRepoVolumeSource', '@GitRepoVolumeSource', gitRepoVolumeSourceFields);

const glusterfsVolumeSourceFields = {
  endpoints: required(string('@GlusterfsVolumeSource.endpoints')),
  path: required(string('@GlusterfsVolumeSource.path')),
  readOnly: boolean('@GlusterfsVolumeSource.readOnly'),
};

/** @GlusterfsVolumeSource. */
export interface GlusterfsVolumeSource extends Fields<typeof glusterfsVolumeSourceFields> {}
export const glusterfsVolumeSource: Model<GlusterfsVolumeSource> = model('io.k8s.api.core.v1.GlusterfsVolumeSource', '@GlusterfsVolumeSource', glusterfsVolumeSourceFields);

const iscsiVolumeSourceFields = {
  chapAuthDiscovery: boolean('@ISCSIVolumeSource.chapAuthDiscovery'),
  chapAuthSession: boolean('@ISCSIVolumeSource.chapAuthSession'),
  fsType: string('@ISCSIVolumeSource.fsType'),
  initiatorName: string('@ISCSIVolumeSource.initiatorName'),
  iqn: required(string('@ISCSIVolumeSource.iqn')),
  iscsiInterface: string('@ISCSIVolumeSource.iscsiInterface'),
  lun: required(int32('@ISCSIVolumeSource.lun')),
  portals: strings('@ISCSIVolumeSource.portals', atomic),
  readOnly: boolean('@ISCSIVolumeSource.readOnly'),
  secretRef: ref(localObjectReference, '@ISCSIVolumeSource.secretRef'),
  targetPortal: required(string('@ISCSIVolumeSource.targetPortal')),
};

/** @ISCSIVolumeSource. */
export interface ISCSIVolumeSource extends Fields<typeof iscsiVolumeSourceFields> {}
export const iscsiVolumeSource: Model<ISCSIVolumeSource> = model('io.k8s.api.core.v1.ISCSIVolumeSource', '@ISCSIVolumeSource', iscsiVolumeSourceFields);

const photonPersistentDiskVolumeSourceFields = {
  fsType: string('@PhotonPersistentDiskVolumeSource.fsType'),
  pdID: required(string('@PhotonPersistentDiskVolumeSource.pdID')),
};

/** @PhotonPersistentDiskVolumeSource. */
export interface PhotonPersistentDiskVolumeSource extends Fields<typeof photonPersistentDiskVolumeSourceFields> {}
export const photonPersistentDiskVolumeSource: Model<PhotonPersistentDiskVolumeSource> = model('io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource', '@PhotonPersistentDiskVolumeSource', photonPersistentDiskVolumeSourceFields);

const portworxVolumeSourceFields = {
  fsType: string('@PortworxVolumeSource.fsType'),
  readOnly: boolean('@PortworxVolumeSource.readOnly'),
  volumeID: required(string('@PortworxVolumeSource.volumeID')),
};

/** @PortworxVolumeSource. */
export interface PortworxVolumeSource extends Fields<typeof portworxVolumeSourceFields> {}
export const portworxVolumeSource: Model<PortworxVolumeSource> = model('io.k8s.api.core.v1.PortworxVolumeSource', '@PortworxVolumeSource', portworxVolumeSourceFields);

const quobyteVolumeSourceFields = {
  group: string('@QuobyteVolumeSource.group'),
  readOnly: boolean('@QuobyteVolumeSource.readOnly'),
  registry: required(string('@QuobyteVolumeSource.registry')),
  tenant: string('@QuobyteVolumeSource.tenant'),
  user: string('@QuobyteVolumeSource.user'),
  volume: required(string('@QuobyteVolumeSource.volume')),
};

/** @QuobyteVolumeSource. */
export interface QuobyteVolumeSource extends Fields<typeof quobyteVolumeSourceFields> {}
export const quobyteVolumeSource: Model<QuobyteVolumeSource> = model('io.k8s.api.core.v1.QuobyteVolumeSource', '@QuobyteVolumeSource', quobyteVolumeSourceFields);

const rbdVolumeSourceFields = {
  fsType: string('@RBDVolumeSource.fsType'),
  image: required(string('@RBDVolumeSource.image')),
  keyring: string('@RBDVolumeSource.keyring'),
  monitors: required(strings('@RBDVolumeSource.monitors', atomic)),
  pool: string('@RBDVolumeSource.pool'),
  readOnly: boolean('@RBDVolumeSource.readOnly'),
  secretRef: ref(localObjectReference, '@RBDVolumeSource.secretRef'),
  user: string('@RBDVolumeSource.user'),
};

/** @RBDVolumeSource. */
export interface RBDVolumeSource extends Fields<typeof rbdVolumeSourceFields> {}
export const rbdVolumeSource: Model<RBDVolumeSource> = model('io.k8s.api.core.v1.RBDVolumeSource', '@RBDVolumeSource', rbdVolumeSourceFields);

const scaleIOVolumeSourceFields = {
  fsType: string('@ScaleIOVolumeSource.fsType'),
  gateway: required(string('@ScaleIOVolumeSource.gateway')),
  protectionDomain: string('@ScaleIOVolumeSource.protectionDomain'),
  readOnly: boolean('@ScaleIOVolumeSource.readOnly'),
  secretRef: required(ref(localObjectReference, '@ScaleIOVolumeSource.secretRef')),
  sslEnabled: boolean('@ScaleIOVolumeSource.sslEnabled'),
  storageMode: string('@ScaleIOVolumeSource.storageMode'),
  storagePool: string('@ScaleIOVolumeSource.storagePool'),
  system: required(string('@ScaleIOVolumeSource.system')),
  volumeName: string('@ScaleIOVolumeSource.volumeName'),
};

/** @ScaleIOVolumeSource. */
export interface ScaleIOVolumeSource extends Fields<typeof scaleIOVolumeSourceFields> {}
export const scaleIOVolumeSource: Model<ScaleIOVolumeSource> = model('io.k8s.api.core.v1.ScaleIOVolumeSource', '@ScaleIOVolumeSource', scaleIOVolumeSourceFields);

const storageOSVolumeSourceFields = {
  fsType: string('@StorageOSVolumeSource.fsType'),
  readOnly: boolean('@StorageOSVolumeSource.readOnly'),
  secretRef: ref(localObjectReference, '@StorageOSVolumeSource.secretRef'),
  volumeName: string('@StorageOSVolumeSource.volumeName'),
  volumeNamespace: string('@StorageOSVolumeSource.volumeNamespace'),
};

/** @StorageOSVolumeSource. */
export interface StorageOSVolumeSource extends Fields<typeof storageOSVolumeSourceFields> {}
export const storageOSVolumeSource: Model<StorageOSVolumeSource> = model('io.k8s.api.core.v1.StorageOSVolumeSource', '@StorageOSVolumeSource', storageOSVolumeSourceFields);

const vsphereVirtualDiskVolumeSourceFields = {
  fsType: string('@VsphereVirtualDiskVolumeSource.fsType'),
  storagePolicyID: string('@VsphereVirtualDiskVolumeSource.storagePolicyID'),
  storagePolicyName: string('@VsphereVirtualDiskVolumeSource.storagePolicyName'),
  volumePath: required(string('@VsphereVirtualDiskVolumeSource.volumePath')),
};

/** @VsphereVirtualDiskVolumeSource. */
export interface VsphereVirtualDiskVolumeSource extends Fields<typeof vsphereVirtualDiskVolumeSourceFields> {}
export const vsphereVirtualDiskVolumeSource: Model<VsphereVirtualDiskVolumeSource> = model('io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource', '@VsphereVirtualDiskVolumeSource', vsphereVirtualDiskVolumeSourceFields);
