/** The phase of a pod, from its containers' states, by Kubernetes' own rules. */
import type { ContainerStatus, Pod } from '@flotilla/api';
import { isSidecar } from './plan.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export interface PhaseInput {
  readonly pod: Pod;
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  /** The pod is being ended: nothing will be restarted. */
  readonly ending: boolean;
}

export function phaseOf({ pod, init, main, ending }: PhaseInput): PodPhase {
  const { restartPolicy } = pod.spec;
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const oneShot = init.filter(({ name }) => !sidecars.has(name));
  const initFailed = oneShot.some(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  const initialised =
    oneShot.every(({ state }) => state?.terminated?.exitCode === 0) && sidecarsStarted(init, sidecars);

  if (initFailed && (restartPolicy === 'Never' || ending)) return 'Failed';
  const ran = main.filter(({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated);
  if (!initialised && ran.length === 0) return ending ? 'Failed' : 'Pending';
  if (ran.length < main.length && !ending) return 'Pending';
  if (main.some(({ state }) => state?.running)) return 'Running';
  const ended = main.map(({ state }) => state?.terminated?.exitCode);
  if (ending) return ended.every((code) => code === 0) ? 'Succeeded' : 'Failed';
  if (restartPolicy === 'Always' || ended.includes(undefined)) return 'Running';
  if (ended.every((code) => code === 0)) return 'Succeeded';
  return restartPolicy === 'Never' ? 'Failed' : 'Running';
}

function sidecarsStarted(init: readonly ContainerStatus[], sidecars: ReadonlySet<string>): boolean {
  return init.every(({ name, started }) => !sidecars.has(name) || started === true);
}
