/**
 * The node's own check of a pod, as the last one before it runs: the scheduler may have decided on an old view, and a pod may name its
 * node itself. A refused pod fails; its controller makes another.
 */
import { parseQuantity, type Pod } from '@flotilla/api';
import type { Capacity } from '../node/machine.ts';
import type { PodFailure } from './surroundings.ts';

export interface AdmissionInput {
  readonly pod: Pod;
  /** All other pods that hold resources of the node. */
  readonly others: readonly Pod[];
  readonly allocatable: Capacity;
  readonly nodeLabels: Readonly<Record<string, string>>;
}

const measured = ['cpu', 'memory', 'ephemeral-storage'] as const;

export function refusalOf({ pod, others, allocatable, nodeLabels }: AdmissionInput): PodFailure | undefined {
  // One that runs already is not thrown out because the kubelet was restarted.
  if (pod.status?.startTime !== undefined) return undefined;
  const unmet = Object.entries(pod.spec.nodeSelector ?? {}).some(([key, value]) => nodeLabels[key] !== value);
  if (unmet)
    return {
      reason: 'NodeAffinity',
      message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    };
  if (others.length + 1 > Number(allocatable.pods))
    return outOf('pods', { requested: 1n, used: BigInt(others.length), capacity: BigInt(allocatable.pods) });
  for (const resource of measured) {
    const requested = requestOf(pod, resource);
    const used = others.reduce((sum, other) => sum + requestOf(other, resource), 0n);
    const capacity = parseQuantity(allocatable[resource]).nanos;
    if (requested > 0n && used + requested > capacity) return outOf(resource, { requested, used, capacity });
  }
  return undefined;
}

/** Nano-units: the larger of all containers together and any init container alone. */
function requestOf({ spec }: Pod, resource: string): bigint {
  const nanos = (container: Pod['spec']['containers'][number]): bigint => {
    const { requests, limits } = container.resources ?? {};
    const quantity = requests?.[resource] ?? limits?.[resource];
    return quantity === undefined ? 0n : parseQuantity(quantity).nanos;
  };
  const together = spec.containers.reduce((sum, container) => sum + nanos(container), 0n);
  return (spec.initContainers ?? []).map(nanos).reduce((most, one) => (one > most ? one : most), together);
}

interface Amounts {
  readonly requested: bigint;
  readonly used: bigint;
  readonly capacity: bigint;
}

function outOf(resource: string, { requested, used, capacity }: Amounts): PodFailure {
  const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${resource}`, message };
}
