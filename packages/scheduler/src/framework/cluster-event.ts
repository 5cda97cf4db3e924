/**
 * What happens in a cluster that may make an unschedulable pod schedulable. A plugin that can reject a pod names the events
 * that could change its mind; a rejected pod waits until one of its rejecting plugins' events comes.
 */
import type { Node, Pod } from '@flotilla/api';

export type ClusterEvent =
  | { readonly type: 'nodeAdded'; readonly node: Node }
  | { readonly type: 'nodeTaintsChanged'; readonly node: Node }
  | { readonly type: 'nodeLabelsChanged'; readonly node: Node }
  | { readonly type: 'nodeAllocatableChanged'; readonly node: Node }
  | { readonly type: 'nodeSchedulableChanged'; readonly node: Node }
  /** A pod that had a node began to count on it. */
  | { readonly type: 'podPlaced'; readonly pod: Pod }
  /** A pod no longer counts on its node. */
  | { readonly type: 'podRemoved'; readonly pod: Pod };

export type ClusterEventType = ClusterEvent['type'];

/** "Could this event make that pod schedulable?" A wrong yes costs a cycle; a wrong no costs up to five minutes. */
export type QueueingHint = (pod: Pod, event: ClusterEvent) => boolean;

export type EventsOfInterest = Readonly<Partial<Record<ClusterEventType, QueueingHint>>>;

/** The hint of a plugin that can't tell: always worth another look. */
export const always: QueueingHint = () => true;
