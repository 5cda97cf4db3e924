/**
 * What a pod asks of a node, as Kubernetes counts it: the containers run together, so their requests add up; init containers
 * run one after the other before them, so the largest counts; a restartable init container (sidecar) runs on beside all that
 * follow it. The overhead comes on top.
 */
import { type Container, type Pod, type ResourceList, quantityMillis, quantityUnits } from '@flotilla/api';

/** Resource name → amount: cpu in thousandths, everything else in whole units (bytes, devices). */
export type Requests = ReadonlyMap<string, number>;

/** What a container that asks for nothing counts as when nodes are compared (never when they are filtered). */
const assumedRequests: Requests = new Map([
  ['cpu', 100],
  ['memory', 200 * 1024 * 1024],
]);

/** An amount in the unit in which columns hold it. */
export function amountOf(resource: string, quantity: string): number {
  return resource === 'cpu' ? quantityMillis(quantity) : quantityUnits(quantity);
}

export interface PodRequests {
  /** What is really asked for: decides whether a pod fits. */
  readonly requests: Requests;
  /** With assumed amounts for containers that name none: decides which node is emptier. */
  readonly scoringRequests: Requests;
}

export function requestsOf({ spec }: Pod): PodRequests {
  const count = (assumed: Requests): Requests => {
    const ofContainer = (container: Container): Requests => containerRequests(container, assumed);
    const { running, peak } = initRequests(spec?.initContainers ?? [], ofContainer);
    for (const container of spec?.containers ?? []) addTo(running, ofContainer(container));
    for (const [resource, amount] of peak) raiseTo(running, resource, amount);
    addTo(running, amountsOf(spec?.overhead));
    return running;
  };
  return { requests: count(new Map()), scoringRequests: count(assumedRequests) };
}

/** What sidecars hold for good, and the most that any init container needs beside those started before it. */
function initRequests(
  containers: readonly Container[],
  ofContainer: (container: Container) => Requests,
): { readonly running: Map<string, number>; readonly peak: Map<string, number> } {
  const running = new Map<string, number>();
  const peak = new Map<string, number>();
  for (const container of containers) {
    const own = ofContainer(container);
    if (container.restartPolicy === 'Always') {
      addTo(running, own);
      continue;
    }
    for (const [resource, amount] of own) raiseTo(peak, resource, amount + (running.get(resource) ?? 0));
  }
  return { running, peak };
}

function containerRequests({ resources }: Container, assumed: Requests): Requests {
  const requests = amountsOf(resources?.requests);
  for (const [resource, amount] of assumed) if (!requests.has(resource)) requests.set(resource, amount);
  return requests;
}

function amountsOf(list: ResourceList | undefined): Map<string, number> {
  return new Map(Object.entries(list ?? {}).map(([resource, quantity]) => [resource, amountOf(resource, quantity)]));
}

function addTo(sums: Map<string, number>, amounts: Requests): void {
  for (const [resource, amount] of amounts) sums.set(resource, (sums.get(resource) ?? 0) + amount);
}

function raiseTo(sums: Map<string, number>, resource: string, amount: number): void {
  sums.set(resource, Math.max(sums.get(resource) ?? 0, amount));
}
