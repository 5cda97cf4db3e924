/**
 * The probes of one pod's containers. Each runs in a loop of its own from the container's start to its end; what changes is told.
 *
 * A startup probe holds back the other two. A readiness probe that has not succeeded yet is tried more often than its period, so
 * that a server that needs half a second is not unready for ten.
 */
import type { Container, Probe } from '@flotilla/api';
import { sleep, type Clock } from '@flotilla/base';
import type { RuntimeService } from '../runtime/cri.ts';
import type { ContainerHealth } from '../pod/plan.ts';
import { check } from './check.ts';

export interface ProbedContainer {
  readonly container: Container;
  readonly containerId: string;
  readonly podAddress: string;
}

export interface Prober {
  /** Begins to probe; no effect on a container that is probed already. */
  watch(probed: ProbedContainer): void;
  /** Ends the probes of all containers but these. */
  keep(containerIds: ReadonlySet<string>): void;
  healthOf(containerId: string): ContainerHealth;
  isReady(containerId: string): boolean;
  /** Resolves when no probe runs any more. */
  close(): Promise<void>;
}

export interface ProberOptions {
  readonly runtime: RuntimeService;
  readonly clock: Clock;
  /** A container's health or readiness changed. */
  changed(): void;
  /** A try failed; for people. */
  failed(container: Container, kind: ProbeKind, message: string): void;
}

export type ProbeKind = 'Liveness' | 'Readiness' | 'Startup';

interface ProbeState {
  started: boolean;
  ready: boolean;
  failure: string | undefined;
  /** Without a readiness probe a container is ready from its start on. */
  readonly readyOnceStarted: boolean;
  readonly controller: AbortController;
}

/** How soon a container that was never ready is asked again: at first soon, later at this pace or its own if that is faster. */
const eagerMaxMs = 500;
const eagerMinMs = 50;
/** A command costs more than a connection. */
const eagerExecMinMs = 250;

export function createProber({ runtime, clock, changed, failed }: ProberOptions): Prober {
  const states = new Map<string, ProbeState>();
  const loops = new Set<Promise<void>>();

  const loop = async (
    kind: ProbeKind,
    probe: Probe,
    at: ProbedContainer & { readonly state: ProbeState },
  ): Promise<void> => {
    const { container, containerId, podAddress, state } = at;
    const { signal } = state.controller;
    const { periodSeconds = 10, timeoutSeconds = 1, successThreshold = 1, failureThreshold = 3 } = probe;
    await sleep(clock, (probe.initialDelaySeconds ?? 0) * 1000, signal);
    let successes = 0;
    let failures = 0;
    let eagerMs = probe.exec ? eagerExecMinMs : eagerMinMs;
    // A container that needs a moment to begin to serve is no news.
    let toldAtMs = kind === 'Readiness' ? clock.monotonicMs() : -Infinity;
    while (!signal.aborted) {
      const timeoutMs = timeoutSeconds * 1000;
      const result = await check(probe, { runtime, container, containerId, podAddress, timeoutMs, signal });
      if (signal.aborted) return;
      successes = result.success ? successes + 1 : 0;
      failures = result.success ? 0 : failures + 1;
      // People are told once a period, not of every eager try.
      if (!result.success && clock.monotonicMs() - toldAtMs >= periodSeconds * 1000) {
        toldAtMs = clock.monotonicMs();
        failed(container, kind, result.message);
      }
      const verdict = successes >= successThreshold ? true : failures >= failureThreshold ? false : undefined;
      if (verdict !== undefined && judge(state, kind, verdict)) changed();
      if (kind === 'Startup' && (state.started || state.failure !== undefined)) return;
      if (kind === 'Liveness' && state.failure !== undefined) return;
      const waitMs = periodSeconds * 1000;
      await sleep(clock, kind === 'Readiness' && !state.ready ? Math.min(eagerMs, waitMs) : waitMs, signal);
      eagerMs = Math.min(eagerMaxMs, eagerMs * 2);
    }
  };

  const run = async (probed: ProbedContainer, state: ProbeState): Promise<void> => {
    const { startupProbe, livenessProbe, readinessProbe } = probed.container;
    const at = { ...probed, state };
    if (startupProbe) await loop('Startup', startupProbe, at);
    if (!state.started || state.controller.signal.aborted) return;
    await Promise.all([
      livenessProbe && loop('Liveness', livenessProbe, at),
      readinessProbe && loop('Readiness', readinessProbe, at),
    ]);
  };

  return {
    watch(probed) {
      const { container, containerId } = probed;
      if (states.has(containerId)) return;
      const state: ProbeState = {
        started: !container.startupProbe,
        ready: !container.startupProbe && !container.readinessProbe,
        failure: undefined,
        readyOnceStarted: !container.readinessProbe,
        controller: new AbortController(),
      };
      states.set(containerId, state);
      const running = run(probed, state);
      loops.add(running);
      void running.finally(() => loops.delete(running));
    },
    keep(containerIds) {
      for (const [id, state] of states) {
        if (containerIds.has(id)) continue;
        state.controller.abort();
        states.delete(id);
      }
    },
    healthOf: (id) => states.get(id) ?? { started: false, failure: undefined },
    isReady: (id) => states.get(id)?.ready ?? false,
    async close() {
      for (const state of states.values()) state.controller.abort();
      states.clear();
      await Promise.all(loops);
    },
  };

  function judge(state: ProbeState, kind: ProbeKind, success: boolean): boolean {
    const before = { ...state };
    if (kind === 'Readiness') state.ready = success;
    else if (!success) state.failure = kind;
    else if (kind === 'Startup') {
      state.started = true;
      state.ready ||= state.readyOnceStarted;
    }
    return before.ready !== state.ready || before.failure !== state.failure || before.started !== state.started;
  }
}
