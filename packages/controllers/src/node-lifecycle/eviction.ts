/** How long a pod may stay on a node with NoExecute taints. */
import type { Node, Pod, Taint, Toleration } from '@flotilla/api';
import { isOurs } from './taints.ts';

/**
 * When the pod must leave, milliseconds since the epoch; Infinity when it may stay. A taint that the pod says nothing about
 * gives it `defaultSeconds` when it stands for a node in trouble, and no time at all otherwise.
 */
export function evictionAtMs(node: Node, pod: Pod, defaultSeconds: number): number {
  const taints = (node.spec.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
  return Math.min(Infinity, ...taints.map((taint) => addedAtMs(taint) + toleratedMs(taint, pod, defaultSeconds)));
}

function addedAtMs({ timeAdded }: Taint): number {
  return timeAdded === undefined ? 0 : Date.parse(timeAdded);
}

function toleratedMs(taint: Taint, { spec }: Pod, defaultSeconds: number): number {
  const tolerations = (spec.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
  if (tolerations.length === 0) return isOurs(taint) ? defaultSeconds * 1000 : 0;
  return Math.min(...tolerations.map(({ tolerationSeconds }) => Math.max(0, tolerationSeconds ?? Infinity) * 1000));
}

function tolerates({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== '' && effect !== taint.effect) return false;
  if (key !== undefined && key !== '' && key !== taint.key) return false;
  return operator === 'Exists' || ((key ?? '') !== '' && value === (taint.value ?? ''));
}
