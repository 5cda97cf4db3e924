/** What a container of a pod does now. */
import { resourceRequirements } from './resources.ts';
import {
  atomic,
  boolean,
  int32,
  int64,
  list,
  mergedBy,
  model,
  numbers,
  ref,
  required,
  resourceList,
  string,
  time,
} from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const containerStateRunningFields = {
  startedAt: time('When it started.'),
};

/** A container that runs. */
export interface ContainerStateRunning extends Fields<typeof containerStateRunningFields> {}
export const containerStateRunning: Model<ContainerStateRunning> = model(
  'io.k8s.api.core.v1.ContainerStateRunning',
  'A container that runs.',
  containerStateRunningFields,
);

const containerStateTerminatedFields = {
  containerID: string('Identity of the container at its runtime.'),
  exitCode: required(int32('Exit code of its first process.')),
  finishedAt: time('When it ended.'),
  message: string('Its last words.'),
  reason: string('Why, in a CamelCase word for programs.'),
  signal: int32('Signal that ended it.'),
  startedAt: time('When it started.'),
};

/** A container that ended. */
export interface ContainerStateTerminated extends Fields<typeof containerStateTerminatedFields> {}
export const containerStateTerminated: Model<ContainerStateTerminated> = model(
  'io.k8s.api.core.v1.ContainerStateTerminated',
  'A container that ended.',
  containerStateTerminatedFields,
);

const containerStateWaitingFields = {
  message: string('Why, in words for people.'),
  reason: string('Why, in a CamelCase word for programs.'),
};

/** A container that does not run yet. */
export interface ContainerStateWaiting extends Fields<typeof containerStateWaitingFields> {}
export const containerStateWaiting: Model<ContainerStateWaiting> = model(
  'io.k8s.api.core.v1.ContainerStateWaiting',
  'A container that does not run yet.',
  containerStateWaitingFields,
);

const containerStateFields = {
  running: ref(containerStateRunning, 'It runs.'),
  terminated: ref(containerStateTerminated, 'It ended.'),
  waiting: ref(containerStateWaiting, 'It waits; the case where nothing is said.'),
};

/** What a container does; one of its fields. */
export interface ContainerState extends Fields<typeof containerStateFields> {}
export const containerState: Model<ContainerState> = model(
  'io.k8s.api.core.v1.ContainerState',
  'What a container does; one of its fields.',
  containerStateFields,
);

const linuxContainerUserFields = {
  gid: required(int64('Its group.')),
  supplementalGroups: numbers('int64', 'Its other groups.', atomic),
  uid: required(int64('The user.')),
};

/** User of the first process. */
export interface LinuxContainerUser extends Fields<typeof linuxContainerUserFields> {}
export const linuxContainerUser: Model<LinuxContainerUser> = model(
  'io.k8s.api.core.v1.LinuxContainerUser',
  'User of the first process.',
  linuxContainerUserFields,
);

const containerUserFields = {
  linux: ref(linuxContainerUser, 'On Linux.'),
};

/** As whom a container runs. */
export interface ContainerUser extends Fields<typeof containerUserFields> {}
export const containerUser: Model<ContainerUser> = model(
  'io.k8s.api.core.v1.ContainerUser',
  'As whom a container runs.',
  containerUserFields,
);

const volumeMountStatusFields = {
  mountPath: required(string('Path in the container.')),
  name: required(string('Its name.')),
  readOnly: boolean('Mount the volume for reading only.'),
  recursiveReadOnly: string('Whether mounts below are read-only too.'),
};

/** A volume as it is mounted. */
export interface VolumeMountStatus extends Fields<typeof volumeMountStatusFields> {}
export const volumeMountStatus: Model<VolumeMountStatus> = model(
  'io.k8s.api.core.v1.VolumeMountStatus',
  'A volume as it is mounted.',
  volumeMountStatusFields,
);

const resourceHealthFields = {
  health: string('Healthy, Unhealthy or Unknown.'),
  resourceID: required(string('Identity of the device.')),
};

/** How a device does. */
export interface ResourceHealth extends Fields<typeof resourceHealthFields> {}
export const resourceHealth: Model<ResourceHealth> = model(
  'io.k8s.api.core.v1.ResourceHealth',
  'How a device does.',
  resourceHealthFields,
);

const resourceStatusFields = {
  name: required(string('Its name.')),
  resources: list(resourceHealth, 'The devices.', { listType: 'map', mapKeys: ['resourceID'] }),
};

/** How the devices of a resource do. */
export interface ResourceStatus extends Fields<typeof resourceStatusFields> {}
export const resourceStatus: Model<ResourceStatus> = model(
  'io.k8s.api.core.v1.ResourceStatus',
  'How the devices of a resource do.',
  resourceStatusFields,
);

const containerStatusFields = {
  allocatedResources: resourceList('What the node has set aside for it.'),
  allocatedResourcesStatus: list(resourceStatus, 'How its devices do.', mergedBy('name')),
  containerID: string('Identity of the container at its runtime.'),
  image: required(string('Image that it runs.')),
  imageID: required(string('Identity of the image.')),
  lastState: ref(containerState, 'How it ended the last time.'),
  name: required(string('Name of the container.')),
  ready: required(boolean('Whether it passes its readiness probe.')),
  resources: ref(resourceRequirements, 'What it has.'),
  restartCount: required(int32('How often it was restarted.')),
  started: boolean('Whether it passed its startup probe.'),
  state: ref(containerState, 'What it does.'),
  stopSignal: string('Signal that tells it to end.'),
  user: ref(containerUser, 'As whom it runs.'),
  volumeMounts: list(volumeMountStatus, 'Its volumes as they are mounted.', mergedBy('mountPath')),
};

/** What a container does now. */
export interface ContainerStatus extends Fields<typeof containerStatusFields> {}
export const containerStatus: Model<ContainerStatus> = model(
  'io.k8s.api.core.v1.ContainerStatus',
  'What a container does now.',
  containerStatusFields,
);
