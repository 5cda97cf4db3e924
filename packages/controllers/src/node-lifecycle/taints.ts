/** The taints that keep pods off a node that is not ready, and move those away that are on it. */
import type { Node, Taint } from '@flotilla/api';
import { readyOf } from './conditions.ts';

export const notReadyTaint = 'node.kubernetes.io/not-ready';
export const unreachableTaint = 'node.kubernetes.io/unreachable';
const effects = ['NoSchedule', 'NoExecute'] as const;

export function isOurs({ key }: Taint): boolean {
  return key === notReadyTaint || key === unreachableTaint;
}

export function hasTaint({ spec }: Node, key: string): boolean {
  return spec.taints?.some((taint) => taint.key === key && taint.effect === 'NoExecute') === true;
}

/** The node's taints as its Ready condition wants them; `undefined` when they are so already. */
export function wantedTaints(node: Node, now: string): readonly Taint[] | undefined {
  const known = node.spec.taints ?? [];
  const key = taintKeyOf(node);
  const kept = known.filter((taint) => !isOurs(taint) || taint.key === key);
  const missing =
    key === undefined
      ? []
      : effects.filter((effect) => !kept.some((taint) => taint.key === key && taint.effect === effect));
  if (kept.length === known.length && missing.length === 0) return undefined;
  return [...kept, ...missing.map((effect) => ({ key: key ?? '', effect, timeAdded: now }))];
}

/** A node that never said anything is left as it was registered. */
function taintKeyOf(node: Node): string | undefined {
  switch (readyOf(node)?.status) {
    case 'False':
      return notReadyTaint;
    case 'Unknown':
      return unreachableTaint;
    default:
      return undefined;
  }
}
