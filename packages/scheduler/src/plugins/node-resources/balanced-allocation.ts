/**
 * NodeResourcesBalancedAllocation: nodes whose cpu and memory would be used in like proportion are better, so that none runs out
 * of one while the other lies idle. A pod that asks for neither changes no balance and is not scored.
 */
import { type Plugin, maxNodeScore } from '../../framework/plugin.ts';
import { type Requests, requestsOf } from '../../nodes/pod-requests.ts';

const balancedResources = ['cpu', 'memory'];

export const nodeResourcesBalancedAllocation: Plugin<undefined, Requests> = {
  name: 'NodeResourcesBalancedAllocation',
  preScore(pod) {
    const { requests } = requestsOf(pod);
    const asks = balancedResources.some((resource) => (requests.get(resource) ?? 0) > 0);
    return asks ? { outcome: 'score', state: requests } : { outcome: 'skip' };
  },
  score(_pod, nodes, row, requests) {
    const fractions: number[] = [];
    for (const resource of balancedResources) {
      const column = nodes.resource(resource);
      const allocatable = column?.allocatable[row] ?? 0;
      if (allocatable === 0) continue;
      const used = (column?.requested[row] ?? 0) + (requests.get(resource) ?? 0);
      fractions.push(Math.min(1, used / allocatable));
    }
    return (1 - standardDeviation(fractions)) * maxNodeScore;
  },
};

function standardDeviation(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
