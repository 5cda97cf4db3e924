/** Conditions that controllers write into the status of a pod whose kubelet cannot. */
import { type Pod, type PodCondition, pods } from '@flotilla/api';
import { type ApiClient, isNotFound } from '@flotilla/api-client';
import { conditionOf } from './pod-state.ts';
import { timeOf } from './times.ts';

export type NewCondition = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>;

export interface PodMark {
  readonly pod: Pod;
  readonly condition: NewCondition;
  readonly phase?: 'Failed' | undefined;
  /** Wall clock, milliseconds. */
  readonly nowMs: number;
}

/** Sets a condition (and a phase) unless it stands there already. A pod that is gone is fine. */
export async function markPod(client: ApiClient, mark: PodMark, signal: AbortSignal): Promise<void> {
  const { pod, condition, phase = pod.status?.phase, nowMs } = mark;
  const old = conditionOf(pod, condition.type);
  if (old?.status === condition.status && pod.status?.phase === phase) return;
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
  const conditions = [...others, { ...condition, lastTransitionTime: timeOf(nowMs) }];
  try {
    await client.resource(pods).updateStatus({ ...pod, status: { ...pod.status, phase, conditions } }, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Deletes a pod whose kubelet will not say when it has ended. */
export async function removePod(
  client: ApiClient,
  { metadata }: Pod,
  { graceSeconds, signal }: { readonly graceSeconds: number | undefined; readonly signal: AbortSignal },
): Promise<void> {
  const { name, namespace, uid = '' } = metadata;
  const options = { preconditions: { uid }, ...(graceSeconds !== undefined && { gracePeriodSeconds: graceSeconds }) };
  try {
    await client.resource(pods).delete({ name, namespace }, options, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
