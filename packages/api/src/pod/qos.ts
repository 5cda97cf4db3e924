/** The quality-of-service class of a pod: what is sacrificed first when a node runs short. */
import { compareQuantities, parseQuantity } from '../quantity.ts';
import type { ResourceList } from '../schema/build.ts';
import type { PodSpec } from './pod-spec.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const counted = ['cpu', 'memory'];

/** The amounts of CPU and memory that are not zero. */
function amounts(list: ResourceList | undefined): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(list ?? {}).filter(([name, amount]) => counted.includes(name) && parseQuantity(amount).nanos > 0n),
  );
}

/** Guaranteed: every container limits CPU and memory, and asks for just that. BestEffort: none asks or limits. */
export function qosClassOf({ containers, initContainers = [] }: PodSpec): QosClass {
  const all = [...containers, ...initContainers].map(({ resources }) => ({
    requests: amounts(resources?.requests),
    limits: amounts(resources?.limits),
  }));
  if (all.every(({ requests, limits }) => requests.size === 0 && limits.size === 0)) return 'BestEffort';
  const guaranteed = all.every(
    ({ requests, limits }) =>
      limits.size === counted.length &&
      [...limits].every(([name, limit]) => {
        const request = requests.get(name);
        return request === undefined || compareQuantities(parseQuantity(request), parseQuantity(limit)) === 0;
      }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
