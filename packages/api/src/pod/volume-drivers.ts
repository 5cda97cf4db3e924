/** Volume sources of particular storage systems; most are kept by the standard for old objects only. */
import { localObjectReference } from '../kinds/core/references.ts';
import { atomic, boolean, int32, model, ref, required, string, stringMap, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const awsElasticBlockStoreVolumeSourceFields = {
  fsType: string('File system of the volume, such as ext4.'),
  partition: int32('Partition to mount; 0 is the whole disk.'),
  readOnly: boolean('Mount the volume for reading only.'),
  volumeID: required(string('Identity of the volume at its provider.')),
};

/** A disk of AWS. */
export interface AWSElasticBlockStoreVolumeSource extends Fields<typeof awsElasticBlockStoreVolumeSourceFields> {}
export const awsElasticBlockStoreVolumeSource: Model<AWSElasticBlockStoreVolumeSource> = model(
  'io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource',
  'A disk of AWS.',
  awsElasticBlockStoreVolumeSourceFields,
);

const azureDiskVolumeSourceFields = {
  cachingMode: string('None, ReadOnly or ReadWrite.'),
  diskName: required(string('Name of the disk.')),
  diskURI: required(string('Address of the disk.')),
  fsType: string('File system of the volume, such as ext4.'),
  kind: string('Shared, Dedicated or Managed.'),
  readOnly: boolean('Mount the volume for reading only.'),
};

/** A disk of Azure. */
export interface AzureDiskVolumeSource extends Fields<typeof azureDiskVolumeSourceFields> {}
export const azureDiskVolumeSource: Model<AzureDiskVolumeSource> = model(
  'io.k8s.api.core.v1.AzureDiskVolumeSource',
  'A disk of Azure.',
  azureDiskVolumeSourceFields,
);

const azureFileVolumeSourceFields = {
  readOnly: boolean('Mount the volume for reading only.'),
  secretName: required(string('Name of the secret.')),
  shareName: required(string('Name of the share.')),
};

/** A share of Azure Files. */
export interface AzureFileVolumeSource extends Fields<typeof azureFileVolumeSourceFields> {}
export const azureFileVolumeSource: Model<AzureFileVolumeSource> = model(
  'io.k8s.api.core.v1.AzureFileVolumeSource',
  'A share of Azure Files.',
  azureFileVolumeSourceFields,
);

const cephFSVolumeSourceFields = {
  monitors: required(strings('Addresses of the monitors.', atomic)),
  path: string('Directory to mount.'),
  readOnly: boolean('Mount the volume for reading only.'),
  secretFile: string("File of the user's key."),
  secretRef: ref(localObjectReference, 'Secret that holds the credentials.'),
  user: string('User to connect as.'),
};

/** A directory of CephFS. */
export interface CephFSVolumeSource extends Fields<typeof cephFSVolumeSourceFields> {}
export const cephFSVolumeSource: Model<CephFSVolumeSource> = model(
  'io.k8s.api.core.v1.CephFSVolumeSource',
  'A directory of CephFS.',
  cephFSVolumeSourceFields,
);

const cinderVolumeSourceFields = {
  fsType: string('File system of the volume, such as ext4.'),
  readOnly: boolean('Mount the volume for reading only.'),
  secretRef: ref(localObjectReference, 'Secret that holds the credentials.'),
  volumeID: required(string('Identity of the volume at its provider.')),
};

/** A disk of OpenStack. */
export interface CinderVolumeSource extends Fields<typeof cinderVolumeSourceFields> {}
export const cinderVolumeSource: Model<CinderVolumeSource> = model(
  'io.k8s.api.core.v1.CinderVolumeSource',
  'A disk of OpenStack.',
  cinderVolumeSourceFields,
);

const fcVolumeSourceFields = {
  fsType: string('File system of the volume, such as ext4.'),
  lun: int32('Number of the unit.'),
  readOnly: boolean('Mount the volume for reading only.'),
  targetWWNs: strings('Names of the targets.', atomic),
  wwids: strings('Identities of the volume.', atomic),
};

/** A disk of Fibre Channel. */
export interface FCVolumeSource extends Fields<typeof fcVolumeSourceFields> {}
export const fcVolumeSource: Model<FCVolumeSource> = model(
  'io.k8s.api.core.v1.FCVolumeSource',
  'A disk of Fibre Channel.',
  fcVolumeSourceFields,
);

const flexVolumeSourceFields = {
  driver: required(string('Name of the driver.')),
  fsType: string('File system of the volume, such as ext4.'),
  options: stringMap('Options of the driver.'),
  readOnly: boolean('Mount the volume for reading only.'),
  secretRef: ref(localObjectReference, 'Secret that holds the credentials.'),
};

/** A volume of an executable driver. */
export interface FlexVolumeSource extends Fields<typeof flexVolumeSourceFields> {}
export const flexVolumeSource: Model<FlexVolumeSource> = model(
  'io.k8s.api.core.v1.FlexVolumeSource',
  'A volume of an executable driver.',
  flexVolumeSourceFields,
);

const flockerVolumeSourceFields = {
  datasetName: string('Name of the data set.'),
  datasetUUID: string('Identity of the data set.'),
};

/** A volume of Flocker. */
export interface FlockerVolumeSource extends Fields<typeof flockerVolumeSourceFields> {}
export const flockerVolumeSource: Model<FlockerVolumeSource> = model(
  'io.k8s.api.core.v1.FlockerVolumeSource',
  'A volume of Flocker.',
  flockerVolumeSourceFields,
);

const gcePersistentDiskVolumeSourceFields = {
  fsType: string('File system of the volume, such as ext4.'),
  partition: int32('Partition to mount; 0 is the whole disk.'),
  pdName: required(string('Name of the disk.')),
  readOnly: boolean('Mount the volume for reading only.'),
};

/** A disk of Google Cloud. */
export interface GCEPersistentDiskVolumeSource extends Fields<typeof gcePersistentDiskVolumeSourceFields> {}
export const gcePersistentDiskVolumeSource: Model<GCEPersistentDiskVolumeSource> = model(
  'io.k8s.api.core.v1.GCEPersistentDiskVolumeSource',
  'A disk of Google Cloud.',
  gcePersistentDiskVolumeSourceFields,
);

const gitRepoVolumeSourceFields = {
  directory: string('Directory to clone into.'),
  repository: required(string('Address of the repository.')),
  revision: string('Commit to check out.'),
};

/** A clone of a git repository. */
export interface GitRepoVolumeSource extends Fields<typeof gitRepoVolumeSourceFields> {}
export const gitRepoVolumeSource: Model<GitRepoVolumeSource> = model(
  'io.k8s.api.core.v1.GitRepoVolumeSource',
  'A clone of a git repository.',
  gitRepoVolumeSourceFields,
);

const glusterfsVolumeSourceFields = {
  endpoints: required(string('Endpoints object of the servers.')),
  path: required(string('Name of the volume.')),
  readOnly: boolean('Mount the volume for reading only.'),
};

/** A volume of GlusterFS. */
export interface GlusterfsVolumeSource extends Fields<typeof glusterfsVolumeSourceFields> {}
export const glusterfsVolumeSource: Model<GlusterfsVolumeSource> = model(
  'io.k8s.api.core.v1.GlusterfsVolumeSource',
  'A volume of GlusterFS.',
  glusterfsVolumeSourceFields,
);

const iscsiVolumeSourceFields = {
  chapAuthDiscovery: boolean('Authenticate discovery.'),
  chapAuthSession: boolean('Authenticate sessions.'),
  fsType: string('File system of the volume, such as ext4.'),
  initiatorName: string('Name of the initiator.'),
  iqn: required(string('Name of the target.')),
  iscsiInterface: string('Interface to use.'),
  lun: required(int32('Number of the unit.')),
  portals: strings('More addresses of the target.', atomic),
  readOnly: boolean('Mount the volume for reading only.'),
  secretRef: ref(localObjectReference, 'Secret that holds the credentials.'),
  targetPortal: required(string('Address of the target.')),
};

/** A disk of iSCSI. */
export interface ISCSIVolumeSource extends Fields<typeof iscsiVolumeSourceFields> {}
export const iscsiVolumeSource: Model<ISCSIVolumeSource> = model(
  'io.k8s.api.core.v1.ISCSIVolumeSource',
  'A disk of iSCSI.',
  iscsiVolumeSourceFields,
);

const photonPersistentDiskVolumeSourceFields = {
  fsType: string('File system of the volume, such as ext4.'),
  pdID: required(string('Identity of the disk.')),
};

/** A disk of Photon. */
export interface PhotonPersistentDiskVolumeSource extends Fields<typeof photonPersistentDiskVolumeSourceFields> {}
export const photonPersistentDiskVolumeSource: Model<PhotonPersistentDiskVolumeSource> = model(
  'io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource',
  'A disk of Photon.',
  photonPersistentDiskVolumeSourceFields,
);

const portworxVolumeSourceFields = {
  fsType: string('File system of the volume, such as ext4.'),
  readOnly: boolean('Mount the volume for reading only.'),
  volumeID: required(string('Identity of the volume at its provider.')),
};

/** A volume of Portworx. */
export interface PortworxVolumeSource extends Fields<typeof portworxVolumeSourceFields> {}
export const portworxVolumeSource: Model<PortworxVolumeSource> = model(
  'io.k8s.api.core.v1.PortworxVolumeSource',
  'A volume of Portworx.',
  portworxVolumeSourceFields,
);

const quobyteVolumeSourceFields = {
  group: string('Group to map to.'),
  readOnly: boolean('Mount the volume for reading only.'),
  registry: required(string('Addresses of the registry.')),
  tenant: string('Tenant of the volume.'),
  user: string('User to connect as.'),
  volume: required(string('Name of the volume.')),
};

/** A volume of Quobyte. */
export interface QuobyteVolumeSource extends Fields<typeof quobyteVolumeSourceFields> {}
export const quobyteVolumeSource: Model<QuobyteVolumeSource> = model(
  'io.k8s.api.core.v1.QuobyteVolumeSource',
  'A volume of Quobyte.',
  quobyteVolumeSourceFields,
);

const rbdVolumeSourceFields = {
  fsType: string('File system of the volume, such as ext4.'),
  image: required(string('Name of the disk.')),
  keyring: string('File of the keys.'),
  monitors: required(strings('Addresses of the monitors.', atomic)),
  pool: string('Pool of the disk.'),
  readOnly: boolean('Mount the volume for reading only.'),
  secretRef: ref(localObjectReference, 'Secret that holds the credentials.'),
  user: string('User to connect as.'),
};

/** A disk of Ceph. */
export interface RBDVolumeSource extends Fields<typeof rbdVolumeSourceFields> {}
export const rbdVolumeSource: Model<RBDVolumeSource> = model(
  'io.k8s.api.core.v1.RBDVolumeSource',
  'A disk of Ceph.',
  rbdVolumeSourceFields,
);

const scaleIOVolumeSourceFields = {
  fsType: string('File system of the volume, such as ext4.'),
  gateway: required(string('Address of the gateway.')),
  protectionDomain: string('Protection domain.'),
  readOnly: boolean('Mount the volume for reading only.'),
  secretRef: required(ref(localObjectReference, 'Secret that holds the credentials.')),
  sslEnabled: boolean('Whether the gateway speaks TLS.'),
  storageMode: string('ThickProvisioned or ThinProvisioned.'),
  storagePool: string('Pool of the volume.'),
  system: required(string('Name of the storage system.')),
  volumeName: string('Name of the volume.'),
};

/** A volume of ScaleIO. */
export interface ScaleIOVolumeSource extends Fields<typeof scaleIOVolumeSourceFields> {}
export const scaleIOVolumeSource: Model<ScaleIOVolumeSource> = model(
  'io.k8s.api.core.v1.ScaleIOVolumeSource',
  'A volume of ScaleIO.',
  scaleIOVolumeSourceFields,
);

const storageOSVolumeSourceFields = {
  fsType: string('File system of the volume, such as ext4.'),
  readOnly: boolean('Mount the volume for reading only.'),
  secretRef: ref(localObjectReference, 'Secret that holds the credentials.'),
  volumeName: string('Name of the volume.'),
  volumeNamespace: string('Namespace of the volume.'),
};

/** A volume of StorageOS. */
export interface StorageOSVolumeSource extends Fields<typeof storageOSVolumeSourceFields> {}
export const storageOSVolumeSource: Model<StorageOSVolumeSource> = model(
  'io.k8s.api.core.v1.StorageOSVolumeSource',
  'A volume of StorageOS.',
  storageOSVolumeSourceFields,
);

const vsphereVirtualDiskVolumeSourceFields = {
  fsType: string('File system of the volume, such as ext4.'),
  storagePolicyID: string('Identity of the storage policy.'),
  storagePolicyName: string('Name of the storage policy.'),
  volumePath: required(string('Path of the disk.')),
};

/** A disk of vSphere. */
export interface VsphereVirtualDiskVolumeSource extends Fields<typeof vsphereVirtualDiskVolumeSourceFields> {}
export const vsphereVirtualDiskVolumeSource: Model<VsphereVirtualDiskVolumeSource> = model(
  'io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource',
  'A disk of vSphere.',
  vsphereVirtualDiskVolumeSourceFields,
);
