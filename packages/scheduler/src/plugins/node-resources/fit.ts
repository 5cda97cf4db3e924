/** NodeResourcesFit: a node must have room for what the pod asks; emptier nodes are better (LeastAllocated of cpu and memory). */
import { always } from '../../framework/cluster-event.ts';
import { type Plugin, maxNodeScore } from '../../framework/plugin.ts';
import type { NodeTable } from '../../nodes/node-table.ts';
import { type Requests, requestsOf } from '../../nodes/pod-requests.ts';

/** What is compared, with equal weights. */
const scoredResources = ['cpu', 'memory'];
const tooManyPods = { reason: 'Too many pods', resolvable: true };

function room(nodes: NodeTable, resource: string, row: number): { free: number; allocatable: number } {
  const column = nodes.resource(resource);
  const allocatable = column?.allocatable[row] ?? 0;
  return { free: allocatable - (column?.requested[row] ?? 0), allocatable };
}

/** How empty a node would be with the pod on it, 0 to 100, over the resources that it has. */
function leastAllocated(nodes: NodeTable, row: number, requests: Requests): number {
  let sum = 0;
  let resources = 0;
  for (const resource of scoredResources) {
    const column = nodes.resource(resource);
    const allocatable = column?.allocatable[row] ?? 0;
    if (allocatable === 0) continue;
    const used = (column?.scoring[row] ?? 0) + (requests.get(resource) ?? 0);
    sum += used > allocatable ? 0 : ((allocatable - used) * maxNodeScore) / allocatable;
    resources++;
  }
  return resources === 0 ? 0 : sum / resources;
}

export const nodeResourcesFit: Plugin<Requests, Requests> = {
  name: 'NodeResourcesFit',
  events: { nodeAdded: always, nodeAllocatableChanged: always, podRemoved: always },
  preFilter: (pod) => ({ outcome: 'filter', state: requestsOf(pod).requests }),
  filter(_pod, nodes, row, requests) {
    if (nodes.podCount(row) >= nodes.podCapacity(row)) return tooManyPods;
    for (const [resource, amount] of requests) {
      if (amount === 0) continue;
      const { free, allocatable } = room(nodes, resource, row);
      if (amount > free) return { reason: `Insufficient ${resource}`, resolvable: amount <= allocatable };
    }
    return undefined;
  },
  preScore: (pod) => ({ outcome: 'score', state: requestsOf(pod).scoringRequests }),
  score: (_pod, nodes, row, requests) => leastAllocated(nodes, row, requests),
};
