/** The conditions of a node that is not heard of any more. */
import type { Node, NodeCondition } from '@flotilla/api';

const reported = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

export function readyOf({ status }: Node): NodeCondition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

/** Every condition that the node itself reports becomes Unknown. */
export function unknownConditions({ status }: Node, now: string): readonly NodeCondition[] {
  const known = status?.conditions ?? [];
  const others = known.filter(({ type }) => !reported.includes(type));
  return [...others, ...reported.map((type) => unknownCondition(known, type, now))];
}

function unknownCondition(known: readonly NodeCondition[], type: string, now: string): NodeCondition {
  const old = known.find((condition) => condition.type === type);
  if (old?.status === 'Unknown') return old;
  const [reason, message] = old
    ? ['NodeStatusUnknown', 'Kubelet stopped posting node status.']
    : ['NodeStatusNeverUpdated', 'Kubelet never posted node status.'];
  return { ...old, type, status: 'Unknown', reason, message, lastTransitionTime: now };
}
