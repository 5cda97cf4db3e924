/** The whole status of a pod as its kubelet reports it. Pure; conditions of others are not touched. */
import { type ContainerStatus, type Pod, type PodCondition, type PodStatus, qosClassOf } from '@flotilla/api';
import { apiTime, containerStatuses, type StatusSources } from './container-statuses.ts';
import { phaseOf, type PodPhase } from './phase.ts';
import { readySandbox } from './pod-view.ts';
import { isSidecar } from './plan.ts';

export interface PodStatusInput extends StatusSources {
  readonly hostAddress: string;
  readonly nowMs: number;
  readonly ending: boolean;
  /** The kubelet itself gave the pod up. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
}

export function podStatusOf(input: PodStatusInput): PodStatus {
  const { pod, view, hostAddress, nowMs, failure, ending } = input;
  const old = pod.status ?? {};
  const init = containerStatuses(pod.spec.initContainers ?? [], input, 'init');
  const main = containerStatuses(pod.spec.containers, input, 'main');
  const phase = failure && !main.some(({ state }) => state?.running) ? 'Failed' : phaseOf({ pod, init, main, ending });
  const sandbox = readySandbox(view);
  const address = sandbox?.address ?? old.podIP;
  const status: PodStatus = {
    phase,
    ...(failure ?? { reason: undefined, message: undefined }),
    hostIP: hostAddress,
    hostIPs: [{ ip: hostAddress }],
    ...(address !== undefined && { podIP: address, podIPs: [{ ip: address }] }),
    startTime: old.startTime ?? apiTime(nowMs),
    qosClass: old.qosClass ?? qosClassOf(pod.spec),
    ...(init.length > 0 && { initContainerStatuses: init }),
    containerStatuses: main,
  };
  return { ...status, conditions: conditionsOf(input, { phase, init, main, sandboxReady: sandbox !== undefined }) };
}

interface Findings {
  readonly phase: PodPhase;
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  readonly sandboxReady: boolean;
}

interface Verdict {
  readonly holds: boolean;
  readonly reason?: string;
  readonly message?: string;
}

const holds: Verdict = { holds: true };

function conditionsOf(input: PodStatusInput, findings: Findings): PodCondition[] {
  const { pod, nowMs } = input;
  const containersReady = containersReadyOf(findings, pod);
  const verdicts: readonly (readonly [string, Verdict])[] = [
    ['PodReadyToStartContainers', { holds: findings.sandboxReady }],
    ['Initialized', initialisedOf(findings, pod)],
    ['Ready', containersReady.holds ? gatesOf(pod) : containersReady],
    ['ContainersReady', containersReady],
    ['PodScheduled', holds],
  ];
  return verdicts.map(([type, { holds: isTrue, reason, message }]) => {
    const status = isTrue ? 'True' : 'False';
    const old = pod.status?.conditions?.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : apiTime(nowMs);
    return { type, status, lastTransitionTime, reason, message };
  });
}

function initialisedOf({ phase, init, main }: Findings, pod: Pod): Verdict {
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  // Containers proper that run or ran prove it.
  if (main.some(({ state, lastState }) => state?.running || lastState?.terminated)) return holds;
  const missing = init.filter(({ name, state, started }) =>
    sidecars.has(name) ? started !== true : state?.terminated?.exitCode !== 0,
  );
  if (missing.length === 0) return holds;
  if (phase === 'Succeeded') return { holds: true, reason: 'PodCompleted' };
  const names = missing.map(({ name }) => name).join(' ');
  return { holds: false, reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${names}]` };
}

function containersReadyOf({ phase, init, main }: Findings, pod: Pod): Verdict {
  if (phase === 'Succeeded') return { holds: false, reason: 'PodCompleted' };
  if (phase === 'Failed') return { holds: false, reason: 'PodFailed' };
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const unready = [...init.filter(({ name }) => sidecars.has(name)), ...main].filter(({ ready }) => !ready);
  if (unready.length === 0) return holds;
  const names = unready.map(({ name }) => name).join(' ');
  return { holds: false, reason: 'ContainersNotReady', message: `containers with unready status: [${names}]` };
}

/** Conditions that others must set before the pod counts as ready. */
function gatesOf(pod: Pod): Verdict {
  const conditions = new Map((pod.status?.conditions ?? []).map(({ type, status }) => [type, status]));
  const missing = (pod.spec.readinessGates ?? []).filter(
    ({ conditionType }) => conditions.get(conditionType) !== 'True',
  );
  if (missing.length === 0) return holds;
  const message = missing.map(
    ({ conditionType }) => `corresponding condition of pod readiness gate "${conditionType}" is not True.`,
  );
  return { holds: false, reason: 'ReadinessGatesNotReady', message: message.join(' ') };
}
