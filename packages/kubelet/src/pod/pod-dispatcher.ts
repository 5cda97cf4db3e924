/**
 * Gives each pod of the node its worker, wakes workers for what happens in the runtime, and ends what the runtime has of pods that the
 * API server does not know: a restarted kubelet must not leave processes of pods that moved away.
 */
import { pods, type Pod } from '@flotilla/api';
import { createInformer, type Informer } from '@flotilla/api-client';
import { messageOf, sleep, type TaskGroup } from '@flotilla/base';
import { identityOf, podUidLabel } from './pod-labels.ts';
import { PodWorker } from './pod-worker.ts';
import type { PodSurroundings } from './surroundings.ts';

export interface PodDispatcher {
  start(group: TaskGroup): void;
  /** The pods of the node as the API server has them. */
  readonly pods: readonly Pod[];
  /** Stops all workers, not their pods. */
  close(): Promise<void>;
}

/** Like Kubernetes' housekeeping, but rarer: events do the daily work. */
const housekeepingMs = 10_000;
const orphanGraceSeconds = 1;

export function createPodDispatcher(surroundings: PodSurroundings, nodeName: string): PodDispatcher {
  const { client, clock, logger, runtime, statuses } = surroundings;
  const informer: Informer<Pod> = createInformer(client, pods, {
    fieldSelector: `spec.nodeName=${nodeName}`,
    clock,
    logger,
  });
  const workers = new Map<string, { readonly worker: PodWorker; readonly done: Promise<void> }>();
  let closed = false;

  const dispatch = (pod: Pod): void => {
    const { uid } = identityOf(pod);
    const known = workers.get(uid);
    if (known) return known.worker.update(pod);
    if (closed) return;
    const worker = new PodWorker(pod, surroundings);
    const done = worker.run().finally(() => {
      workers.delete(uid);
      statuses.forget(uid);
    });
    workers.set(uid, { worker, done });
  };

  /** In the order that ends processes soonest: none of these pods has anyone who waits for a graceful end. */
  const endOrphans = async (): Promise<void> => {
    const { items } = await runtime.listPodSandbox({});
    const known = new Set(informer.list().map((pod) => identityOf(pod).uid));
    const orphans = items.filter(({ metadata }) => !known.has(metadata.uid) && !workers.has(metadata.uid));
    await Promise.all(
      orphans.map(async ({ id, metadata }) => {
        logger.info('ending a pod that the API server does not have', {
          pod: metadata.name,
          namespace: metadata.namespace,
        });
        const { containers } = await runtime.listContainers({ filter: { pod_sandbox_id: id } });
        const stops = containers.map((one) =>
          runtime.stopContainer({ container_id: one.id, timeout: orphanGraceSeconds }),
        );
        await Promise.all(stops);
        await runtime.removePodSandbox({ pod_sandbox_id: id });
      }),
    );
  };

  const housekeep = async (signal: AbortSignal): Promise<void> => {
    await informer.waitForSync(signal);
    while (!signal.aborted) {
      await endOrphans().catch((error: unknown) => logger.warn('housekeeping failed', { reason: messageOf(error) }));
      await sleep(clock, housekeepingMs, signal);
    }
  };

  const followRuntime = async (signal: AbortSignal): Promise<void> => {
    for await (const { pod_sandbox_status: sandbox } of runtime.getContainerEvents({ signal })) {
      workers.get(sandbox.labels[podUidLabel] ?? sandbox.metadata.uid)?.worker.wake();
    }
  };

  return {
    start(group) {
      informer.onChange({
        added: dispatch,
        updated: (_old, pod) => dispatch(pod),
        deleted: (pod) => workers.get(identityOf(pod).uid)?.worker.vanish(),
      });
      informer.start(group);
      group.run('container events', followRuntime);
      group.run('housekeeping', housekeep);
    },
    get pods() {
      return informer.list();
    },
    async close() {
      closed = true;
      for (const { worker } of workers.values()) worker.stop();
      await Promise.all([...workers.values()].map(({ done }) => done));
    },
  };
}
