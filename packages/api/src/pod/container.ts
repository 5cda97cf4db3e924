/** A container of a pod. */
import { envFromSource, envVar } from './env.ts';
import { lifecycle, probe } from './probe.ts';
import { resourceRequirements } from './resources.ts';
import { securityContext } from './security.ts';
import {
  atomic,
  boolean,
  int32,
  list,
  mergedBy,
  model,
  numbers,
  ref,
  required,
  set,
  string,
  strings,
} from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const containerPortFields = {
  containerPort: required(int32('Port inside the pod.')),
  hostIP: string('Address of the node to open the host port on.'),
  hostPort: int32('Port to open on the node.'),
  name: string('Name by which services and probes find the port.'),
  protocol: string('TCP, UDP or SCTP.'),
};

/** A port on which a container listens. */
export interface ContainerPort extends Fields<typeof containerPortFields> {}
export const containerPort: Model<ContainerPort> = model(
  'io.k8s.api.core.v1.ContainerPort',
  'A port on which a container listens.',
  containerPortFields,
);

const containerResizePolicyFields = {
  resourceName: required(string('The resource.')),
  restartPolicy: required(string('NotRequired or RestartContainer.')),
};

/** What a change of a resource does to a running container. */
export interface ContainerResizePolicy extends Fields<typeof containerResizePolicyFields> {}
export const containerResizePolicy: Model<ContainerResizePolicy> = model(
  'io.k8s.api.core.v1.ContainerResizePolicy',
  'What a change of a resource does to a running container.',
  containerResizePolicyFields,
);

const containerRestartRuleOnExitCodesFields = {
  operator: required(string('In or NotIn.')),
  values: numbers('int32', 'The exit codes.', set),
};

/** Which exit codes a rule is about. */
export interface ContainerRestartRuleOnExitCodes extends Fields<typeof containerRestartRuleOnExitCodesFields> {}
export const containerRestartRuleOnExitCodes: Model<ContainerRestartRuleOnExitCodes> = model(
  'io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes',
  'Which exit codes a rule is about.',
  containerRestartRuleOnExitCodesFields,
);

const containerRestartRuleFields = {
  action: required(string('What to do: Restart.')),
  exitCodes: ref(containerRestartRuleOnExitCodes, 'The exit codes that it is about.'),
};

/** What happens when a container ends in a given way. */
export interface ContainerRestartRule extends Fields<typeof containerRestartRuleFields> {}
export const containerRestartRule: Model<ContainerRestartRule> = model(
  'io.k8s.api.core.v1.ContainerRestartRule',
  'What happens when a container ends in a given way.',
  containerRestartRuleFields,
);

const volumeDeviceFields = {
  devicePath: required(string('Path of the device in the container.')),
  name: required(string('Name of the volume.')),
};

/** A volume as a raw device in a container. */
export interface VolumeDevice extends Fields<typeof volumeDeviceFields> {}
export const volumeDevice: Model<VolumeDevice> = model(
  'io.k8s.api.core.v1.VolumeDevice',
  'A volume as a raw device in a container.',
  volumeDeviceFields,
);

const volumeMountFields = {
  mountPath: required(string('Path in the container.')),
  mountPropagation: string('Whether mounts made inside are seen outside, and the other way.'),
  name: required(string('Name of the volume.')),
  readOnly: boolean('Mount the volume for reading only.'),
  recursiveReadOnly: string('Whether mounts below are read-only too.'),
  subPath: string('Path in the volume to mount, instead of its root.'),
  subPathExpr: string('As subPath, with $(VARIABLES).'),
};

/** Where a container finds a volume. */
export interface VolumeMount extends Fields<typeof volumeMountFields> {}
export const volumeMount: Model<VolumeMount> = model(
  'io.k8s.api.core.v1.VolumeMount',
  'Where a container finds a volume.',
  volumeMountFields,
);

