/**
 * The worker of one pod: a loop that looks at the pod and at what the runtime has of it, and does what is missing. It is the only
 * one to touch the pod's containers; everything else only wakes it.
 *
 * States: *syncing* (as planned), *ending* (graceful stop, never back), *ended* (nothing runs; a deleted pod is then removed from
 * the API server, one that succeeded or failed waits for its deletion). A worker of a new kubelet begins in the state that pod and
 * runtime show.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as yieldTurn } from 'node:timers/promises';
import { pods, type Container, type Pod } from '@flotilla/api';
import { isConflict, isNotFound } from '@flotilla/api-client';
import { createBackoff, messageOf, sleep, systemRandomness } from '@flotilla/base';
import { createProber, type Prober } from '../probe/prober.ts';
import { podLogDirectory, sandboxConfig } from './container-config.ts';
import { startContainer } from './container-starter.ts';
import type { Waiting } from './container-statuses.ts';
import { planPod, type PodPlan } from './plan.ts';
import { endPod, type PodEnd } from './pod-end.ts';
import { identityOf, type PodIdentity } from './pod-labels.ts';
import { podStatusOf } from './pod-status.ts';
import {
  attemptsOf,
  readPodView,
  readySandbox,
  type ContainerView,
  type PodView,
  type SandboxView,
} from './pod-view.ts';
import { createRestartBackoff } from './restart-backoff.ts';
import { recordAbout, type PodFailure, type PodSurroundings } from './surroundings.ts';

/** A pod that vanished from the API server gets this long, as in Kubernetes' forced deletion. */
const vanishedGraceSeconds = 1;
/** Without any event a worker looks again after this, for what nobody announced. */
const relistMs = 60_000;
/** How long a deleted pod waits for its final status to get through. */
const finalStatusMs = 10_000;
/** How soon something that failed for a reason outside of the kubelet is tried again. */
const retryMs = 5_000;

export class PodWorker {
  readonly identity: PodIdentity;
  readonly #surroundings: PodSurroundings;
  readonly #prober: Prober;
  readonly #backoff = createRestartBackoff();
  readonly #stopped = new AbortController();
  /** Aborted when the pod is to be deleted: nothing of it is started any more, and no hook of a start waited for. */
  readonly #unwanted = new AbortController();
  readonly #waiting = new Map<string, Waiting>();
  readonly #killing = new Set<string>();
  /** Container name → the attempt whose back-off was told. */
  readonly #noted = new Map<string, string>();
  #pod: Pod;
  #vanished = false;
  #admitted = false;
  #failure: PodFailure | undefined;
  #end: PodEnd | undefined;
  #ended = false;
  #dirty = true;
  #nudge = new AbortController();

