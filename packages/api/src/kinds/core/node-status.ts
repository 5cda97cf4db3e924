/** What a node reports about itself. */
import { atomic, boolean, int32, int64, list, mergedBy, model, ref, required, resourceList, string, strings, time } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const nodeAddressFields = {
  address: required(string('@NodeAddress.address')),
  type: required(string('@NodeAddress.type')),
};

/** @NodeAddress. */
export interface NodeAddress extends Fields<typeof nodeAddressFields> {}
export const nodeAddress: Model<NodeAddress> = model('io.k8s.api.core.v1.NodeAddress', '@NodeAddress', nodeAddressFields);

const nodeConditionFields = {
  lastHeartbeatTime: time('@NodeCondition.lastHeartbeatTime'),
  lastTransitionTime: time('@NodeCondition.lastTransitionTime'),
  message: string('@NodeCondition.message'),
  reason: string('@NodeCondition.reason'),
  status: required(string('@NodeCondition.status')),
  type: required(string('@NodeCondition.type')),
};

/** @NodeCondition. */
export interface NodeCondition extends Fields<typeof nodeConditionFields> {}
export const nodeCondition: Model<NodeCondition> = model('io.k8s.api.core.v1.NodeCondition', '@NodeCondition', nodeConditionFields);

const configMapNodeConfigSourceFields = {
  kubeletConfigKey: required(string('@ConfigMapNodeConfigSource.kubeletConfigKey')),
  name: required(string('@ConfigMapNodeConfigSource.name')),
  namespace: required(string('@ConfigMapNodeConfigSource.namespace')),
  resourceVersion: string('@ConfigMapNodeConfigSource.resourceVersion'),
  uid: string('@ConfigMapNodeConfigSource.uid'),
};

/** @ConfigMapNodeConfigSource. */
export interface ConfigMapNodeConfigSource extends Fields<typeof configMapNodeConfigSourceFields> {}
export const configMapNodeConfigSource: Model<ConfigMapNodeConfigSource> = model('io.k8s.api.core.v1.ConfigMapNodeConfigSource', '@ConfigMapNodeConfigSource', configMapNodeConfigSourceFields);

const nodeConfigSourceFields = {
  configMap: ref(configMapNodeConfigSource, '@NodeConfigSource.configMap'),
};

/** @NodeConfigSource. */
export interface NodeConfigSource extends Fields<typeof nodeConfigSourceFields> {}
export const nodeConfigSource: Model<NodeConfigSource> = model('io.k8s.api.core.v1.NodeConfigSource', '@NodeConfigSource', nodeConfigSourceFields);

const nodeConfigStatusFields = {
  active: ref(nodeConfigSource, '@NodeConfigStatus.active'),
  assigned: ref(nodeConfigSource, '@NodeConfigStatus.assigned'),
  error: string('@NodeConfigStatus.error'),
  lastKnownGood: ref(nodeConfigSource, '@NodeConfigStatus.lastKnownGood'),
};

/** @NodeConfigStatus. */
export interface NodeConfigStatus extends Fields<typeof nodeConfigStatusFields> {}
export const nodeConfigStatus: Model<NodeConfigStatus> = model('io.k8s.api.core.v1.NodeConfigStatus', '@NodeConfigStatus', nodeConfigStatusFields);

const daemonEndpointFields = {
  Port: required(int32('@DaemonEndpoint.Port')),
};

/** @DaemonEndpoint. */
export interface DaemonEndpoint extends Fields<typeof daemonEndpointFields> {}
export const daemonEndpoint: Model<DaemonEndpoint> = model('io.k8s.api.core.v1.DaemonEndpoint', '@DaemonEndpoint', daemonEndpointFields);

const nodeDaemonEndpointsFields = {
  kubeletEndpoint: ref(daemonEndpoint, '@NodeDaemonEndpoints.kubeletEndpoint'),
};

/** @NodeDaemonEndpoints. */
export interface NodeDaemonEndpoints extends Fields<typeof nodeDaemonEndpointsFields> {}
export const nodeDaemonEndpoints: Model<NodeDaemonEndpoints> = model('io.k8s.api.core.v1.NodeDaemonEndpoints', '@NodeDaemonEndpoints', nodeDaemonEndpointsFields);

const nodeFeaturesFields = {
  supplementalGroupsPolicy: boolean('@NodeFeatures.supplementalGroupsPolicy'),
};

/** @NodeFeatures. */
export interface NodeFeatures extends Fields<typeof nodeFeaturesFields> {}
export const nodeFeatures: Model<NodeFeatures> = model('io.k8s.api.core.v1.NodeFeatures', '@NodeFeatures', nodeFeaturesFields);

const containerImageFields = {
  names: strings('@ContainerImage.names', atomic),
  sizeBytes: int64('@ContainerImage.sizeBytes'),
};

