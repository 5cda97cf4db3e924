/** A pod's containers as the runtime wants them. */
import { join } from 'node:path';
import type { Container, Pod } from '@flotilla/api';
import type { ContainerConfig, PodSandboxConfig } from '../runtime/cri.ts';
import { expand } from './expand.ts';
import { containerNameLabel, identityOf, podLabels } from './pod-labels.ts';
import { mountsOf, type VolumePaths } from './volumes.ts';

/** Directory of a pod's logs below that of all logs: Kubernetes' own name. */
export function podLogDirectory(logs: string, pod: Pick<Pod, 'metadata'>): string {
  const { namespace, name, uid } = identityOf(pod);
  return join(logs, `${namespace}_${name}_${uid}`);
}

export interface SandboxInput {
  readonly pod: Pod;
  readonly attempt: number;
  /** Of the node, for pods in its network. */
  readonly nodeHostname: string;
  readonly logDirectory: string;
}

export function sandboxConfig({ pod, attempt, nodeHostname, logDirectory }: SandboxInput): PodSandboxConfig {
  const identity = identityOf(pod);
  const hostNetwork = pod.spec.hostNetwork === true;
  return {
    metadata: { ...identity, attempt },
    hostname: hostNetwork ? nodeHostname : (pod.spec.hostname ?? identity.name),
    log_directory: logDirectory,
    labels: { ...pod.metadata.labels, ...podLabels(identity) },
    annotations: pod.metadata.annotations ?? {},
    linux: { security_context: { namespace_options: { network: hostNetwork ? 'NODE' : 'POD' } } },
  };
}

export interface ContainerInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly attempt: number;
  readonly variables: ReadonlyMap<string, string>;
  readonly volumes: VolumePaths;
}

/** @throws OperatingError `CONTAINER_CONFIG` */
export function containerConfig({ pod, container, attempt, variables, volumes }: ContainerInput): ContainerConfig {
  const expandAll = (words: readonly string[] | undefined): string[] =>
    (words ?? []).map((word) => expand(word, variables));
  const user = container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser;
  const group = container.securityContext?.runAsGroup ?? pod.spec.securityContext?.runAsGroup;
  return {
    metadata: { name: container.name, attempt },
    image: { image: container.image ?? '' },
    command: expandAll(container.command),
    args: expandAll(container.args),
    working_dir: container.workingDir ?? '',
    envs: [...variables].map(([key, value]) => ({ key, value })),
    mounts: mountsOf(container, { volumes, variables }),
    labels: { ...podLabels(identityOf(pod)), [containerNameLabel]: container.name },
    annotations: {},
    log_path: join(container.name, `${attempt}.log`),
    linux: {
      security_context: {
        ...(user !== undefined && { run_as_user: { value: user } }),
        ...(group !== undefined && { run_as_group: { value: group } }),
      },
    },
  };
}