  constructor(pod: Pod, surroundings: PodSurroundings) {
    this.#pod = pod;
    this.identity = identityOf(pod);
    this.#surroundings = surroundings;
    this.#prober = createProber({
      runtime: surroundings.runtime,
      clock: surroundings.clock,
      changed: () => this.wake(),
      failed: (container, kind, message) => this.#probeFailed(container, `${kind} probe failed: ${message}`),
    });
  }

  /** The pod as the API server has it now. */
  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#unwanted.abort();
      this.#end?.hurry(this.#graceSeconds());
    }
    this.wake();
  }

  /** The API server has the pod no more. */
  vanish(): void {
    this.#vanished = true;
    this.#unwanted.abort();
    this.#end?.hurry(vanishedGraceSeconds);
    this.wake();
  }

  wake(): void {
    this.#dirty = true;
    this.#nudge.abort();
  }

  /** Stops the worker, not the pod. */
  stop(): void {
    this.#stopped.abort();
    this.wake();
  }

  /** Resolves when the pod is gone from API server and node, or the worker was stopped. */
  async run(): Promise<void> {
    const { clock, logger } = this.#surroundings;
    const { signal } = this.#stopped;
    const retry = createBackoff({ initialMs: 200, maxMs: 30_000 }, systemRandomness);
    try {
      while (!signal.aborted) {
        this.#dirty = false;
        this.#nudge = new AbortController();
        let delayMs: number;
        try {
          const next = await this.#step();
          if (next === 'gone') return;
          delayMs = next;
          retry.reset();
        } catch (error) {
          if (signal.aborted) return;
          delayMs = retry.nextMs();
          logger.warn('pod sync failed', { ...this.identity, reason: messageOf(error) });
        }
        if (!this.#dirty) await sleep(clock, delayMs, AbortSignal.any([signal, this.#nudge.signal]));
        // However busy the pod is, the others get their turn.
        await yieldTurn();
      }
    } finally {
      await this.#prober.close();
    }
  }

  /** One pass; how long until the next if nothing happens, milliseconds. */
  async #step(): Promise<number | 'gone'> {
    if (this.#vanished || this.#pod.metadata.deletionTimestamp !== undefined) return this.#remove();
    if (this.#ended || isTerminal(this.#pod)) return this.#settle();
    this.#failure ??= this.#refusal() ?? this.#overdue();
    if (this.#failure) return this.#giveUp();
    return this.#sync();
  }

  async #sync(): Promise<number> {
    const view = await this.#view();
    const plan = planPod({
      pod: this.#pod,
      view,
      backoff: this.#backoff,
      healthOf: (id) => this.#prober.healthOf(id),
      nowMs: this.#surroundings.clock.wallMs(),
    });
    this.#waiting.clear();
    if (plan.over) {
      await this.#stopEverything();
      this.#report(await this.#view());
      this.#ended = true;
      return relistMs;
    }
    this.#noteBackoff(plan, view);
    for (const { view: container, message } of plan.stops) this.#kill(container, message);
    const blocked = await this.#start(plan, view);
    this.#report(await this.#view());
    await this.#forgetOld();
    return Math.min(relistMs, blocked ? retryMs : relistMs, this.#untilOverdueMs(), ...plan.waits.values());
  }

  /** True when something must be tried again later. */
  async #start(plan: PodPlan, view: PodView): Promise<boolean> {
    if (plan.starts.length === 0) return false;
    const sandbox = readySandbox(view) ?? (await this.#runSandbox(plan.newSandbox ?? 0));
    if (!sandbox) return true;
    let blocked = false;
    for (const start of plan.starts) {
      if (this.#stopped.signal.aborted || this.#unwanted.signal.aborted) return false;
      const [latest] = attemptsOf(view, start.container.name);
      if (latest?.state === 'CONTAINER_CREATED')
        await this.#surroundings.runtime.removeContainer({ container_id: latest.id });
      const signal = AbortSignal.any([this.#stopped.signal, this.#unwanted.signal]);
      const request = { pod: this.#pod, sandbox, start, signal };
      const outcome = await startContainer(this.#surroundings, request);
      if (outcome !== 'started') {
        this.#waiting.set(start.container.name, outcome.retry);
        blocked = true;
      } else if (latest?.state === 'CONTAINER_EXITED') {
        this.#backoff.restarted(start.container.name, this.#surroundings.clock.wallMs());
      }
    }
    return blocked;
  }

  async #runSandbox(attempt: number): Promise<SandboxView | undefined> {
    const { runtime, node, logsDirectory } = this.#surroundings;
    const logDirectory = podLogDirectory(logsDirectory, this.#pod);
    try {
      const config = sandboxConfig({ pod: this.#pod, attempt, nodeHostname: node.hostname, logDirectory });
      const { pod_sandbox_id: id } = await runtime.runPodSandbox({ config });
      const { status } = await runtime.podSandboxStatus({ pod_sandbox_id: id });
      return { id, attempt, ready: true, address: status.network.ip };
    } catch (error) {
      const message = `Failed to create pod sandbox: ${messageOf(error)}`;
      recordAbout(this.#surroundings, this.#pod, { type: 'Warning', reason: 'FailedCreatePodSandBox', message });
      return undefined;
    }
  }

  /** In the background: a container that is slow to stop must not keep the worker from seeing the pod's deletion. */
  #kill({ id, name }: ContainerView, failure: string): void {
    if (this.#killing.has(id)) return;
    this.#killing.add(id);
    const message = `Container ${name} failed ${failure.toLowerCase()} probe, will be restarted`;
    recordAbout(this.#surroundings, this.#pod, { type: 'Normal', reason: 'Killing', message });
    const { runtime, logger } = this.#surroundings;
    const timeout = this.#pod.spec.terminationGracePeriodSeconds ?? 30;
    runtime
      .stopContainer({ container_id: id, timeout }, { signal: this.#stopped.signal })
      .catch((error: unknown) =>
        logger.warn('a container did not stop', { ...this.identity, reason: messageOf(error) }),
      )
      .finally(() => {
        this.#killing.delete(id);
        this.wake();
      });
  }

  #noteBackoff({ waits }: PodPlan, view: PodView): void {
    const { namespace, name, uid } = this.identity;
    for (const container of waits.keys()) {
      const delaySeconds = this.#backoff.delayMs(container) / 1000;
      const about = `restarting failed container=${container} pod=${name}_${namespace}(${uid})`;
      this.#waiting.set(container, { reason: 'CrashLoopBackOff', message: `back-off ${delaySeconds}s ${about}` });
      const [latest] = attemptsOf(view, container);
      if (!latest || this.#noted.get(container) === latest.id) continue;
      this.#noted.set(container, latest.id);
      const message = `Back-off ${about}`;
      recordAbout(this.#surroundings, this.#pod, { type: 'Warning', reason: 'BackOff', message });
    }
  }
  /** The runtime's view; probes follow it. */
  async #view(): Promise<PodView> {
    const view = await readPodView(this.#surroundings.runtime, this.identity.uid);
    const { containers, initContainers = [] } = this.#pod.spec;
    const running = view.containers.filter(({ state }) => state === 'CONTAINER_RUNNING');
    this.#prober.keep(new Set(running.map(({ id }) => id)));
    for (const { id, name, sandboxId } of running) {
      const container = [...containers, ...initContainers].find((one) => one.name === name);
      const podAddress = view.sandboxes.find((sandbox) => sandbox.id === sandboxId)?.address ?? '';
      if (container && !this.#end) this.#prober.watch({ container, containerId: id, podAddress });
    }
    return view;
  }

  #report(view: PodView): void {
    if (this.#vanished) return;
    const { statuses, runtimeName, node, clock } = this.#surroundings;
    const pod = statuses.newest(this.#pod);
    const status = podStatusOf({
      pod,
      view,
      runtimeName,
      hostAddress: node.hostAddress,
      nowMs: clock.wallMs(),
      ending: this.#end !== undefined,
      failure: this.#failure,
      waitingOf: (name) => this.#waiting.get(name),
      isReady: (id) => this.#prober.isReady(id),
      isStarted: (id) => this.#prober.healthOf(id).started,
    });
    statuses.set(this.#pod, status);
  }

  /** Keeps the newest two of each container (for `logs --previous`) and the newest sandbox. */
  async #forgetOld(): Promise<void> {
    const { runtime, logsDirectory } = this.#surroundings;
    const view = await readPodView(runtime, this.identity.uid);
    const names = new Set(view.containers.map(({ name }) => name));
    for (const name of names) {
      for (const { id, attempt, state } of attemptsOf(view, name).slice(2)) {
        if (state === 'CONTAINER_RUNNING') continue;
        await runtime.removeContainer({ container_id: id });
        rmSync(join(podLogDirectory(logsDirectory, this.#pod), name, `${attempt}.log`), { force: true });
      }
    }
    const used = new Set(view.containers.map(({ sandboxId }) => sandboxId));
    for (const { id, ready } of view.sandboxes.slice(1)) {
      if (ready || !used.has(id)) await runtime.removePodSandbox({ pod_sandbox_id: id });
    }
  }

  #refusal(): PodFailure | undefined {
    if (this.#admitted) return undefined;
    this.#admitted = true;
    return this.#surroundings.refusalOf(this.#pod);
  }

  #overdue(): PodFailure | undefined {
    if (this.#untilOverdueMs() > 0) return undefined;
    return { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };
  }

  #untilOverdueMs(): number {
    const { activeDeadlineSeconds } = this.#pod.spec;
    const startTime = this.#surroundings.statuses.newest(this.#pod).status?.startTime;
    if (activeDeadlineSeconds === undefined || startTime === undefined) return Infinity;
    return Math.max(0, Date.parse(startTime) + activeDeadlineSeconds * 1000 - this.#surroundings.clock.wallMs());
  }

  async #giveUp(): Promise<number> {
    const failure = this.#failure;
    if (failure) recordAbout(this.#surroundings, this.#pod, { type: 'Warning', ...failure });
    await this.#stopEverything();
    this.#report(await this.#view());
    this.#ended = true;
    return relistMs;
  }

  /** A pod that is over: nothing of it may run; the rest waits for its deletion. */
  async #settle(): Promise<number> {
    await this.#stopEverything();
    return relistMs;
  }

  async #remove(): Promise<number | 'gone'> {
    if (!this.#ended) {
      await this.#stopEverything();
      this.#report(await this.#view());
      this.#ended = true;
    }
    const { signal } = this.#stopped;
    // A status that the API server does not take must not keep the pod for ever.
    const patience = AbortSignal.any([signal, AbortSignal.timeout(finalStatusMs)]);
    if (!this.#vanished) await this.#surroundings.statuses.delivered(this.#pod, patience);
    if (signal.aborted) return relistMs;
    await this.#clean();
    if (!this.#vanished) await this.#deleteFromApi(signal);
    return this.#vanished ? 'gone' : relistMs;
  }

  async #stopEverything(): Promise<void> {
    const { signal } = this.#stopped;
    this.#end ??= endPod(this.#surroundings, { pod: this.#pod, graceSeconds: this.#graceSeconds(), signal });
    try {
      await this.#end.done;
    } catch (error) {
      this.#end = undefined;
      throw error;
    }
    if (signal.aborted) return;
    const { sandboxes } = await readPodView(this.#surroundings.runtime, this.identity.uid);
    for (const { id } of sandboxes) await this.#surroundings.runtime.stopPodSandbox({ pod_sandbox_id: id });
  }

  #graceSeconds(): number {
    if (this.#vanished) return vanishedGraceSeconds;
    const { spec, metadata } = this.#pod;
    return metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
  }

  async #clean(): Promise<void> {
    const { runtime, podsDirectory, logsDirectory } = this.#surroundings;
    const { sandboxes } = await readPodView(runtime, this.identity.uid);
    for (const { id } of sandboxes) await runtime.removePodSandbox({ pod_sandbox_id: id });
    rmSync(join(podsDirectory, this.identity.uid), { recursive: true, force: true });
    rmSync(podLogDirectory(logsDirectory, this.#pod), { recursive: true, force: true });
  }

  /** The last word: the uid keeps it from a namesake. */
  async #deleteFromApi(signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = this.identity;
    try {
      await this.#surroundings.client
        .resource(pods)
        .delete({ namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } }, { signal });
    } catch (error) {
      // Gone, or another pod has the name now.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  #probeFailed(container: Container, message: string): void {
    if (this.#end) return;
    recordAbout(this.#surroundings, this.#pod, { type: 'Warning', reason: 'Unhealthy', message });
    this.#surroundings.logger.debug('a probe failed', { ...this.identity, container: container.name, reason: message });
  }
}

function isTerminal({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
