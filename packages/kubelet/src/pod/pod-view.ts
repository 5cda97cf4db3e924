/** What the runtime has of one pod, newest first: all that a worker decides on, beside the pod itself. */
import type { ContainerState, RuntimeService } from '../runtime/cri.ts';
import { containerNameLabel, podUidLabel } from './pod-labels.ts';

export interface SandboxView {
  readonly id: string;
  readonly attempt: number;
  readonly ready: boolean;
  readonly address: string;
}

export interface ContainerView {
  readonly id: string;
  readonly name: string;
  /** How often the container was started before this one. */
  readonly attempt: number;
  readonly sandboxId: string;
  readonly state: ContainerState;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly logPath: string;
}

export interface PodView {
  readonly sandboxes: readonly SandboxView[];
  readonly containers: readonly ContainerView[];
}

export async function readPodView(runtime: RuntimeService, uid: string): Promise<PodView> {
  const filter = { label_selector: { [podUidLabel]: uid } };
  const { items } = await runtime.listPodSandbox({ filter });
  const sandboxes = await Promise.all(
    items.map(async ({ id, metadata }): Promise<SandboxView> => {
      const { status } = await runtime.podSandboxStatus({ pod_sandbox_id: id });
      return {
        id,
        attempt: metadata.attempt,
        ready: status.state === 'SANDBOX_READY',
        address: status.network.ip,
      };
    }),
  );
  const listed = await runtime.listContainers({ filter });
  const containers = await Promise.all(listed.containers.map(({ id }) => readContainer(runtime, id)));
  return {
    sandboxes: sandboxes.sort((a, b) => b.attempt - a.attempt),
    containers: containers.sort((a, b) => b.attempt - a.attempt),
  };
}

async function readContainer(runtime: RuntimeService, id: string): Promise<ContainerView> {
  const { status } = await runtime.containerStatus({ container_id: id });
  return {
    id,
    name: status.labels[containerNameLabel] ?? status.metadata.name,
    attempt: status.metadata.attempt,
    sandboxId: status.pod_sandbox_id,
    state: status.state,
    startedAtMs: Number(status.started_at / 1_000_000n),
    finishedAtMs: Number(status.finished_at / 1_000_000n),
    exitCode: status.exit_code,
    reason: status.reason,
    message: status.message,
    logPath: status.log_path,
  };
}

/** The sandbox that containers may start in. */
export function readySandbox({ sandboxes }: PodView): SandboxView | undefined {
  return sandboxes.find(({ ready }) => ready);
}

/** All that were made of one container, newest first. */
export function attemptsOf({ containers }: PodView, name: string): readonly ContainerView[] {
  return containers.filter((container) => container.name === name);
}
