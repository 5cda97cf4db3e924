/** Which ReplicaSets a change concerns: itself, the owner of a pod, or all that an orphaned pod matches. */
import { type Pod, type ReplicaSet, matchesLabels, requirementsOf } from '@flotilla/api';
import { type WorkQueue, keyOf, namespaceIndex } from '@flotilla/api-client';
import type { ControllerContext } from '../controller.ts';
import { controllerOf } from '../owner-references.ts';

export function enqueueOwners({ caches }: ControllerContext, queue: WorkQueue): () => void {
  const enqueue = (replicaSet: ReplicaSet): void => queue.add(keyOf(replicaSet));
  const enqueueForPod = (pod: Pod): void => {
    const controller = controllerOf(pod);
    if (controller?.kind === 'ReplicaSet') return queue.add(`${pod.metadata.namespace}/${controller.name}`);
    if (controller) return;
    for (const replicaSet of caches.replicaSets.byIndex(namespaceIndex, pod.metadata.namespace ?? '')) {
      if (matchesLabels(requirementsOf(replicaSet.spec.selector), pod.metadata.labels)) enqueue(replicaSet);
    }
  };
  const offs = [
    caches.replicaSets.onChange({ added: enqueue, updated: (_, replicaSet) => enqueue(replicaSet) }),
    caches.pods.onChange({
      added: enqueueForPod,
      updated(old, pod) {
        if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) enqueueForPod(old);
        enqueueForPod(pod);
      },
      deleted: enqueueForPod,
    }),
  ];
  return () => {
    for (const off of offs) off();
  };
}
