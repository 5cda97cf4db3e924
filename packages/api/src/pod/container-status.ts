/** What a container of a pod does now. */
import { resourceRequirements } from './resources.ts';
import { atomic, boolean, int32, int64, list, mergedBy, model, numbers, ref, required, resourceList, string, time } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const containerStateRunningFields = {
  startedAt: time('@ContainerStateRunning.startedAt'),
};

/** @ContainerStateRunning. */
export interface ContainerStateRunning extends Fields<typeof containerStateRunningFields> {}
export const containerStateRunning: Model<ContainerStateRunning> = model('io.k8s.api.core.v1.ContainerStateRunning', '@ContainerStateRunning', containerStateRunningFields);

const containerStateTerminatedFields = {
  containerID: string('@ContainerStateTerminated.containerID'),
  exitCode: required(int32('@ContainerStateTerminated.exitCode')),
  finishedAt: time('@ContainerStateTerminated.finishedAt'),
  message: string('@ContainerStateTerminated.message'),
  reason: string('@ContainerStateTerminated.reason'),
  signal: int32('@ContainerStateTerminated.signal'),
  startedAt: time('@ContainerStateTerminated.startedAt'),
};

/** @ContainerStateTerminated. */
export interface ContainerStateTerminated extends Fields<typeof containerStateTerminatedFields> {}
export const containerStateTerminated: Model<ContainerStateTerminated> = model('io.k8s.api.core.v1.ContainerStateTerminated', '@ContainerStateTerminated', containerStateTerminatedFields);

const containerStateWaitingFields = {
  message: string('@ContainerStateWaiting.message'),
  reason: string('@ContainerStateWaiting.reason'),
};

/** @ContainerStateWaiting. */
export interface ContainerStateWaiting extends Fields<typeof containerStateWaitingFields> {}
export const containerStateWaiting: Model<ContainerStateWaiting> = model('io.k8s.api.core.v1.ContainerStateWaiting', '@ContainerStateWaiting', containerStateWaitingFields);

const containerStateFields = {
  running: ref(containerStateRunning, '@ContainerState.running'),
  terminated: ref(containerStateTerminated, '@ContainerState.terminated'),
  waiting: ref(containerStateWaiting, '@ContainerState.waiting'),
};

/** @ContainerState. */
export interface ContainerState extends Fields<typeof containerStateFields> {}
export const containerState: Model<ContainerState> = model('io.k8s.api.core.v1.ContainerState', '@ContainerState', containerStateFields);

const linuxContainerUserFields = {
  gid: required(int64('@LinuxContainerUser.gid')),
  supplementalGroups: numbers('int64', '@LinuxContainerUser.supplementalGroups', atomic),
  uid: required(int64('@LinuxContainerUser.uid')),
};

/** @LinuxContainerUser. */
export interface LinuxContainerUser extends Fields<typeof linuxContainerUserFields> {}
export const linuxContainerUser: Model<LinuxContainerUser> = model('io.k8s.api.core.v1.LinuxContainerUser', '@LinuxContainerUser', linuxContainerUserFields);

const containerUserFields = {
  linux: ref(linuxContainerUser, '@ContainerUser.linux'),
};

/** @ContainerUser. */
export interface ContainerUser extends Fields<typeof containerUserFields> {}
export const containerUser: Model<ContainerUser> = model('io.k8s.api.core.v1.ContainerUser', '@ContainerUser', containerUserFields);

const volumeMountStatusFields = {
  mountPath: required(string('@VolumeMountStatus.mountPath')),
  name: required(string('@VolumeMountStatus.name')),
  readOnly: boolean('@VolumeMountStatus.readOnly'),
  recursiveReadOnly: string('@VolumeMountStatus.recursiveReadOnly'),
};

/** @VolumeMountStatus. */
export interface VolumeMountStatus extends Fields<typeof volumeMountStatusFields> {}
export const volumeMountStatus: Model<VolumeMountStatus> = model('io.k8s.api.core.v1.VolumeMountStatus', '@VolumeMountStatus', volumeMountStatusFields);

const resourceHealthFields = {
  health: string('@ResourceHealth.health'),
  resourceID: required(string('@ResourceHealth.resourceID')),
};

/** @ResourceHealth. */
export interface ResourceHealth extends Fields<typeof resourceHealthFields> {}
export const resourceHealth: Model<ResourceHealth> = model('io.k8s.api.core.v1.ResourceHealth', '@ResourceHealth', resourceHealthFields);

const resourceStatusFields = {
  name: required(string('@ResourceStatus.name')),
  resources: list(resourceHealth, '@ResourceStatus.resources', { listType: 'map', mapKeys: ['resourceID'] }),
};

/** @ResourceStatus. */
export interface ResourceStatus extends Fields<typeof resourceStatusFields> {}
export const resourceStatus: Model<ResourceStatus> = model('io.k8s.api.core.v1.ResourceStatus', '@ResourceStatus', resourceStatusFields);

const containerStatusFields = {
  allocatedResources: resourceList('@ContainerStatus.allocatedResources'),
  allocatedResourcesStatus: list(resourceStatus, '@ContainerStatus.allocatedResourcesStatus', mergedBy('name')),
  containerID: string('@ContainerStatus.containerID'),
  image: required(string('@ContainerStatus.image')),
  imageID: required(string('@ContainerStatus.imageID')),
  lastState: ref(containerState, '@ContainerStatus.lastState'),
  name: required(string('@ContainerStatus.name')),
  ready: required(boolean('@ContainerStatus.ready')),
  resources: ref(resourceRequirements, '@ContainerStatus.resources'),
  restartCount: required(int32('@ContainerStatus.restartCount')),
  started: boolean('@ContainerStatus.started'),
  state: ref(containerState, '@ContainerStatus.state'),
  stopSignal: string('@ContainerStatus.stopSignal'),
  user: ref(containerUser, '@ContainerStatus.user'),
  volumeMounts: list(volumeMountStatus, '@ContainerStatus.volumeMounts', mergedBy('mountPath')),
};

/** @ContainerStatus. */
export interface ContainerStatus extends Fields<typeof containerStatusFields> {}
export const containerStatus: Model<ContainerStatus> = model('io.k8s.api.core.v1.ContainerStatus', '@ContainerStatus', containerStatusFields);