const containerFields = {
  args: strings('Arguments of the command.', atomic),
  command: strings("The command; the image's where nothing is said.", atomic),
  env: list(envVar, 'Variables of the environment.', mergedBy('name')),
  envFrom: list(envFromSource, 'Sources of many variables; single ones win.', atomic),
  image: string('Image to run; the process runtime takes the programs of the node.'),
  imagePullPolicy: string('Always, IfNotPresent or Never.'),
  lifecycle: ref(lifecycle, 'What to do after its start and before its end.'),
  livenessProbe: ref(probe, 'When it fails, the container is restarted.'),
  name: required(string('Name, unique in the pod.')),
  ports: list(containerPort, 'Ports on which it listens.', mergedBy('containerPort', 'protocol')),
  readinessProbe: ref(probe, 'While it fails, no service sends anything here.'),
  resizePolicy: list(containerResizePolicy, 'What changes of resources do to the running container.', atomic),
  resources: ref(resourceRequirements, 'What it asks for and may use.'),
  restartPolicy: string('Of an init container: Always makes it a sidecar.'),
  restartPolicyRules: list(containerRestartRule, 'Restart by the way it ended.', atomic),
  securityContext: ref(securityContext, 'With which rights it runs.'),
  startupProbe: ref(probe, 'Until it succeeds, the other probes wait.'),
  stdin: boolean('Keep standard input open.'),
  stdinOnce: boolean('Close standard input after the first client.'),
  terminationMessagePath: string('File whose content is kept as last words.'),
  terminationMessagePolicy: string('File, or FallbackToLogsOnError.'),
  tty: boolean('Give it a terminal.'),
  volumeDevices: list(volumeDevice, 'Volumes as raw devices.', mergedBy('devicePath')),
  volumeMounts: list(volumeMount, 'Volumes as directories.', mergedBy('mountPath')),
  workingDir: string('Directory in which the command starts.'),
};

/** A program that runs in a pod. */
export interface Container extends Fields<typeof containerFields> {}
export const container: Model<Container> = model(
  'io.k8s.api.core.v1.Container',
  'A program that runs in a pod.',
  containerFields,
);

const ephemeralContainerFields = {
  args: strings('Arguments of the command.', atomic),
  command: strings("The command; the image's where nothing is said.", atomic),
  env: list(envVar, 'Variables of the environment.', mergedBy('name')),
  envFrom: list(envFromSource, 'Sources of many variables; single ones win.', atomic),
  image: string('Image to run; the process runtime takes the programs of the node.'),
  imagePullPolicy: string('Always, IfNotPresent or Never.'),
  lifecycle: ref(lifecycle, 'What to do after its start and before its end.'),
  livenessProbe: ref(probe, 'When it fails, the container is restarted.'),
  name: required(string('Name, unique in the pod.')),
  ports: list(containerPort, 'Ports on which it listens.', mergedBy('containerPort', 'protocol')),
  readinessProbe: ref(probe, 'While it fails, no service sends anything here.'),
  resizePolicy: list(containerResizePolicy, 'What changes of resources do to the running container.', atomic),
  resources: ref(resourceRequirements, 'What it asks for and may use.'),
  restartPolicy: string('Not for ephemeral containers.'),
  restartPolicyRules: list(containerRestartRule, 'Restart by the way it ended.', atomic),
  securityContext: ref(securityContext, 'With which rights it runs.'),
  startupProbe: ref(probe, 'Until it succeeds, the other probes wait.'),
  stdin: boolean('Keep standard input open.'),
  stdinOnce: boolean('Close standard input after the first client.'),
  targetContainerName: string('Container whose processes it can see.'),
  terminationMessagePath: string('File whose content is kept as last words.'),
  terminationMessagePolicy: string('File, or FallbackToLogsOnError.'),
  tty: boolean('Give it a terminal.'),
  volumeDevices: list(volumeDevice, 'Volumes as raw devices.', mergedBy('devicePath')),
  volumeMounts: list(volumeMount, 'Volumes as directories.', mergedBy('mountPath')),
  workingDir: string('Directory in which the command starts.'),
};

/** A container that is added to a running pod to look into it. */
export interface EphemeralContainer extends Fields<typeof ephemeralContainerFields> {}
export const ephemeralContainer: Model<EphemeralContainer> = model(
  'io.k8s.api.core.v1.EphemeralContainer',
  'A container that is added to a running pod to look into it.',
  ephemeralContainerFields,
);
