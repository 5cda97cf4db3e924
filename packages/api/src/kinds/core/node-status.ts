/** What a node reports about itself. */
import {
  atomic,
  boolean,
  int32,
  int64,
  list,
  mergedBy,
  model,
  ref,
  required,
  resourceList,
  string,
  strings,
  time,
} from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const nodeAddressFields = {
  address: required(string('The address.')),
  type: required(string('InternalIP, ExternalIP, Hostname, InternalDNS or ExternalDNS.')),
};

/** An address of a node. */
export interface NodeAddress extends Fields<typeof nodeAddressFields> {}
export const nodeAddress: Model<NodeAddress> = model(
  'io.k8s.api.core.v1.NodeAddress',
  'An address of a node.',
  nodeAddressFields,
);

const nodeConditionFields = {
  lastHeartbeatTime: time('When it was last reported.'),
  lastTransitionTime: time('When the status last changed.'),
  message: string('Why, in words for people.'),
  reason: string('Why, in a CamelCase word for programs.'),
  status: required(string('True, False or Unknown.')),
  type: required(string('Such as Ready, MemoryPressure, DiskPressure.')),
};

/** One thing that holds of a node, or does not. */
export interface NodeCondition extends Fields<typeof nodeConditionFields> {}
export const nodeCondition: Model<NodeCondition> = model(
  'io.k8s.api.core.v1.NodeCondition',
  'One thing that holds of a node, or does not.',
  nodeConditionFields,
);

const configMapNodeConfigSourceFields = {
  kubeletConfigKey: required(string('Key of the entry.')),
  name: required(string('Its name.')),
  namespace: required(string('Namespace it lies in.')),
  resourceVersion: string('Version of the object.'),
  uid: string('Identity of one life of the object.'),
};

/** A config map with a kubelet's settings. */
export interface ConfigMapNodeConfigSource extends Fields<typeof configMapNodeConfigSourceFields> {}
export const configMapNodeConfigSource: Model<ConfigMapNodeConfigSource> = model(
  'io.k8s.api.core.v1.ConfigMapNodeConfigSource',
  "A config map with a kubelet's settings.",
  configMapNodeConfigSourceFields,
);

const nodeConfigSourceFields = {
  configMap: ref(configMapNodeConfigSource, 'A config map.'),
};

/** Where a kubelet's settings come from; no longer used. */
export interface NodeConfigSource extends Fields<typeof nodeConfigSourceFields> {}
export const nodeConfigSource: Model<NodeConfigSource> = model(
  'io.k8s.api.core.v1.NodeConfigSource',
  "Where a kubelet's settings come from; no longer used.",
  nodeConfigSourceFields,
);

const nodeConfigStatusFields = {
  active: ref(nodeConfigSource, 'The settings in use.'),
  assigned: ref(nodeConfigSource, 'The settings to be used.'),
  error: string('What is wrong with them.'),
  lastKnownGood: ref(nodeConfigSource, 'The last ones that worked.'),
};

/** Which settings a kubelet uses; no longer used. */
export interface NodeConfigStatus extends Fields<typeof nodeConfigStatusFields> {}
export const nodeConfigStatus: Model<NodeConfigStatus> = model(
  'io.k8s.api.core.v1.NodeConfigStatus',
  'Which settings a kubelet uses; no longer used.',
  nodeConfigStatusFields,
);

const daemonEndpointFields = {
  Port: required(int32('Port number.')),
};

/** Where a daemon of the node listens. */
export interface DaemonEndpoint extends Fields<typeof daemonEndpointFields> {}
export const daemonEndpoint: Model<DaemonEndpoint> = model(
  'io.k8s.api.core.v1.DaemonEndpoint',
  'Where a daemon of the node listens.',
  daemonEndpointFields,
);

const nodeDaemonEndpointsFields = {
  kubeletEndpoint: ref(daemonEndpoint, 'The kubelet.'),
};

/** Where the daemons of a node listen. */
export interface NodeDaemonEndpoints extends Fields<typeof nodeDaemonEndpointsFields> {}
export const nodeDaemonEndpoints: Model<NodeDaemonEndpoints> = model(
  'io.k8s.api.core.v1.NodeDaemonEndpoints',
  'Where the daemons of a node listen.',
  nodeDaemonEndpointsFields,
);

const nodeFeaturesFields = {
  supplementalGroupsPolicy: boolean('Whether supplementalGroupsPolicy works.'),
};

/** What the runtime of a node can do. */
export interface NodeFeatures extends Fields<typeof nodeFeaturesFields> {}
export const nodeFeatures: Model<NodeFeatures> = model(
  'io.k8s.api.core.v1.NodeFeatures',
  'What the runtime of a node can do.',
  nodeFeaturesFields,
);

