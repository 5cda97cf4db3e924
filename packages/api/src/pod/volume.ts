/** A volume of a pod. */
import { localObjectReference } from '../kinds/core/references.ts';
import {
  awsElasticBlockStoreVolumeSource,
  azureDiskVolumeSource,
  azureFileVolumeSource,
  cephFSVolumeSource,
  cinderVolumeSource,
  fcVolumeSource,
  flexVolumeSource,
  flockerVolumeSource,
  gcePersistentDiskVolumeSource,
  gitRepoVolumeSource,
  glusterfsVolumeSource,
  iscsiVolumeSource,
  photonPersistentDiskVolumeSource,
  portworxVolumeSource,
  quobyteVolumeSource,
  rbdVolumeSource,
  scaleIOVolumeSource,
  storageOSVolumeSource,
  vsphereVirtualDiskVolumeSource,
} from './volume-drivers.ts';
import {
  configMapVolumeSource,
  downwardAPIVolumeSource,
  projectedVolumeSource,
  secretVolumeSource,
} from './volume-files.ts';
import { ephemeralVolumeSource, persistentVolumeClaimVolumeSource } from './volume-claim.ts';
import { boolean, model, quantity, ref, required, string, stringMap } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const csiVolumeSourceFields = {
  driver: required(string('Name of the driver.')),
  fsType: string('File system of the volume, such as ext4.'),
  nodePublishSecretRef: ref(localObjectReference, 'Secret that the driver gets.'),
  readOnly: boolean('Mount the volume for reading only.'),
  volumeAttributes: stringMap('What the driver is told.'),
};

/** A volume of a CSI driver. */
export interface CSIVolumeSource extends Fields<typeof csiVolumeSourceFields> {}
export const csiVolumeSource: Model<CSIVolumeSource> = model(
  'io.k8s.api.core.v1.CSIVolumeSource',
  'A volume of a CSI driver.',
  csiVolumeSourceFields,
);

const emptyDirVolumeSourceFields = {
  medium: string('Memory, or what the node has where nothing is said.'),
  sizeLimit: quantity('How much it may hold.'),
};

/** An empty directory that lives as long as the pod. */
export interface EmptyDirVolumeSource extends Fields<typeof emptyDirVolumeSourceFields> {}
export const emptyDirVolumeSource: Model<EmptyDirVolumeSource> = model(
  'io.k8s.api.core.v1.EmptyDirVolumeSource',
  'An empty directory that lives as long as the pod.',
  emptyDirVolumeSourceFields,
);

const hostPathVolumeSourceFields = {
  path: required(string('Path on the node.')),
  type: string('What must be there, such as Directory.'),
};

/** A file or directory of the node. */
export interface HostPathVolumeSource extends Fields<typeof hostPathVolumeSourceFields> {}
export const hostPathVolumeSource: Model<HostPathVolumeSource> = model(
  'io.k8s.api.core.v1.HostPathVolumeSource',
  'A file or directory of the node.',
  hostPathVolumeSourceFields,
);

const imageVolumeSourceFields = {
  pullPolicy: string('Always, IfNotPresent or Never.'),
  reference: string('The image.'),
};

/** The files of an image. */
export interface ImageVolumeSource extends Fields<typeof imageVolumeSourceFields> {}
export const imageVolumeSource: Model<ImageVolumeSource> = model(
  'io.k8s.api.core.v1.ImageVolumeSource',
  'The files of an image.',
  imageVolumeSourceFields,
);

const nfsVolumeSourceFields = {
  path: required(string('Directory that the server exports.')),
  readOnly: boolean('Mount the volume for reading only.'),
  server: required(string('The server.')),
};

/** A directory of an NFS server. */
export interface NFSVolumeSource extends Fields<typeof nfsVolumeSourceFields> {}
export const nfsVolumeSource: Model<NFSVolumeSource> = model(
  'io.k8s.api.core.v1.NFSVolumeSource',
  'A directory of an NFS server.',
  nfsVolumeSourceFields,
);

const volumeFields = {
  awsElasticBlockStore: ref(awsElasticBlockStoreVolumeSource, 'A disk of AWS.'),
  azureDisk: ref(azureDiskVolumeSource, 'A disk of Azure.'),
  azureFile: ref(azureFileVolumeSource, 'A share of Azure Files.'),
  cephfs: ref(cephFSVolumeSource, 'A directory of CephFS.'),
  cinder: ref(cinderVolumeSource, 'A disk of OpenStack.'),
  configMap: ref(configMapVolumeSource, 'A config map as files.'),
  csi: ref(csiVolumeSource, 'A volume of a CSI driver.'),
  downwardAPI: ref(downwardAPIVolumeSource, 'Fields of the pod as files.'),
  emptyDir: ref(emptyDirVolumeSource, 'An empty directory.'),
  ephemeral: ref(ephemeralVolumeSource, 'A volume made for the pod.'),
  fc: ref(fcVolumeSource, 'A disk of Fibre Channel.'),
  flexVolume: ref(flexVolumeSource, 'A volume of an executable driver.'),
  flocker: ref(flockerVolumeSource, 'A volume of Flocker.'),
  gcePersistentDisk: ref(gcePersistentDiskVolumeSource, 'A disk of Google Cloud.'),
  gitRepo: ref(gitRepoVolumeSource, 'A clone of a git repository.'),
  glusterfs: ref(glusterfsVolumeSource, 'A volume of GlusterFS.'),
  hostPath: ref(hostPathVolumeSource, 'A file or directory of the node.'),
  image: ref(imageVolumeSource, 'The files of an image.'),
  iscsi: ref(iscsiVolumeSource, 'A disk of iSCSI.'),
  name: required(string('Name, unique in the pod.')),
  nfs: ref(nfsVolumeSource, 'A directory of an NFS server.'),
  persistentVolumeClaim: ref(persistentVolumeClaimVolumeSource, 'The volume of a claim.'),
  photonPersistentDisk: ref(photonPersistentDiskVolumeSource, 'A disk of Photon.'),
  portworxVolume: ref(portworxVolumeSource, 'A volume of Portworx.'),
  projected: ref(projectedVolumeSource, 'Files of several sources.'),
  quobyte: ref(quobyteVolumeSource, 'A volume of Quobyte.'),
  rbd: ref(rbdVolumeSource, 'A disk of Ceph.'),
  scaleIO: ref(scaleIOVolumeSource, 'A volume of ScaleIO.'),
  secret: ref(secretVolumeSource, 'A secret as files.'),
  storageos: ref(storageOSVolumeSource, 'A volume of StorageOS.'),
  vsphereVolume: ref(vsphereVirtualDiskVolumeSource, 'A disk of vSphere.'),
};

/** Storage that the containers of a pod can mount: a name and one source. */
export interface Volume extends Fields<typeof volumeFields> {}
export const volume: Model<Volume> = model(
  'io.k8s.api.core.v1.Volume',
  'Storage that the containers of a pod can mount: a name and one source.',
  volumeFields,
);
