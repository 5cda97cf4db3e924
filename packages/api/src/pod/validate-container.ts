/** Validation of containers, init containers included. */
import { duplicate, forbidden, invalid, notFound, missing, type FieldError } from '../field-error.ts';
import { each, notEmpty, oneOf, optionalOneOf, repeated } from '../validation/checks.ts';
import { invalidAll } from '../validation/metadata.ts';
import { dnsLabelProblems, portNameProblems, portNumberProblems } from '../validation/names.ts';
import type { Container, ContainerPort, VolumeMount } from './container.ts';
import type { PodSpec } from './pod-spec.ts';
import { validateEnvironment } from './validate-env.ts';
import { validateProbes } from './validate-probe.ts';
import { validateResources } from './validate-resources.ts';

export const protocols: readonly string[] = ['SCTP', 'TCP', 'UDP'];
export const pullPolicies: readonly string[] = ['Always', 'IfNotPresent', 'Never'];

interface ContainerContext {
  readonly hostNetwork: boolean;
  readonly volumeNames: ReadonlySet<string>;
}

function validatePort(port: ContainerPort, path: string, hostNetwork: boolean): readonly FieldError[] {
  const { name = '', containerPort, hostPort = 0, protocol } = port;
  return [
    ...(name === '' ? [] : invalidAll(`${path}.name`, name, portNameProblems(name))),
    ...(containerPort === 0
      ? [missing(`${path}.containerPort`)]
      : invalidAll(`${path}.containerPort`, containerPort, portNumberProblems(containerPort))),
    ...(hostPort === 0 ? [] : invalidAll(`${path}.hostPort`, hostPort, portNumberProblems(hostPort))),
    ...oneOf(`${path}.protocol`, protocol, protocols),
    ...(hostNetwork && hostPort !== containerPort
      ? [invalid(`${path}.containerPort`, containerPort, 'must match `hostPort` when `hostNetwork` is true')]
      : []),
  ];
}

function validatePorts(ports: Container['ports'], path: string, hostNetwork: boolean): readonly FieldError[] {
  const again = repeated(ports, ({ name = '' }) => name);
  return each(ports, path, (port, itemPath, index) => [
    ...validatePort(port, itemPath, hostNetwork),
    ...(again.has(index) ? [duplicate(`${itemPath}.name`, port.name)] : []),
  ]);
}

/** A path inside a volume must stay inside it. */
export function relativePathErrors(field: string, path: string): readonly FieldError[] {
  if (path.startsWith('/')) return [invalid(field, path, 'must be a relative path')];
  return path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : [];
}

function validateMount(
  { name, mountPath, subPath = '', subPathExpr = '' }: VolumeMount,
  path: string,
  { volumeNames }: ContainerContext,
): readonly FieldError[] {
  return [
    ...notEmpty(`${path}.name`, name),
    ...(volumeNames.has(name) ? [] : [notFound(`${path}.name`, name)]),
    ...notEmpty(`${path}.mountPath`, mountPath),
    ...relativePathErrors(`${path}.subPath`, subPath),
    ...(subPath !== '' && subPathExpr !== ''
      ? [invalid(`${path}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')]
      : []),
  ];
}

function validateMounts(
  mounts: Container['volumeMounts'],
  path: string,
  context: ContainerContext,
): readonly FieldError[] {
  const again = repeated(mounts, ({ mountPath }) => mountPath);
  return each(mounts, path, (mount, itemPath, index) => [
    ...validateMount(mount, itemPath, context),
    ...(again.has(index) ? [invalid(`${itemPath}.mountPath`, mount.mountPath, 'must be unique')] : []),
  ]);
}

function validateImage(image: string | undefined, path: string): readonly FieldError[] {
  if (image === undefined || image === '') return [missing(path)];
  return image.trim() === image ? [] : [invalid(path, image, 'must not have leading or trailing whitespace')];
}

function validateContainer(container: Container, path: string, context: ContainerContext): readonly FieldError[] {
  const { name, image, ports, imagePullPolicy, terminationMessagePolicy, resources } = container;
  return [
    ...(name === '' ? [missing(`${path}.name`)] : invalidAll(`${path}.name`, name, dnsLabelProblems(name))),
    ...validateImage(image, `${path}.image`),
    ...oneOf(`${path}.terminationMessagePolicy`, terminationMessagePolicy, ['FallbackToLogsOnError', 'File']),
    ...validateProbes(container, path),
    ...validatePorts(ports, `${path}.ports`, context.hostNetwork),
    ...validateEnvironment(container, path),
    ...validateMounts(container.volumeMounts, `${path}.volumeMounts`, context),
    ...oneOf(`${path}.imagePullPolicy`, imagePullPolicy, pullPolicies),
    ...validateResources(resources, `${path}.resources`),
  ];
}

const probesOfMain = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

/** An init container ends before the next begins, so nothing may probe it, unless it is a sidecar (`restartPolicy: Always`). */
function validateInitRules(container: Container, path: string): readonly FieldError[] {
  if (container.restartPolicy === 'Always') return [];
  return probesOfMain
    .filter((key) => container[key] !== undefined)
    .map((key) => forbidden(`${path}.${key}`, 'may not be set for init containers without restartPolicy=Always'));
}

function hasRestartPolicy({ restartPolicy }: Container, path: string): readonly FieldError[] {
  return restartPolicy === undefined
    ? []
    : [forbidden(`${path}.restartPolicy`, 'may not be set for non-init containers')];
}

export function validateContainers(
  { containers, initContainers = [], hostNetwork = false, volumes = [] }: PodSpec,
  path: string,
): readonly FieldError[] {
  const context = { hostNetwork, volumeNames: new Set(volumes.map(({ name }) => name)) };
  // One namespace of names: main containers are counted first.
  const again = repeated([...containers, ...initContainers], ({ name }) => name);
  const twice = (index: number, { name }: Container, at: string): readonly FieldError[] =>
    again.has(index) ? [duplicate(`${at}.name`, name)] : [];
  return [
    ...(containers.length === 0 ? [missing(`${path}.containers`)] : []),
    ...each(containers, `${path}.containers`, (container, at, index) => [
      ...validateContainer(container, at, context),
      ...hasRestartPolicy(container, at),
      ...twice(index, container, at),
    ]),
    ...each(initContainers, `${path}.initContainers`, (container, at, index) => [
      ...validateContainer(container, at, context),
      ...optionalOneOf(`${at}.restartPolicy`, container.restartPolicy, ['Always']),
      ...validateInitRules(container, at),
      ...twice(containers.length + index, container, at),
    ]),
  ];
}
