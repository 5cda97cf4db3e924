/** The scheduler: the framework, the standard's plugins, and the component. */
export type { ClusterEvent, EventsOfInterest, QueueingHint } from './framework/cluster-event.ts';
export {
  type AnyPlugin,
  type PermitResult,
  type Placement,
  type Plugin,
  type PreFilterResult,
  type PreScoreResult,
  type QueuedPod,
  maxNodeScore,
} from './framework/plugin.ts';
export { type Profile, type WeightedPlugin, createProfile } from './framework/profile.ts';
export type { Diagnosis, Rejection } from './framework/rejection.ts';
export { type CycleInput, type CycleResult, runSchedulingCycle } from './framework/scheduling-cycle.ts';
export { NodeTable, type ResourceColumn } from './nodes/node-table.ts';
export { schedulerOptionTable } from './options.ts';
export { type DefaultProfileOptions, defaultProfile, defaultSchedulerName } from './plugins/default-profile.ts';
export { type SchedulingQueue, type SchedulingQueueOptions, createSchedulingQueue } from './queue/scheduling-queue.ts';
export { type RunningScheduler, type StartSchedulerOptions, startScheduler } from './start.ts';
