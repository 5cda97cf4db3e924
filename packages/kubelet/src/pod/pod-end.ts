/**
 * Ends all containers of a pod: preStop hooks and SIGTERM share the grace period, then SIGKILL; sidecars after the others. `hurry`
 * shortens the grace while it runs.
 */
import type { Container, Pod } from '@flotilla/api';
import { messageOf } from '@flotilla/base';
import { runHook } from './container-starter.ts';
import { isSidecar } from './plan.ts';
import { attemptsOf, readPodView, type ContainerView, type PodView } from './pod-view.ts';
import { identityOf } from './pod-labels.ts';
import { recordAbout, type PodSurroundings } from './surroundings.ts';

export interface PodEnd {
  /** Resolves when no container of the pod runs any more. */
  readonly done: Promise<void>;
  /** Leaves at most so many seconds. */
  hurry(graceSeconds: number): void;
}

export interface PodEndRequest {
  readonly pod: Pod;
  readonly graceSeconds: number;
  readonly signal: AbortSignal;
}

export function endPod(surroundings: PodSurroundings, { pod, graceSeconds, signal }: PodEndRequest): PodEnd {
  const hurrying = new AbortController();
  const deadline = { atMs: surroundings.clock.monotonicMs() + graceSeconds * 1000 };
  const stopping = new Set<string>();
  const remainingMs = (): number => Math.max(0, deadline.atMs - surroundings.clock.monotonicMs());

  const stop = async (container: Container, { id }: ContainerView, view: PodView): Promise<void> => {
    const message = `Stopping container ${container.name}`;
    recordAbout(surroundings, pod, { type: 'Normal', reason: 'Killing', message });
    const hook = container.lifecycle?.preStop;
    if (hook && remainingMs() > 0) {
      const podAddress = view.sandboxes[0]?.address ?? '';
      const anySignal = AbortSignal.any([signal, hurrying.signal]);
      const result = await runHook(surroundings, {
        hook,
        container,
        containerId: id,
        podAddress,
        timeoutMs: remainingMs(),
        signal: anySignal,
      });
      if (!result.success && !anySignal.aborted) {
        recordAbout(surroundings, pod, {
          type: 'Warning',
          reason: 'FailedPreStopHook',
          message: `PreStopHook failed: ${result.message}`,
        });
      }
    }
    stopping.add(id);
    // A hook that used up the grace leaves the standard's two seconds.
    const timeout = hook ? Math.max(2, remainingMs() / 1000) : remainingMs() / 1000;
    await surroundings.runtime.stopContainer(
      { container_id: id, timeout: graceSeconds === 0 ? 0 : timeout },
      { signal },
    );
  };

  const stopAll = async (containers: readonly Container[]): Promise<void> => {
    const view = await readPodView(surroundings.runtime, identityOf(pod).uid);
    await Promise.all(
      containers.map(async (container) => {
        const running = attemptsOf(view, container.name).find(({ state }) => state === 'CONTAINER_RUNNING');
        if (running) await stop(container, running, view);
      }),
    );
  };

  const run = async (): Promise<void> => {
    const { containers, initContainers = [] } = pod.spec;
    await stopAll([...containers, ...initContainers.filter((container) => !isSidecar(container))]);
    for (const sidecar of initContainers.filter(isSidecar).reverse()) await stopAll([sidecar]);
  };

  return {
    done: run(),
    hurry(seconds) {
      const atMs = surroundings.clock.monotonicMs() + seconds * 1000;
      if (atMs >= deadline.atMs) return;
      deadline.atMs = atMs;
      hurrying.abort();
      for (const id of stopping) {
        surroundings.runtime
          .stopContainer({ container_id: id, timeout: seconds }, { signal })
          .catch((error: unknown) => {
            surroundings.logger.warn('a container did not stop sooner', { container: id, reason: messageOf(error) });
          });
      }
    },
  };
}
