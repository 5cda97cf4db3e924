/**
 * Node lifecycle: a node that misses its heartbeats becomes Unknown and tainted, its pods not ready; those that may not stay
 * are removed, by force from a node that cannot be reached. When it is heard of again, the taints go.
 *
 * While no node at all is ready nothing is evicted: then the fault is more likely on this side, and there is nowhere to go.
 */
import { type Lease, type Node, type Pod, leases, nodes } from '@flotilla/api';
import { isNotFound, keyOf } from '@flotilla/api-client';
import { nodeIndex } from '../caches.ts';
import type { ControllerContext, ControllerDefinition } from '../controller.ts';
import { isFinished, isReady, isTerminating } from '../pod-state.ts';
import { markPod, removePod } from '../pod-status.ts';
import { timeOf } from '../times.ts';
import { readyOf, unknownConditions } from './conditions.ts';
import { evictionAtMs } from './eviction.ts';
import { createHeartbeats, nodeLeaseNamespace } from './heartbeats.ts';
import { hasTaint, unreachableTaint, wantedTaints } from './taints.ts';

export const nodeLifecycleController: ControllerDefinition = {
  name: 'node-lifecycle-controller',
  workers: 4,
  register(context, queue) {
    const { caches, clock, settings } = context;
    const heartbeats = createHeartbeats(clock);
    const graceMs = settings.nodeMonitorGraceSeconds * 1000;
    const enqueue = (node: Node): void => queue.add(keyOf(node));
    const enqueueNodeOf = ({ spec }: Pod): void => {
      if (spec.nodeName !== undefined) queue.add(spec.nodeName);
    };
    const offs = [
      caches.nodes.onChange({ added: enqueue, updated: (_, node) => enqueue(node), deleted: enqueue }),
      caches.pods.onChange({ added: enqueueNodeOf, updated: (_, pod) => enqueueNodeOf(pod) }),
    ];

    /** A cache may lag behind: the node is silent only if the server has no newer Lease either. */
    const isSilent = async (node: Node, signal: AbortSignal): Promise<boolean> => {
      const { name } = node.metadata;
      if (heartbeats.silenceMs(node, cachedLease(context, name)) < graceMs) return false;
      const [fresh, lease] = await Promise.all([freshNode(context, name, signal), freshLease(context, name, signal)]);
      return fresh !== undefined && heartbeats.silenceMs(fresh, lease) >= graceMs;
    };

    return {
      unregister() {
        for (const off of offs) off();
      },
      async reconcile(name, signal) {
        const cached = caches.nodes.get(name);
        if (!cached) {
          heartbeats.forget(name);
          return undefined;
        }
        const silent = await isSilent(cached, signal);
        const node = await withTaints(context, silent ? await asUnknown(context, cached, signal) : cached, signal);
        if (readyOf(node) && readyOf(node)?.status !== 'True') await markPodsNotReady(context, node, signal);
        const evictionInMs = await evict(context, node, signal);
        const silenceInMs = graceMs - heartbeats.silenceMs(cached, cachedLease(context, name));
        return { requeueAfterMs: Math.max(50, Math.min(evictionInMs, silenceInMs > 0 ? silenceInMs : graceMs)) };
      },
    };
  },
};

function cachedLease({ caches }: ControllerContext, name: string): Lease | undefined {
  return caches.leases.get(`${nodeLeaseNamespace}/${name}`);
}

async function freshNode({ client }: ControllerContext, name: string, signal: AbortSignal): Promise<Node | undefined> {
  return await client.resource(nodes).get({ name }, { signal }).catch(undefinedIfGone);
}

async function freshLease(
  { client }: ControllerContext,
  name: string,
  signal: AbortSignal,
): Promise<Lease | undefined> {
  const at = { namespace: nodeLeaseNamespace, name };
  return await client.resource(leases).get(at, { signal }).catch(undefinedIfGone);
}

function undefinedIfGone(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}

async function asUnknown(
  { client, clock, recorder }: ControllerContext,
  node: Node,
  signal: AbortSignal,
): Promise<Node> {
  if (readyOf(node)?.status === 'Unknown') return node;
  const conditions = unknownConditions(node, timeOf(clock.wallMs()));
  const message = `Node ${node.metadata.name} status is now: NodeNotReady`;
  recorder.record(node, { type: 'Normal', reason: 'NodeNotReady', message });
  return await client.resource(nodes).updateStatus({ ...node, status: { ...node.status, conditions } }, { signal });
}

async function withTaints({ client, clock }: ControllerContext, node: Node, signal: AbortSignal): Promise<Node> {
  const taints = wantedTaints(node, timeOf(clock.wallMs()));
  if (!taints) return node;
  return await client.resource(nodes).update({ ...node, spec: { ...node.spec, taints } }, { signal });
}

/** Nobody knows whether they still serve, so nobody shall be sent to them. */
async function markPodsNotReady(
  { caches, client, clock }: ControllerContext,
  node: Node,
  signal: AbortSignal,
): Promise<void> {
  const reason = 'NodeNotReady';
  const message = `Node ${node.metadata.name} is not ready`;
  const condition = { type: 'Ready', status: 'False', reason, message } as const;
  const ready = caches.pods.byIndex(nodeIndex, node.metadata.name).filter(isReady);
  await Promise.all(ready.map((pod) => markPod(client, { pod, condition, nowMs: clock.wallMs() }, signal)));
}

/** @returns when the next pod must leave, milliseconds from now. */
async function evict(context: ControllerContext, node: Node, signal: AbortSignal): Promise<number> {
  const { caches, clock, settings } = context;
  const unreachable = hasTaint(node, unreachableTaint);
  const pods = caches.pods.byIndex(nodeIndex, node.metadata.name).filter((pod) => !isFinished(pod) || unreachable);
  let nextInMs = Infinity;
  for (const pod of pods) {
    if (isTerminating(pod) && !unreachable) continue;
    const inMs = evictionAtMs(node, pod, settings.podEvictionSeconds) - clock.wallMs();
    if (inMs <= 0 && someNodeIsReady(context)) await evictPod(context, { pod, node, force: unreachable }, signal);
    else nextInMs = Math.min(nextInMs, Math.max(inMs, 1000));
  }
  return nextInMs;
}

function someNodeIsReady({ caches }: ControllerContext): boolean {
  return caches.nodes.list().some((node) => readyOf(node)?.status === 'True');
}

interface Eviction {
  readonly pod: Pod;
  readonly node: Node;
  /** Without waiting for a kubelet that cannot answer. */
  readonly force: boolean;
}

async function evictPod(
  context: ControllerContext,
  { pod, node, force }: Eviction,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, recorder } = context;
  const message = `deleting due to NoExecute taint of node ${node.metadata.name}`;
  const condition = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager', message } as const;
  await markPod(client, { pod, condition, nowMs: clock.wallMs() }, signal);
  recorder.record(pod, { type: 'Normal', reason: 'TaintManagerEviction', message: 'Marking for deletion' });
  await removePod(client, pod, { graceSeconds: force ? 0 : undefined, signal });
}
