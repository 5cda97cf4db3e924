/** A container of a pod. */
import { envFromSource, envVar } from './env.ts';
import { lifecycle, probe } from './probe.ts';
import { resourceRequirements } from './resources.ts';
import { securityContext } from './security.ts';
import { atomic, boolean, int32, list, mergedBy, model, numbers, ref, required, set, string, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const containerPortFields = {
  containerPort: required(int32('@ContainerPort.containerPort')),
  hostIP: string('@ContainerPort.hostIP'),
  hostPort: int32('@ContainerPort.hostPort'),
  name: string('@ContainerPort.name'),
  protocol: string('@ContainerPort.protocol'),
};

/** @ContainerPort. */
export interface ContainerPort extends Fields<typeof containerPortFields> {}
export const containerPort: Model<ContainerPort> = model('io.k8s.api.core.v1.ContainerPort', '@ContainerPort', containerPortFields);

const containerResizePolicyFields = {
  resourceName: required(string('@ContainerResizePolicy.resourceName')),
  restartPolicy: required(string('@ContainerResizePolicy.restartPolicy')),
};

/** @ContainerResizePolicy. */
export interface ContainerResizePolicy extends Fields<typeof containerResizePolicyFields> {}
export const containerResizePolicy: Model<ContainerResizePolicy> = model('io.k8s.api.core.v1.ContainerResizePolicy', '@ContainerResizePolicy', containerResizePolicyFields);

const containerRestartRuleOnExitCodesFields = {
  operator: required(string('@ContainerRestartRuleOnExitCodes.operator')),
  values: numbers('int32', '@ContainerRestartRuleOnExitCodes.values', set),
};

/** @ContainerRestartRuleOnExitCodes. */
export interface ContainerRestartRuleOnExitCodes extends Fields<typeof containerRestartRuleOnExitCodesFields> {}
export const containerRestartRuleOnExitCodes: Model<ContainerRestartRuleOnExitCodes> = model('io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes', '@ContainerRestartRuleOnExitCodes', containerRestartRuleOnExitCodesFields);

const containerRestartRuleFields = {
  action: required(string('@ContainerRestartRule.action')),
  exitCodes: ref(containerRestartRuleOnExitCodes, '@ContainerRestartRule.exitCodes'),
};

/** @ContainerRestartRule. */
export interface ContainerRestartRule extends Fields<typeof containerRestartRuleFields> {}
export const containerRestartRule: Model<ContainerRestartRule> = model('io.k8s.api.core.v1.ContainerRestartRule', '@ContainerRestartRule', containerRestartRuleFields);

const volumeDeviceFields = {
  devicePath: required(string('@VolumeDevice.devicePath')),
  name: required(string('@VolumeDevice.name')),
};

/** @VolumeDevice. */
export interface VolumeDevice extends Fields<typeof volumeDeviceFields> {}
export const volumeDevice: Model<VolumeDevice> = model('io.k8s.api.core.v1.VolumeDevice', '@VolumeDevice', volumeDeviceFields);

const volumeMountFields = {
  mountPath: required(string('@VolumeMount.mountPath')),
  mountPropagation: string('@VolumeMount.mountPropagation'),
  name: required(string('@VolumeMount.name')),
  readOnly: boolean('@VolumeMount.readOnly'),
  recursiveReadOnly: string('@VolumeMount.recursiveReadOnly'),
  subPath: string('@VolumeMount.subPath'),
  subPathExpr: string('@VolumeMount.subPathExpr'),
};

/** @VolumeMount. */
export interface VolumeMount extends Fields<typeof volumeMountFields> {}
export const volumeMount: Model<VolumeMount> = model('io.k8s.api.core.v1.VolumeMount', '@VolumeMount', volumeMountFields);

const containerFields = {
  args: strings('@Container.args', atomic),
  command: strings('@Container.command', atomic),
  env: list(envVar, '@Container.env', mergedBy('name')),
  envFrom: list(envFromSource, '@Container.envFrom', atomic),
  image: string('@Container.image'),
  imagePullPolicy: string('@Container.imagePullPolicy'),
  lifecycle: ref(lifecycle, '@Container.lifecycle'),
  livenessProbe: ref(probe, '@Container.livenessProbe'),
  name: required(string('@Container.name')),
  ports: list(containerPort, '@Container.ports', mergedBy('containerPort', 'protocol')),
  readinessProbe: ref(probe, '@Container.readinessProbe'),
  resizePolicy: list(containerResizePolicy, '@Container.resizePolicy', atomic),
  resources: ref(resourceRequirements, '@Container.resources'),
  restartPolicy: string('@Container.restartPolicy'),
  restartPolicyRules: list(containerRestartRule, '@Container.restartPolicyRules', atomic),
  securityContext: ref(securityContext, '@Container.securityContext'),
  startupProbe: ref(probe, '@Container.startupProbe'),
  stdin: boolean('@Container.stdin'),
  stdinOnce: boolean('@Container.stdinOnce'),
  terminationMessagePath: string('@Container.terminationMessagePath'),
  terminationMessagePolicy: string('@Container.terminationMessagePolicy'),
  tty: boolean('@Container.tty'),
  volumeDevices: list(volumeDevice, '@Container.volumeDevices', mergedBy('devicePath')),
  volumeMounts: list(volumeMount, '@Container.volumeMounts', mergedBy('mountPath')),
  workingDir: string('@Container.workingDir'),
};

/** @Container. */
export interface Container extends Fields<typeof containerFields> {}
export const container: Model<Container> = model('io.k8s.api.core.v1.Container', '@Container', containerFields);

const ephemeralContainerFields = {
  args: strings('@EphemeralContainer.args', atomic),
  command: strings('@EphemeralContainer.command', atomic),
  env: list(envVar, '@EphemeralContainer.env', mergedBy('name')),
  envFrom: list(envFromSource, '@EphemeralContainer.envFrom', atomic),
  image: string('@EphemeralContainer.image'),
  imagePullPolicy: string('@EphemeralContainer.imagePullPolicy'),
  lifecycle: ref(lifecycle, '@EphemeralContainer.lifecycle'),
  livenessProbe: ref(probe, '@EphemeralContainer.livenessProbe'),
  name: required(string('@EphemeralContainer.name')),
  ports: list(containerPort, '@EphemeralContainer.ports', mergedBy('containerPort', 'protocol')),
  readinessProbe: ref(probe, '@EphemeralContainer.readinessProbe'),
  resizePolicy: list(containerResizePolicy, '@EphemeralContainer.resizePolicy', atomic),
  resources: ref(resourceRequirements, '@EphemeralContainer.resources'),
  restartPolicy: string('@EphemeralContainer.restartPolicy'),
  restartPolicyRules: list(containerRestartRule, '@EphemeralContainer.restartPolicyRules', atomic),
  securityContext: ref(securityContext, '@EphemeralContainer.securityContext'),
  startupProbe: ref(probe, '@EphemeralContainer.startupProbe'),
  stdin: boolean('@EphemeralContainer.stdin'),
  stdinOnce: boolean('@EphemeralContainer.stdinOnce'),
  targetContainerName: string('@EphemeralContainer.targetContainerName'),
  terminationMessagePath: string('@EphemeralContainer.terminationMessagePath'),
  terminationMessagePolicy: string('@EphemeralContainer.terminationMessagePolicy'),
  tty: boolean('@EphemeralContainer.tty'),
  volumeDevices: list(volumeDevice, '@EphemeralContainer.volumeDevices', mergedBy('devicePath')),
  volumeMounts: list(volumeMount, '@EphemeralContainer.volumeMounts', mergedBy('mountPath')),
  workingDir: string('@EphemeralContainer.workingDir'),
};

/** @EphemeralContainer. */
export interface EphemeralContainer extends Fields<typeof ephemeralContainerFields> {}
export const ephemeralContainer: Model<EphemeralContainer> = model('io.k8s.api.core.v1.EphemeralContainer', '@EphemeralContainer', ephemeralContainerFields);
