/**
 * What `kubectl get pods` says of a pod in a word: the Ready, Status and Restarts columns (kubectl's printers). Status is the
 * phase, unless something tells more: a reason, the progress of init containers, why a container waits or ended, that the pod is
 * going away.
 */
import { age } from '../duration.ts';
import type { Container } from './container.ts';
import type { ContainerStateTerminated, ContainerStatus } from './container-status.ts';
import type { Pod } from '../kinds/core/pod.ts';

export interface PodSummary {
  readonly status: string;
  readonly ready: number;
  readonly total: number;
  readonly restarts: number;
  /** When a container last ended, of those whose restarts count. */
  readonly lastRestart: string | undefined;
}

interface Restarts {
  readonly count: number;
  readonly last: string | undefined;
}

function restartsOf(statuses: readonly ContainerStatus[]): Restarts {
  const finished = statuses.flatMap(({ lastState }) => lastState?.terminated?.finishedAt ?? []).sort();
  return { count: statuses.reduce((sum, { restartCount }) => sum + restartCount, 0), last: finished.at(-1) };
}

function isSidecar(container: Container | undefined): boolean {
  return container?.restartPolicy === 'Always';
}

function endText({ reason = '', signal = 0, exitCode }: ContainerStateTerminated): string {
  if (reason !== '') return reason;
  return signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`;
}

function hasCondition(pod: Pod, type: string): boolean {
  return pod.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

interface InitProgress {
  /** `Init:…` while a container has yet to end; undefined when all are through. */
  readonly text: string | undefined;
  readonly readySidecars: number;
}

function initProgress(pod: Pod): InitProgress {
  const specs = new Map(pod.spec.initContainers?.map((container) => [container.name, container]));
  let readySidecars = 0;
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (isSidecar(specs.get(status.name)) && status.started === true) {
      if (status.ready) readySidecars++;
      continue;
    }
    if (terminated) return { text: `Init:${endText(terminated)}`, readySidecars };
    const reason = waiting?.reason ?? '';
    const known = reason !== '' && reason !== 'PodInitializing';
    return { text: known ? `Init:${reason}` : `Init:${index}/${specs.size}`, readySidecars };
  }
  return { text: undefined, readySidecars };
}

interface MainState {
  /** The reason of the first container that is not well. */
  readonly reason: string | undefined;
  readonly ready: number;
}

function mainState(statuses: readonly ContainerStatus[]): MainState {
  const troubles = statuses.flatMap(({ state }) => {
    if (state?.waiting?.reason) return [state.waiting.reason];
    return state?.terminated ? [endText(state.terminated)] : [];
  });
  const ready = statuses.filter(
    ({ ready, state }) => ready && state?.running !== undefined && !state.waiting?.reason && !state.terminated,
  );
  return { reason: troubles[0], ready: ready.length };
}

/** One container completed while another runs: the pod is not done. */
function completedText(pod: Pod): string {
  return hasCondition(pod, 'Ready') ? 'Running' : 'NotReady';
}

function isTerminal(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** The phase, or what the status gives as reason, or that the pod is gated. */
function plainStatus({ status }: Pod): string {
  const gated =
    status?.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated') === true;
  if (gated) return 'SchedulingGated';
  return status?.reason || (status?.phase ?? '');
}

/** Deletion outshines all but the end that the pod has already come to. */
function deletionStatus({ metadata, status }: Pod): string | undefined {
  if (metadata.deletionTimestamp === undefined) return undefined;
  if (status?.reason === 'NodeLost') return 'Unknown';
  return isTerminal(status?.phase) ? undefined : 'Terminating';
}

export function podSummary(pod: Pod): PodSummary {
  const { initContainers = [], containers } = pod.spec;
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const total = containers.length + initContainers.filter(isSidecar).length;
  const init = initProgress(pod);
  if (init.text !== undefined && !hasCondition(pod, 'Initialized')) {
    const { count, last } = restartsOf(initContainerStatuses);
    return {
      status: deletionStatus(pod) ?? init.text,
      ready: init.readySidecars,
      total,
      restarts: count,
      lastRestart: last,
    };
  }
  const sidecars = new Set(initContainers.filter(isSidecar).map(({ name }) => name));
  const counted = [...initContainerStatuses.filter(({ name }) => sidecars.has(name)), ...containerStatuses];
  const { count, last } = restartsOf(counted);
  const main = mainState(containerStatuses);
  const reason = main.reason ?? init.text ?? plainStatus(pod);
  const status = reason === 'Completed' && main.ready > 0 ? completedText(pod) : reason;
  return {
    status: deletionStatus(pod) ?? status,
    ready: init.readySidecars + main.ready,
    total,
    restarts: count,
    lastRestart: last,
  };
}

/** `3 (5m ago)`. */
export function restartsText({ restarts, lastRestart }: PodSummary, nowMs: number): string {
  return restarts === 0 || lastRestart === undefined
    ? String(restarts)
    : `${restarts} (${age(lastRestart, nowMs)} ago)`;
}
