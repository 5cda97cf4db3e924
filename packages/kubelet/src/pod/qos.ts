/** The quality-of-service class of a pod, from its containers' requests and limits. */
import { compareQuantities, parseQuantity, type Pod } from '@flotilla/api';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const counted = ['cpu', 'memory'] as const;

export function qosClassOf({ spec }: Pod): QosClass {
  const resources = [...spec.containers, ...(spec.initContainers ?? [])].map((container) => container.resources ?? {});
  const asked = resources.some(({ requests, limits }) =>
    counted.some((name) => isSet(requests?.[name]) || isSet(limits?.[name])),
  );
  if (!asked) return 'BestEffort';
  const guaranteed = resources.every(({ requests, limits }) =>
    counted.every((name) => {
      const limit = limits?.[name];
      const request = requests?.[name] ?? limit;
      if (!isSet(limit) || request === undefined || limit === undefined) return false;
      return compareQuantities(parseQuantity(request), parseQuantity(limit)) === 0;
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function isSet(quantity: string | undefined): boolean {
  return quantity !== undefined && parseQuantity(quantity).nanos > 0n;
}
