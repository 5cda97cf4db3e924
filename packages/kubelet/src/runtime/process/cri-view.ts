/** The runtime's records as CRI messages. */
import type { Container, ContainerState, ContainerStatus, PodSandbox, PodSandboxStatus } from '../cri.ts';
import type { ContainerRecord, SandboxRecord } from './container-record.ts';

const containerStates: Readonly<Record<ContainerRecord['phase']['state'], ContainerState>> = {
  created: 'CONTAINER_CREATED',
  starting: 'CONTAINER_CREATED',
  running: 'CONTAINER_RUNNING',
  exited: 'CONTAINER_EXITED',
};

export function describeSandbox({ id, config, state, createdAtMs }: SandboxRecord): PodSandbox {
  const { metadata, labels, annotations } = config;
  return {
    id,
    metadata,
    state: state === 'ready' ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY',
    created_at: nanoseconds(createdAtMs),
    labels,
    annotations,
  };
}

export function sandboxStatusOf(record: SandboxRecord): PodSandboxStatus {
  return { ...describeSandbox(record), network: { ip: record.address, additional_ips: [] } };
}

export function describeContainer({ id, sandboxId, config, createdAtMs, phase }: ContainerRecord): Container {
  const { metadata, image, labels, annotations } = config;
  return {
    id,
    pod_sandbox_id: sandboxId,
    metadata,
    image,
    image_ref: '',
    state: containerStates[phase.state],
    created_at: nanoseconds(createdAtMs),
    labels,
    annotations,
  };
}

export function statusOfContainer(record: ContainerRecord, logPath: string): ContainerStatus {
  const { phase } = record;
  const exit = phase.state === 'exited' ? phase.exit : undefined;
  return {
    ...describeContainer(record),
    started_at: phase.state === 'created' ? 0n : nanoseconds(phase.startedAtMs),
    finished_at: phase.state === 'exited' ? nanoseconds(phase.finishedAtMs) : 0n,
    exit_code: exit?.exitCode ?? 0,
    reason: exit?.reason ?? '',
    message: exit?.message ?? '',
    log_path: logPath,
  };
}

export function matchesLabels(
  labels: Readonly<Record<string, string>>,
  selector: Readonly<Record<string, string>> | undefined,
): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds)) * 1_000_000n;
}
