/** The API's status of each container, from what the runtime has of it. */
import type { Container, ContainerState, ContainerStatus, Pod } from '@flotilla/api';
import { attemptsOf, type ContainerView, type PodView } from './pod-view.ts';

export interface Waiting {
  readonly reason: string;
  readonly message?: string;
}

export interface StatusSources {
  readonly pod: Pod;
  readonly view: PodView;
  /** Prefix of container ids: the runtime's name. */
  readonly runtimeName: string;
  /** Why a container does not run now; the worker knows. */
  waitingOf(name: string): Waiting | undefined;
  isReady(containerId: string): boolean;
  isStarted(containerId: string): boolean;
}

export function containerStatuses(
  containers: readonly Container[],
  sources: StatusSources,
  kind: 'init' | 'main',
): ContainerStatus[] {
  return containers.map((container) => containerStatus(container, sources, kind));
}

function containerStatus(container: Container, sources: StatusSources, kind: 'init' | 'main'): ContainerStatus {
  const { pod, view, runtimeName } = sources;
  const attempts = attemptsOf(view, container.name).filter(({ state }) => state !== 'CONTAINER_CREATED');
  const [latest, previous] = attempts;
  const known = knownStatus(pod, container.name);
  const waiting = sources.waitingOf(container.name);
  const running = latest?.state === 'CONTAINER_RUNNING';
  const image = container.image ?? '';
  const common = { name: container.name, image, imageID: '' };
  if (!latest) {
    // Records were lost, but the API knows how it ended.
    if (known?.state?.terminated && !waiting) return { ...known, ready: false };
    const state = { waiting: waiting ?? initialWaiting(pod, kind) };
    return { ...common, ready: false, started: false, restartCount: known?.restartCount ?? 0, state, lastState: {} };
  }
  const state: ContainerState = waiting && !running ? { waiting } : stateOf(latest, runtimeName);
  const before = state.waiting ? latest : previous;
  return {
    ...common,
    containerID: `${runtimeName}://${latest.id}`,
    restartCount: latest.attempt,
    started: running && sources.isStarted(latest.id),
    ready: isReady(latest, { kind, sources }),
    state,
    lastState: before ? stateOf(before, runtimeName) : (known?.lastState ?? {}),
  };
}

/** A container proper or a sidecar is ready while it serves, an init container once it is done. */
function isReady(
  latest: ContainerView,
  { kind, sources }: { readonly kind: string; readonly sources: StatusSources },
): boolean {
  if (latest.state === 'CONTAINER_RUNNING') return sources.isReady(latest.id);
  return kind === 'init' && latest.exitCode === 0;
}

function stateOf(view: ContainerView, runtimeName: string): ContainerState {
  const startedAt = apiTime(view.startedAtMs);
  if (view.state === 'CONTAINER_RUNNING') return { running: { startedAt } };
  const { exitCode, reason, message } = view;
  return {
    terminated: {
      containerID: `${runtimeName}://${view.id}`,
      exitCode,
      reason,
      ...(message !== '' && { message }),
      startedAt,
      finishedAt: apiTime(view.finishedAtMs),
    },
  };
}

function knownStatus(pod: Pod, name: string): ContainerStatus | undefined {
  const { containerStatuses: main = [], initContainerStatuses: init = [] } = pod.status ?? {};
  return [...main, ...init].find((status) => status.name === name);
}

function initialWaiting(pod: Pod, kind: 'init' | 'main'): Waiting {
  const initialising = kind === 'init' || (pod.spec.initContainers ?? []).length > 0;
  return { reason: initialising ? 'PodInitializing' : 'ContainerCreating' };
}

/** RFC 3339 with whole seconds, as the API stores times. */
export function apiTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