/** @ContainerImage. */
export interface ContainerImage extends Fields<typeof containerImageFields> {}
export const containerImage: Model<ContainerImage> = model('io.k8s.api.core.v1.ContainerImage', '@ContainerImage', containerImageFields);

const nodeSwapStatusFields = {
  capacity: int64('@NodeSwapStatus.capacity'),
};

/** @NodeSwapStatus. */
export interface NodeSwapStatus extends Fields<typeof nodeSwapStatusFields> {}
export const nodeSwapStatus: Model<NodeSwapStatus> = model('io.k8s.api.core.v1.NodeSwapStatus', '@NodeSwapStatus', nodeSwapStatusFields);

const nodeSystemInfoFields = {
  architecture: required(string('@NodeSystemInfo.architecture')),
  bootID: required(string('@NodeSystemInfo.bootID')),
  containerRuntimeVersion: required(string('@NodeSystemInfo.containerRuntimeVersion')),
  kernelVersion: required(string('@NodeSystemInfo.kernelVersion')),
  kubeProxyVersion: required(string('@NodeSystemInfo.kubeProxyVersion')),
  kubeletVersion: required(string('@NodeSystemInfo.kubeletVersion')),
  machineID: required(string('@NodeSystemInfo.machineID')),
  operatingSystem: required(string('@NodeSystemInfo.operatingSystem')),
  osImage: required(string('@NodeSystemInfo.osImage')),
  swap: ref(nodeSwapStatus, '@NodeSystemInfo.swap'),
  systemUUID: required(string('@NodeSystemInfo.systemUUID')),
};

/** @NodeSystemInfo. */
export interface NodeSystemInfo extends Fields<typeof nodeSystemInfoFields> {}
export const nodeSystemInfo: Model<NodeSystemInfo> = model('io.k8s.api.core.v1.NodeSystemInfo', '@NodeSystemInfo', nodeSystemInfoFields);

const nodeRuntimeHandlerFeaturesFields = {
  recursiveReadOnlyMounts: boolean('@NodeRuntimeHandlerFeatures.recursiveReadOnlyMounts'),
  userNamespaces: boolean('@NodeRuntimeHandlerFeatures.userNamespaces'),
};

/** @NodeRuntimeHandlerFeatures. */
export interface NodeRuntimeHandlerFeatures extends Fields<typeof nodeRuntimeHandlerFeaturesFields> {}
export const nodeRuntimeHandlerFeatures: Model<NodeRuntimeHandlerFeatures> = model('io.k8s.api.core.v1.NodeRuntimeHandlerFeatures', '@NodeRuntimeHandlerFeatures', nodeRuntimeHandlerFeaturesFields);

const nodeRuntimeHandlerFields = {
  features: ref(nodeRuntimeHandlerFeatures, '@NodeRuntimeHandler.features'),
  name: string('@NodeRuntimeHandler.name'),
};

/** @NodeRuntimeHandler. */
export interface NodeRuntimeHandler extends Fields<typeof nodeRuntimeHandlerFields> {}
export const nodeRuntimeHandler: Model<NodeRuntimeHandler> = model('io.k8s.api.core.v1.NodeRuntimeHandler', '@NodeRuntimeHandler', nodeRuntimeHandlerFields);

const attachedVolumeFields = {
  devicePath: required(string('@AttachedVolume.devicePath')),
  name: required(string('@AttachedVolume.name')),
};

/** @AttachedVolume. */
export interface AttachedVolume extends Fields<typeof attachedVolumeFields> {}
export const attachedVolume: Model<AttachedVolume> = model('io.k8s.api.core.v1.AttachedVolume', '@AttachedVolume', attachedVolumeFields);

const nodeStatusFields = {
  addresses: list(nodeAddress, '@NodeStatus.addresses', mergedBy('type')),
  allocatable: resourceList('@NodeStatus.allocatable'),
  capacity: resourceList('@NodeStatus.capacity'),
  conditions: list(nodeCondition, '@NodeStatus.conditions', mergedBy('type')),
  config: ref(nodeConfigStatus, '@NodeStatus.config'),
  daemonEndpoints: ref(nodeDaemonEndpoints, '@NodeStatus.daemonEndpoints'),
  features: ref(nodeFeatures, '@NodeStatus.features'),
  images: list(containerImage, '@NodeStatus.images', atomic),
  nodeInfo: ref(nodeSystemInfo, '@NodeStatus.nodeInfo'),
  phase: string('@NodeStatus.phase'),
  runtimeHandlers: list(nodeRuntimeHandler, '@NodeStatus.runtimeHandlers', atomic),
  volumesAttached: list(attachedVolume, '@NodeStatus.volumesAttached', atomic),
  volumesInUse: strings('@NodeStatus.volumesInUse', atomic),
};

/** @NodeStatus. */
export interface NodeStatus extends Fields<typeof nodeStatusFields> {}
export const nodeStatus: Model<NodeStatus> = model('io.k8s.api.core.v1.NodeStatus', '@NodeStatus', nodeStatusFields);
