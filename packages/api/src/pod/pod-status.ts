/** What a pod does now, as its kubelet reports it. */
import { containerStatus } from './container-status.ts';
import { atomic, int64, list, mergedBy, model, ref, required, string, time } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const podConditionFields = {
  lastProbeTime: time('When it was last looked at.'),
  lastTransitionTime: time('When the status last changed.'),
  message: string('Why, in words for people.'),
  observedGeneration: int64('The generation that this was reported for.'),
  reason: string('Why, in a CamelCase word for programs.'),
  status: required(string('True, False or Unknown.')),
  type: required(string('Such as PodScheduled, Initialized, ContainersReady, Ready.')),
};

/** One thing that holds of a pod, or does not. */
export interface PodCondition extends Fields<typeof podConditionFields> {}
export const podCondition: Model<PodCondition> = model(
  'io.k8s.api.core.v1.PodCondition',
  'One thing that holds of a pod, or does not.',
  podConditionFields,
);

const hostIPFields = {
  ip: required(string('The address.')),
};

/** An address of the node. */
export interface HostIP extends Fields<typeof hostIPFields> {}
export const hostIP: Model<HostIP> = model('io.k8s.api.core.v1.HostIP', 'An address of the node.', hostIPFields);

const podIPFields = {
  ip: required(string('The address.')),
};

/** An address of the pod. */
export interface PodIP extends Fields<typeof podIPFields> {}
export const podIP: Model<PodIP> = model('io.k8s.api.core.v1.PodIP', 'An address of the pod.', podIPFields);

const podResourceClaimStatusFields = {
  name: required(string('Its name.')),
  resourceClaimName: string('Name of the claim.'),
};

/** The claim that was made for the pod. */
export interface PodResourceClaimStatus extends Fields<typeof podResourceClaimStatusFields> {}
export const podResourceClaimStatus: Model<PodResourceClaimStatus> = model(
  'io.k8s.api.core.v1.PodResourceClaimStatus',
  'The claim that was made for the pod.',
  podResourceClaimStatusFields,
);

const containerExtendedResourceRequestFields = {
  containerName: required(string('The container.')),
  requestName: required(string('The request.')),
  resourceName: required(string('The extended resource.')),
};

/** Which request of a claim serves a container's extended resource. */
export interface ContainerExtendedResourceRequest extends Fields<typeof containerExtendedResourceRequestFields> {}
export const containerExtendedResourceRequest: Model<ContainerExtendedResourceRequest> = model(
  'io.k8s.api.core.v1.ContainerExtendedResourceRequest',
  "Which request of a claim serves a container's extended resource.",
  containerExtendedResourceRequestFields,
);

const podExtendedResourceClaimStatusFields = {
  requestMappings: required(list(containerExtendedResourceRequest, 'Which request serves what.', atomic)),
  resourceClaimName: required(string('Name of the claim.')),
};

/** The claim that serves extended resources. */
export interface PodExtendedResourceClaimStatus extends Fields<typeof podExtendedResourceClaimStatusFields> {}
export const podExtendedResourceClaimStatus: Model<PodExtendedResourceClaimStatus> = model(
  'io.k8s.api.core.v1.PodExtendedResourceClaimStatus',
  'The claim that serves extended resources.',
  podExtendedResourceClaimStatusFields,
);

const podStatusFields = {
  conditions: list(podCondition, 'What holds of the object now, one entry a type.', mergedBy('type')),
  containerStatuses: list(containerStatus, 'What its containers do.', atomic),
  ephemeralContainerStatuses: list(containerStatus, 'What its ephemeral containers do.', atomic),
  extendedResourceClaimStatus: ref(podExtendedResourceClaimStatus, 'The claim for extended resources.'),
  hostIP: string('Address of the node.'),
  hostIPs: list(hostIP, 'Addresses of the node.', { patchStrategy: 'merge', patchMergeKey: 'ip', listType: 'atomic' }),
  initContainerStatuses: list(containerStatus, 'What its init containers do.', atomic),
  message: string('Why, in words for people.'),
  nominatedNodeName: string('Node on which room is being made for it.'),
  observedGeneration: int64('The generation that this was reported for.'),
  phase: string('Pending, Running, Succeeded, Failed or Unknown.'),
  podIP: string('Its address.'),
  podIPs: list(podIP, 'Its addresses.', mergedBy('ip')),
  qosClass: string('Guaranteed, Burstable or BestEffort.'),
  reason: string('Why, in a CamelCase word for programs.'),
  resize: string('How a change of its resources goes.'),
  resourceClaimStatuses: list(podResourceClaimStatus, 'The claims made for it.', {
    ...mergedBy('name'),
    patchStrategy: 'merge,retainKeys',
  }),
  startTime: time('When its kubelet first saw it.'),
};

/** What a pod does now. */
export interface PodStatus extends Fields<typeof podStatusFields> {}
export const podStatus: Model<PodStatus> = model(
  'io.k8s.api.core.v1.PodStatus',
  'What a pod does now.',
  podStatusFields,
);
