/** What Kubernetes fills in where a pod spec says nothing (`pkg/apis/core/v1/defaults.go`). */
import type { Container, ContainerPort } from './container.ts';
import type { EnvVar } from './env.ts';
import type { PodSpec, PodTemplateSpec } from './pod-spec.ts';
import type { HTTPGetAction, LifecycleHandler, Probe } from './probe.ts';
import type { ResourceRequirements } from './resources.ts';
import type { Volume } from './volume.ts';
import type { DownwardAPIVolumeFile, VolumeProjection } from './volume-files.ts';

/** 0644: readable by all, writable by the owner. */
const fileMode = 420;
const tokenSeconds = 3600;

type Present<T> = { [K in keyof T]?: NonNullable<T[K]> };

/** `defaults` under what is given; `undefined` counts as not given, so that the result has all of both. */
export function withDefaults<T extends object, D extends Present<T>>(defaults: D, given: T): T & D {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  // Every key of D is set, by `given` or by `defaults`, and every key of T is as given.
  return { ...defaults, ...set } as T & D;
}

/** An image without a tag, or with the tag `latest`, may change under its name. */
function pullPolicy(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/u.exec(image)?.[1] ?? 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultHttpGet(action: HTTPGetAction): HTTPGetAction {
  return withDefaults({ path: '/', scheme: 'HTTP' }, { ...action, path: action.path === '' ? undefined : action.path });
}

function defaultProbe(probe: Probe): Probe {
  const { httpGet, grpc } = probe;
  return {
    ...withDefaults({ timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }, nonZero(probe)),
    ...(httpGet && { httpGet: defaultHttpGet(httpGet) }),
    ...(grpc && { grpc: withDefaults({ service: '' }, grpc) }),
  };
}

/** In a probe, zero means "not set". */
function nonZero(probe: Probe): Probe {
  return Object.fromEntries(Object.entries(probe).filter(([, value]) => value !== 0));
}

function defaultHandler(handler: LifecycleHandler): LifecycleHandler {
  return handler.httpGet ? { ...handler, httpGet: defaultHttpGet(handler.httpGet) } : handler;
}

function defaultVariable(variable: EnvVar): EnvVar {
  const { valueFrom } = variable;
  if (!valueFrom) return variable;
  const { fieldRef, resourceFieldRef } = valueFrom;
  return {
    ...variable,
    valueFrom: {
      ...valueFrom,
      ...(fieldRef && { fieldRef: withDefaults({ apiVersion: 'v1' }, fieldRef) }),
      ...(resourceFieldRef && { resourceFieldRef: withDefaults({ divisor: '0' }, resourceFieldRef) }),
    },
  };
}

function defaultPort(port: ContainerPort, hostNetwork: boolean): ContainerPort {
  const withProtocol = withDefaults({ protocol: 'TCP' }, port);
  return hostNetwork ? withDefaults({ hostPort: port.containerPort }, withProtocol) : withProtocol;
}

function defaultContainer(container: Container, hostNetwork: boolean): Container {
  const { image = '', livenessProbe, readinessProbe, startupProbe, lifecycle, env, ports } = container;
  return {
    ...withDefaults(
      {
        imagePullPolicy: pullPolicy(image),
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
      container,
    ),
    ...(env && { env: env.map(defaultVariable) }),
    ...(ports && { ports: ports.map((port) => defaultPort(port, hostNetwork)) }),
    ...(livenessProbe && { livenessProbe: defaultProbe(livenessProbe) }),
    ...(readinessProbe && { readinessProbe: defaultProbe(readinessProbe) }),
    ...(startupProbe && { startupProbe: defaultProbe(startupProbe) }),
    ...(lifecycle && {
      lifecycle: {
        ...lifecycle,
        ...(lifecycle.postStart && { postStart: defaultHandler(lifecycle.postStart) }),
        ...(lifecycle.preStop && { preStop: defaultHandler(lifecycle.preStop) }),
      },
    }),
  };
}

function defaultFile(file: DownwardAPIVolumeFile): DownwardAPIVolumeFile {
  return file.fieldRef ? { ...file, fieldRef: withDefaults({ apiVersion: 'v1' }, file.fieldRef) } : file;
}

function defaultProjection(source: VolumeProjection): VolumeProjection {
  const { serviceAccountToken, downwardAPI } = source;
  return {
    ...source,
    ...(serviceAccountToken && {
      serviceAccountToken: withDefaults({ expirationSeconds: tokenSeconds }, serviceAccountToken),
    }),
    ...(downwardAPI?.items && { downwardAPI: { ...downwardAPI, items: downwardAPI.items.map(defaultFile) } }),
  };
}

/** A volume without a source is an empty directory. */
function defaultVolume(volume: Volume): Volume {
  const { name, ...sources } = volume;
  const { configMap, secret, downwardAPI, projected, hostPath } = sources;
  if (Object.values(sources).every((source) => source === undefined)) return { name, emptyDir: {} };
  return {
    ...volume,
    ...(configMap && { configMap: withDefaults({ defaultMode: fileMode }, configMap) }),
    ...(secret && { secret: withDefaults({ defaultMode: fileMode }, secret) }),
    ...(hostPath && { hostPath: withDefaults({ type: '' }, hostPath) }),
    ...(downwardAPI && {
      downwardAPI: {
        ...withDefaults({ defaultMode: fileMode }, downwardAPI),
        ...(downwardAPI.items && { items: downwardAPI.items.map(defaultFile) }),
      },
    }),
    ...(projected && {
      projected: {
        ...withDefaults({ defaultMode: fileMode }, projected),
        ...(projected.sources && { sources: projected.sources.map(defaultProjection) }),
      },
    }),
  };
}

/** The old name and the new name of one field. */
function defaultAccount(spec: PodSpec): Pick<PodSpec, 'serviceAccount' | 'serviceAccountName'> {
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  return account === undefined ? {} : { serviceAccount: account, serviceAccountName: account };
}

/** Of a pod and of a template alike. */
export function defaultPodSpec(spec: PodSpec): PodSpec {
  const { containers, initContainers, volumes, hostNetwork = false } = spec;
  return {
    ...withDefaults(
      {
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        securityContext: {},
        schedulerName: 'default-scheduler',
      },
      spec,
    ),
    ...defaultAccount(spec),
    containers: containers.map((container) => defaultContainer(container, hostNetwork)),
    ...(initContainers && {
      initContainers: initContainers.map((container) => defaultContainer(container, hostNetwork)),
    }),
    ...(volumes && { volumes: volumes.map(defaultVolume) }),
  };
}

export function defaultPodTemplate(template: PodTemplateSpec): PodTemplateSpec {
  return { ...template, spec: defaultPodSpec(template.spec) };
}

/** What is limited but not asked for is asked for up to the limit. */
function requestsFromLimits(resources: ResourceRequirements | undefined): ResourceRequirements {
  if (!resources?.limits) return resources ?? {};
  return { ...resources, requests: { ...resources.limits, ...resources.requests } };
}

/** What only pods get, not templates: from a template they would look like the user's wish. */
export function defaultPodOnly(spec: PodSpec): PodSpec {
  const withRequests = (container: Container): Container => ({
    ...container,
    resources: requestsFromLimits(container.resources),
  });
  return {
    ...withDefaults({ enableServiceLinks: true }, spec),
    containers: spec.containers.map(withRequests),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(withRequests) }),
  };
}
