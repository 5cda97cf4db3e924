/** What a pod does now, as its kubelet reports it. */
import { containerStatus } from './container-status.ts';
import { atomic, int64, list, mergedBy, model, ref, required, string, time } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const podConditionFields = {
  lastProbeTime: time('@PodCondition.lastProbeTime'),
  lastTransitionTime: time('@PodCondition.lastTransitionTime'),
  message: string('@PodCondition.message'),
  observedGeneration: int64('@PodCondition.observedGeneration'),
  reason: string('@PodCondition.reason'),
  status: required(string('@PodCondition.status')),
  type: required(string('@PodCondition.type')),
};

/** @PodCondition. */
export interface PodCondition extends Fields<typeof podConditionFields> {}
export const podCondition: Model<PodCondition> = model('io.k8s.api.core.v1.PodCondition', '@PodCondition', podConditionFields);

const hostIPFields = {
  ip: required(string('@HostIP.ip')),
};

/** @HostIP. */
export interface HostIP extends Fields<typeof hostIPFields> {}
export const hostIP: Model<HostIP> = model('io.k8s.api.core.v1.HostIP', '@HostIP', hostIPFields);

const podIPFields = {
  ip: required(string('@PodIP.ip')),
};

/** @PodIP. */
export interface PodIP extends Fields<typeof podIPFields> {}
export const podIP: Model<PodIP> = model('io.k8s.api.core.v1.PodIP', '@PodIP', podIPFields);

const podResourceClaimStatusFields = {
  name: required(string('@PodResourceClaimStatus.name')),
  resourceClaimName: string('@PodResourceClaimStatus.resourceClaimName'),
};

/** @PodResourceClaimStatus. */
export interface PodResourceClaimStatus extends Fields<typeof podResourceClaimStatusFields> {}
export const podResourceClaimStatus: Model<PodResourceClaimStatus> = model('io.k8s.api.core.v1.PodResourceClaimStatus', '@PodResourceClaimStatus', podResourceClaimStatusFields);

const containerExtendedResourceRequestFields = {
  containerName: required(string('@ContainerExtendedResourceRequest.containerName')),
  requestName: required(string('@ContainerExtendedResourceRequest.requestName')),
  resourceName: required(string('@ContainerExtendedResourceRequest.resourceName')),
};

/** @ContainerExtendedResourceRequest. */
export interface ContainerExtendedResourceRequest extends Fields<typeof containerExtendedResourceRequestFields> {}
export const containerExtendedResourceRequest: Model<ContainerExtendedResourceRequest> = model('io.k8s.api.core.v1.ContainerExtendedResourceRequest', '@ContainerExtendedResourceRequest', containerExtendedResourceRequestFields);

const podExtendedResourceClaimStatusFields = {
  requestMappings: required(list(containerExtendedResourceRequest, '@PodExtendedResourceClaimStatus.requestMappings', atomic)),
  resourceClaimName: required(string('@PodExtendedResourceClaimStatus.resourceClaimName')),
};

/** @PodExtendedResourceClaimStatus. */
export interface PodExtendedResourceClaimStatus extends Fields<typeof podExtendedResourceClaimStatusFields> {}
export const podExtendedResourceClaimStatus: Model<PodExtendedResourceClaimStatus> = model('io.k8s.api.core.v1.PodExtendedResourceClaimStatus', '@PodExtendedResourceClaimStatus', podExtendedResourceClaimStatusFields);

const podStatusFields = {
  conditions: list(podCondition, '@PodStatus.conditions', mergedBy('type')),
  containerStatuses: list(containerStatus, '@PodStatus.containerStatuses', atomic),
  ephemeralContainerStatuses: list(containerStatus, '@PodStatus.ephemeralContainerStatuses', atomic),
  extendedResourceClaimStatus: ref(podExtendedResourceClaimStatus, '@PodStatus.extendedResourceClaimStatus'),
  hostIP: string('@PodStatus.hostIP'),
  hostIPs: list(hostIP, '@PodStatus.hostIPs', { patchStrategy: 'merge', patchMergeKey: 'ip', listType: 'atomic' }),
  initContainerStatuses: list(containerStatus, '@PodStatus.initContainerStatuses', atomic),
  message: string('@PodStatus.message'),
  nominatedNodeName: string('@PodStatus.nominatedNodeName'),
  observedGeneration: int64('@PodStatus.observedGeneration'),
  phase: string('@PodStatus.phase'),
  podIP: string('@PodStatus.podIP'),
  podIPs: list(podIP, '@PodStatus.podIPs', mergedBy('ip')),
  qosClass: string('@PodStatus.qosClass'),
  reason: string('@PodStatus.reason'),
  resize: string('@PodStatus.resize'),
  resourceClaimStatuses: list(podResourceClaimStatus, '@PodStatus.resourceClaimStatuses', { ...mergedBy('name'), patchStrategy: 'merge,retainKeys' }),
  startTime: time('@PodStatus.startTime'),
};

/** @PodStatus. */
export interface PodStatus extends Fields<typeof podStatusFields> {}
export const podStatus: Model<PodStatus> = model('io.k8s.api.core.v1.PodStatus', '@PodStatus', podStatusFields);
