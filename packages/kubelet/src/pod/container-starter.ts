/** Makes and starts the containers of one pod: volumes, variables, the runtime's calls, the postStart hook, the events. */
import { join } from 'node:path';
import type { Container, Pod } from '@flotilla/api';
import { codeOf, messageOf } from '@flotilla/base';
import { check } from '../probe/check.ts';
import { containerConfig } from './container-config.ts';
import { readConfigObject, type ConfigObjectName, type ConfigValues } from './config-objects.ts';
import type { Waiting } from './container-statuses.ts';
import { containerEnvironment } from './environment.ts';
import { identityOf } from './pod-labels.ts';
import type { SandboxView } from './pod-view.ts';
import type { ContainerStart } from './plan.ts';
import { recordAbout, type PodSurroundings } from './surroundings.ts';
import { prepareVolumes } from './volumes.ts';

/** `retry`: the pod cannot go on for now, and this is what its containers wait for. */
export type StartOutcome = 'started' | { readonly retry: Waiting };

export interface StartRequest {
  readonly pod: Pod;
  readonly sandbox: SandboxView;
  readonly start: ContainerStart;
  readonly signal: AbortSignal;
}

/** A hook that never returns must not hold a pod for ever. */
const postStartTimeoutMs = 300_000;

export async function startContainer(surroundings: PodSurroundings, request: StartRequest): Promise<StartOutcome> {
  const { pod, start } = request;
  const { container } = start;
  const made = await makeContainer(surroundings, request);
  if (typeof made !== 'string') return made;
  recordAbout(surroundings, pod, {
    type: 'Normal',
    reason: 'Created',
    message: `Created container: ${container.name}`,
  });
  try {
    await surroundings.runtime.startContainer({ container_id: made });
  } catch (error) {
    // The runtime has it as exited: the restart policy decides what happens next.
    if (codeOf(error) !== 'CONTAINER_START_FAILED') throw error;
    recordAbout(surroundings, pod, { type: 'Warning', reason: 'Failed', message: `Error: ${messageOf(error)}` });
    return 'started';
  }
  recordAbout(surroundings, pod, { type: 'Normal', reason: 'Started', message: `Started container ${container.name}` });
  await runPostStart(surroundings, { ...request, containerId: made });
  return 'started';
}

/** The id of the container, or why it cannot be made now. */
async function makeContainer(
  surroundings: PodSurroundings,
  request: StartRequest,
): Promise<string | { retry: Waiting }> {
  const { pod, sandbox, start, signal } = request;
  const { container, attempt } = start;
  const place = { ...surroundings.node, podAddress: sandbox.address };
  const read = (name: ConfigObjectName): Promise<ConfigValues | undefined> =>
    readConfigObject(surroundings.client, name, signal);
  const directory = join(surroundings.podsDirectory, identityOf(pod).uid, 'volumes');
  try {
    const volumes = await prepareVolumes(pod, { directory, read });
    const variables = await containerEnvironment(container, { pod, place, read });
    const config = containerConfig({ pod, container, attempt, variables, volumes });
    const { container_id: id } = await surroundings.runtime.createContainer({ pod_sandbox_id: sandbox.id, config });
    return id;
  } catch (error) {
    const message = messageOf(error);
    switch (codeOf(error)) {
      case 'VOLUME_UNSUPPORTED':
        recordAbout(surroundings, pod, { type: 'Warning', reason: 'FailedMount', message });
        return { retry: { reason: 'ContainerCreating', message } };
      case 'CONTAINER_CONFIG':
        recordAbout(surroundings, pod, { type: 'Warning', reason: 'Failed', message: `Error: ${message}` });
        return { retry: { reason: 'CreateContainerConfigError', message } };
      case 'INVALID_CONTAINER':
        recordAbout(surroundings, pod, { type: 'Warning', reason: 'Failed', message: `Error: ${message}` });
        return { retry: { reason: 'CreateContainerError', message } };
      default:
        throw error;
    }
  }
}

interface StartedContainer extends StartRequest {
  readonly containerId: string;
}

/** A container whose postStart hook fails is stopped; the restart policy decides what happens next. */
async function runPostStart(surroundings: PodSurroundings, started: StartedContainer): Promise<void> {
  const { pod, sandbox, start, containerId, signal } = started;
  const hook = start.container.lifecycle?.postStart;
  if (!hook) return;
  const result = await runHook(surroundings, {
    hook,
    container: start.container,
    containerId,
    podAddress: sandbox.address,
    timeoutMs: postStartTimeoutMs,
    signal,
  });
  if (result.success || signal.aborted) return;
  const message = `PostStartHook failed: ${result.message}`;
  recordAbout(surroundings, pod, { type: 'Warning', reason: 'FailedPostStartHook', message });
  await surroundings.runtime.stopContainer({ container_id: containerId, timeout: 2 }, { signal });
}

export interface HookRun {
  readonly hook: NonNullable<NonNullable<Container['lifecycle']>['preStop']>;
  readonly container: Container;
  readonly containerId: string;
  readonly podAddress: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export async function runHook({ runtime, clock }: PodSurroundings, run: HookRun): ReturnType<typeof check> {
  const { hook, timeoutMs, signal } = run;
  if (!hook.sleep) return check(hook, { runtime, ...run });
  const { seconds } = hook.sleep;
  await new Promise<void>((resolve) => {
    const timer = clock.after(Math.min(seconds * 1000, timeoutMs), resolve);
    signal.addEventListener('abort', () => (timer.cancel(), resolve()), { once: true });
  });
  return { success: true };
}
