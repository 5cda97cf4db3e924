/** The plugins of `default-scheduler`, in the standard's order and with its weights. */
import type { ApiClient } from '@flotilla/api-client';
import { type Profile, createProfile } from '../framework/profile.ts';
import { defaultBinder } from './default-binder/default-binder.ts';
import { nodeAffinity } from './node-affinity/node-affinity.ts';
import { nodeName } from './node-name/node-name.ts';
import { nodeResourcesBalancedAllocation } from './node-resources/balanced-allocation.ts';
import { nodeResourcesFit } from './node-resources/fit.ts';
import { nodeUnschedulable } from './node-unschedulable/node-unschedulable.ts';
import { type PodTopologySpreadOptions, podTopologySpread } from './pod-topology-spread/pod-topology-spread.ts';
import { prioritySort } from './priority-sort/priority-sort.ts';
import { schedulingGates } from './scheduling-gates/scheduling-gates.ts';
import { taintToleration } from './taint-toleration/taint-toleration.ts';

export const defaultSchedulerName = 'default-scheduler';

export interface DefaultProfileOptions extends PodTopologySpreadOptions {
  /** Binds; its writes must carry the leader's fence. */
  readonly client: ApiClient;
}

export function defaultProfile({ client, groupSelector }: DefaultProfileOptions): Profile {
  return createProfile(defaultSchedulerName, [
    { plugin: schedulingGates },
    { plugin: prioritySort },
    { plugin: nodeUnschedulable },
    { plugin: nodeName },
    { plugin: taintToleration, weight: 3 },
    { plugin: nodeAffinity, weight: 2 },
    { plugin: nodeResourcesFit },
    { plugin: podTopologySpread({ groupSelector }), weight: 2 },
    { plugin: nodeResourcesBalancedAllocation },
    { plugin: defaultBinder(client) },
  ]);
}
