/**
 * What a pod needs next: a pure function of the pod, what the runtime has of it, and the probes. The worker does it and asks again.
 *
 * Init containers run one after the other, each to its end; those with `restartPolicy: Always` (sidecars) are only started, and
 * kept running beside the others. A pod is over when no container runs or is to be restarted; sidecars do not count.
 */
import type { Container, Pod } from '@flotilla/api';
import { attemptsOf, readySandbox, type ContainerView, type PodView } from './pod-view.ts';
import type { RestartBackoff } from './restart-backoff.ts';

export interface ContainerHealth {
  /** The startup probe, if any, has succeeded. */
  readonly started: boolean;
  /** What is wrong when the liveness or startup probe failed for good. */
  readonly failure: string | undefined;
}

export interface PlanInput {
  readonly pod: Pod;
  readonly view: PodView;
  readonly backoff: RestartBackoff;
  healthOf(containerId: string): ContainerHealth;
  readonly nowMs: number;
}

export interface ContainerStart {
  readonly container: Container;
  readonly attempt: number;
}

export interface PodPlan {
  /** Attempt of the sandbox to run before anything is started. */
  readonly newSandbox: number | undefined;
  readonly starts: readonly ContainerStart[];
  /** Unhealthy containers, to be stopped with the pod's grace. */
  readonly stops: readonly { readonly view: ContainerView; readonly message: string }[];
  /** Container name → milliseconds until its restart. */
  readonly waits: ReadonlyMap<string, number>;
  readonly over: boolean;
}

const over: PodPlan = { newSandbox: undefined, starts: [], stops: [], waits: new Map(), over: true };

export function planPod(input: PlanInput): PodPlan {
  const { pod, view } = input;
  if (isOver(input)) return over;
  const sandbox = readySandbox(view);
  const draft: Draft = { starts: [], stops: [], waits: new Map() };
  const initialised = planInit(input, { sandboxId: sandbox?.id, draft });
  if (initialised) {
    for (const container of pod.spec.containers) {
      const ended = hasEnded(pod, attemptsOf(view, container.name)[0]);
      if (!ended) planContainer(container, input, { sandboxId: sandbox?.id, draft });
    }
  }
  const lastAttempt = view.sandboxes[0]?.attempt ?? -1;
  const newSandbox = sandbox || draft.starts.length === 0 ? undefined : lastAttempt + 1;
  return { newSandbox, ...draft, over: false };
}

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

interface Draft {
  readonly starts: ContainerStart[];
  readonly stops: { readonly view: ContainerView; readonly message: string }[];
  readonly waits: Map<string, number>;
}

interface PlanContext {
  readonly sandboxId: string | undefined;
  readonly draft: Draft;
}

function isOver({ pod, view }: PlanInput): boolean {
  const initFailed = (pod.spec.initContainers ?? []).some((container) => {
    const [latest] = attemptsOf(view, container.name);
    return !isSidecar(container) && latest?.state === 'CONTAINER_EXITED' && latest.exitCode !== 0 && neverRestarts(pod);
  });
  return initFailed || pod.spec.containers.every((container) => hasEnded(pod, attemptsOf(view, container.name)[0]));
}

/** The container ran and is not to be started again. */
function hasEnded(pod: Pod, latest: ContainerView | undefined): boolean {
  if (latest?.state !== 'CONTAINER_EXITED') return false;
  if (neverRestarts(pod)) return true;
  return pod.spec.restartPolicy === 'OnFailure' && latest.exitCode === 0;
}

function neverRestarts(pod: Pod): boolean {
  return pod.spec.restartPolicy === 'Never';
}

/** True when the containers proper may run. */
function planInit(input: PlanInput, context: PlanContext): boolean {
  const { pod, view } = input;
  const { sandboxId } = context;
  // Containers proper in this sandbox prove that its init is done, even if records of it were lost.
  const done = pod.spec.containers.some(({ name }) => attemptsOf(view, name)[0]?.sandboxId === sandboxId);
  for (const container of pod.spec.initContainers ?? []) {
    if (isSidecar(container)) {
      planContainer(container, input, context);
      const [latest] = attemptsOf(view, container.name);
      const started = latest?.state === 'CONTAINER_RUNNING' && input.healthOf(latest.id).started;
      if (!started && !(done && sandboxId !== undefined)) return false;
      continue;
    }
    if (done && sandboxId !== undefined) continue;
    const [latest] = attemptsOf(view, container.name);
    const finished = latest?.state === 'CONTAINER_EXITED' && latest.exitCode === 0 && latest.sandboxId === sandboxId;
    if (finished) continue;
    planContainer(container, input, context);
    return false;
  }
  return true;
}

function planContainer(container: Container, input: PlanInput, { sandboxId, draft }: PlanContext): void {
  const { view, backoff, nowMs } = input;
  const [latest] = attemptsOf(view, container.name);
  const here = latest?.sandboxId === sandboxId && sandboxId !== undefined;
  if (latest?.state === 'CONTAINER_RUNNING' && here) {
    const { failure } = input.healthOf(latest.id);
    if (failure !== undefined) draft.stops.push({ view: latest, message: failure });
    return;
  }
  const waitMs =
    latest?.state === 'CONTAINER_EXITED'
      ? backoff.waitMs(container.name, { finishedAtMs: latest.finishedAtMs, nowMs })
      : 0;
  if (waitMs > 0) draft.waits.set(container.name, waitMs);
  else draft.starts.push({ container, attempt: nextAttempt(input, container.name) });
}

/** Counts on after what the API says when the runtime has lost its records. */
function nextAttempt({ pod, view }: PlanInput, name: string): number {
  const [latest] = attemptsOf(view, name);
  // Made but never started: a kubelet died in between.
  if (latest?.state === 'CONTAINER_CREATED') return latest.attempt;
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const known = statuses.find((status) => status.name === name && status.containerID !== undefined)?.restartCount ?? -1;
  return Math.max(latest?.attempt ?? -1, known) + 1;
}
