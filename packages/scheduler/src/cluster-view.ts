/**
 * Turns what the informers tell into the two things the scheduler decides from: the node table and the queue. Also says what
 * changed as cluster events, which bring waiting pods back.
 */
import { type Node, type Pod, deepEqual, nodes as nodeKind, pods as podKind } from '@flotilla/api';
import { type InformerFactory, keyOf } from '@flotilla/api-client';
import type { ClusterEvent } from './framework/cluster-event.ts';
import { NodeTable } from './nodes/node-table.ts';
import type { SchedulingQueue } from './queue/scheduling-queue.ts';

export interface ClusterView {
  readonly nodes: NodeTable;
  /** Counts a pod on a node before the store shows it there. */
  assume(pod: Pod, node: string): void;
  /** Takes an assumption back, unless the store shows the pod on a node by now. */
  forget(pod: Pod): void;
  /** Stops listening to the informers. */
  close(): void;
}

export interface ClusterViewOptions {
  readonly informers: InformerFactory;
  readonly queue: SchedulingQueue;
  /** Only pods of this scheduler are queued; all pods count. */
  readonly schedulerName: string;
}

/** Pods in a final phase hold nothing on their node. */
function isOver({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

const nodeOf = ({ spec }: Pod): string => spec?.nodeName ?? '';

export function createClusterView({ informers, queue, schedulerName }: ClusterViewOptions): ClusterView {
  const nodes = new NodeTable();

  const putPod = (pod: Pod): void => {
    const key = keyOf(pod);
    if (isOver(pod)) return removePod(pod);
    const node = nodeOf(pod);
    if (node !== '') {
      const counted = nodes.placeOf(key) === node;
      nodes.putPod(key, pod, node);
      queue.remove(key);
      if (!counted) queue.notify({ type: 'podPlaced', pod });
    } else if (pod.metadata.deletionTimestamp !== undefined) {
      removePod(pod);
    } else if (pod.spec?.schedulerName === schedulerName && nodes.placeOf(key) === undefined) {
      queue.put(pod);
    }
  };
  const removePod = (pod: Pod): void => {
    const key = keyOf(pod);
    queue.remove(key);
    if (nodes.removePod(key)) queue.notify({ type: 'podRemoved', pod });
  };
  const putNode = (old: Node | undefined, node: Node): void => {
    nodes.putNode(node);
    for (const event of nodeEvents(old, node)) queue.notify(event);
  };

  const stopListening = [
    // Nodes first: what a pod is placed on should be there when the pod is told.
    informers.informer(nodeKind).onChange({
      added: (node) => putNode(undefined, node),
      updated: putNode,
      deleted: (node) => nodes.removeNode(node.metadata.name ?? ''),
    }),
    informers.informer(podKind).onChange({
      added: putPod,
      updated: (_old, pod) => putPod(pod),
      deleted: removePod,
    }),
  ];

  return {
    nodes,
    assume: (pod, node) => nodes.putPod(keyOf(pod), pod, node),
    forget(pod) {
      const current = informers.informer(podKind).get(keyOf(pod));
      if (current && nodeOf(current) !== '') return;
      if (nodes.removePod(keyOf(pod))) queue.notify({ type: 'podRemoved', pod });
    },
    close: () => stopListening.forEach((stop) => stop()),
  };
}

function nodeEvents(old: Node | undefined, node: Node): ClusterEvent[] {
  if (!old) return [{ type: 'nodeAdded', node }];
  const events: ClusterEvent[] = [];
  if (!deepEqual(old.spec?.taints, node.spec?.taints)) events.push({ type: 'nodeTaintsChanged', node });
  if (!deepEqual(old.metadata.labels, node.metadata.labels)) events.push({ type: 'nodeLabelsChanged', node });
  if (!deepEqual(old.status?.allocatable, node.status?.allocatable)) {
    events.push({ type: 'nodeAllocatableChanged', node });
  }
  if (old.spec?.unschedulable !== node.spec?.unschedulable) events.push({ type: 'nodeSchedulableChanged', node });
  return events;
}
