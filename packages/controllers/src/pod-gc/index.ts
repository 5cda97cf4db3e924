/**
 * Pod garbage collection: removes pods on nodes that no longer exist, pods that were deleted before they had a node, and the
 * oldest of the finished ones beyond a threshold.
 */
import { type Pod, nodes } from '@flotilla/api';
import { isNotFound, keyOf } from '@flotilla/api-client';
import { nodeIndex } from '../caches.ts';
import type { ControllerContext, ControllerDefinition } from '../controller.ts';
import { isFinished, isTerminating } from '../pod-state.ts';
import { markPod, removePod } from '../pod-status.ts';

/** The one key of this controller: each run looks at all pods. */
const sweepKey = 'all pods';
const sweepEveryMs = 20_000;
/** How long a node must be missing before its pods are: it may be re-created under its name. */
const quarantineMs = 40_000;

export const podGarbageCollector: ControllerDefinition = {
  name: 'pod-garbage-collector-controller',
  workers: 1,
  register(context, queue) {
    const { caches, client, clock } = context;
    const missingSince = new Map<string, number>();
    const sweep = (): void => queue.add(sweepKey);
    const offs = [
      caches.nodes.onChange({ added: sweep, deleted: sweep }),
      caches.pods.onChange({
        updated(_, pod) {
          if (isTerminating(pod) && pod.spec.nodeName === undefined) sweep();
        },
      }),
    ];
    sweep();

    const vanishedNodes = async (signal: AbortSignal): Promise<readonly string[]> => {
      const named = new Set(caches.pods.list().map(({ spec }) => spec.nodeName ?? ''));
      const missing = [...named].filter((name) => name !== '' && !caches.nodes.get(name));
      for (const name of missingSince.keys()) if (!missing.includes(name)) missingSince.delete(name);
      for (const name of missing) if (!missingSince.has(name)) missingSince.set(name, clock.monotonicMs());
      const due = missing.filter((name) => clock.monotonicMs() - (missingSince.get(name) ?? 0) >= quarantineMs);
      const gone = await Promise.all(due.map(async (name) => ((await isGone(context, name, signal)) ? [name] : [])));
      return gone.flat();
    };

    return {
      unregister() {
        for (const off of offs) off();
      },
      async reconcile(_, signal) {
        for (const name of await vanishedNodes(signal)) {
          for (const pod of caches.pods.byIndex(nodeIndex, name)) await removeOrphan(context, pod, signal);
        }
        for (const pod of unneeded(context)) await removePod(client, pod, { graceSeconds: 0, signal });
        return { requeueAfterMs: sweepEveryMs };
      },
    };
  },
};

async function isGone({ client }: ControllerContext, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await client.resource(nodes).get({ name }, { signal });
    return false;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return true;
  }
}

async function removeOrphan({ client, clock }: ControllerContext, pod: Pod, signal: AbortSignal): Promise<void> {
  const message = 'PodGC: node no longer exists';
  const condition = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC', message } as const;
  const phase = isFinished(pod) ? undefined : 'Failed';
  await markPod(client, { pod, condition, phase, nowMs: clock.wallMs() }, signal);
  await removePod(client, pod, { graceSeconds: 0, signal });
}

function unneeded({ caches, settings }: ControllerContext): readonly Pod[] {
  const pods = caches.pods.list();
  const neverRan = pods.filter((pod) => isTerminating(pod) && (pod.spec.nodeName ?? '') === '');
  const finished = pods.filter((pod) => isFinished(pod) && !isTerminating(pod)).sort(oldestFirst);
  return [...neverRan, ...finished.slice(0, Math.max(0, finished.length - settings.terminatedPodThreshold))];
}

function oldestFirst(a: Pod, b: Pod): number {
  const age = (pod: Pod): string => `${pod.metadata.creationTimestamp} ${keyOf(pod)}`;
  return age(a) < age(b) ? -1 : 1;
}