const containerImageFields = {
  names: strings('Its names.', atomic),
  sizeBytes: int64('Its size.'),
};

/** An image on a node. */
export interface ContainerImage extends Fields<typeof containerImageFields> {}
export const containerImage: Model<ContainerImage> = model(
  'io.k8s.api.core.v1.ContainerImage',
  'An image on a node.',
  containerImageFields,
);

const nodeSwapStatusFields = {
  capacity: int64('How many bytes.'),
};

/** Swap space of a node. */
export interface NodeSwapStatus extends Fields<typeof nodeSwapStatusFields> {}
export const nodeSwapStatus: Model<NodeSwapStatus> = model(
  'io.k8s.api.core.v1.NodeSwapStatus',
  'Swap space of a node.',
  nodeSwapStatusFields,
);

const nodeSystemInfoFields = {
  architecture: required(string('Architecture of its processor.')),
  bootID: required(string('Changes with each boot.')),
  containerRuntimeVersion: required(string('Its runtime, such as containerd://2.0.0.')),
  kernelVersion: required(string('Its kernel.')),
  kubeProxyVersion: required(string('No longer used.')),
  kubeletVersion: required(string('Its kubelet.')),
  machineID: required(string('Identity of the machine.')),
  operatingSystem: required(string('linux or windows.')),
  osImage: required(string('Its distribution.')),
  swap: ref(nodeSwapStatus, 'Its swap space.'),
  systemUUID: required(string('Identity of the hardware.')),
};

/** What a node is. */
export interface NodeSystemInfo extends Fields<typeof nodeSystemInfoFields> {}
export const nodeSystemInfo: Model<NodeSystemInfo> = model(
  'io.k8s.api.core.v1.NodeSystemInfo',
  'What a node is.',
  nodeSystemInfoFields,
);

const nodeRuntimeHandlerFeaturesFields = {
  recursiveReadOnlyMounts: boolean('Recursive read-only mounts.'),
  userNamespaces: boolean('User namespaces.'),
};

/** What a runtime handler can do. */
export interface NodeRuntimeHandlerFeatures extends Fields<typeof nodeRuntimeHandlerFeaturesFields> {}
export const nodeRuntimeHandlerFeatures: Model<NodeRuntimeHandlerFeatures> = model(
  'io.k8s.api.core.v1.NodeRuntimeHandlerFeatures',
  'What a runtime handler can do.',
  nodeRuntimeHandlerFeaturesFields,
);

const nodeRuntimeHandlerFields = {
  features: ref(nodeRuntimeHandlerFeatures, 'What it can do.'),
  name: string('Its name.'),
};

/** A runtime handler of a node. */
export interface NodeRuntimeHandler extends Fields<typeof nodeRuntimeHandlerFields> {}
export const nodeRuntimeHandler: Model<NodeRuntimeHandler> = model(
  'io.k8s.api.core.v1.NodeRuntimeHandler',
  'A runtime handler of a node.',
  nodeRuntimeHandlerFields,
);

const attachedVolumeFields = {
  devicePath: required(string('Path of its device.')),
  name: required(string('Its name.')),
};

/** A volume that is attached to a node. */
export interface AttachedVolume extends Fields<typeof attachedVolumeFields> {}
export const attachedVolume: Model<AttachedVolume> = model(
  'io.k8s.api.core.v1.AttachedVolume',
  'A volume that is attached to a node.',
  attachedVolumeFields,
);

const nodeStatusFields = {
  addresses: list(nodeAddress, 'Its addresses.', mergedBy('type')),
  allocatable: resourceList('What pods may use of it.'),
  capacity: resourceList('What it has.'),
  conditions: list(nodeCondition, 'What holds of the object now, one entry a type.', mergedBy('type')),
  config: ref(nodeConfigStatus, 'Which settings its kubelet uses.'),
  daemonEndpoints: ref(nodeDaemonEndpoints, 'Where its daemons listen.'),
  features: ref(nodeFeatures, 'What its runtime can do.'),
  images: list(containerImage, 'Images on it.', atomic),
  nodeInfo: ref(nodeSystemInfo, 'What it is.'),
  phase: string('No longer used.'),
  runtimeHandlers: list(nodeRuntimeHandler, 'Its runtime handlers.', atomic),
  volumesAttached: list(attachedVolume, 'Volumes attached to it.', atomic),
  volumesInUse: strings('Volumes mounted on it.', atomic),
};

/** What a node reports about itself. */
export interface NodeStatus extends Fields<typeof nodeStatusFields> {}
export const nodeStatus: Model<NodeStatus> = model(
  'io.k8s.api.core.v1.NodeStatus',
  'What a node reports about itself.',
  nodeStatusFields,
);
