/** Deployment: rolls its ReplicaSets from template to template, within the bounds it sets. */
import { type Deployment, type ReplicaSet, deployments, replicaSets, requirementsOf } from '@flotilla/api';
import { type WorkQueue, keyOf, namespaceIndex } from '@flotilla/api-client';
import { matchesLabels } from '@flotilla/api';
import { controllerIndex } from '../caches.ts';
import { claim } from '../claim.ts';
import type { ControllerContext, ControllerDefinition } from '../controller.ts';
import { createOwnWrites } from '../own-writes.ts';
import { controllerOf } from '../owner-references.ts';
import { removeOldReplicaSets } from './cleanup.ts';
import { ensureNewest } from './newest-replica-set.ts';
import { deadlineInMs, isComplete } from './progress.ts';
import { isResized, resizeAll } from './proportional.ts';
import { recreate } from './recreate.ts';
import { rolloutOf } from './replica-sets.ts';
import { rollOn } from './rolling.ts';
import type { Step } from './sizing.ts';
import { writeStatus } from './status.ts';

/** A key that was written for is seen again after this long, even if no event brings it back. */
const recheckMs = 1000;

export const deploymentController: ControllerDefinition = {
  name: 'deployment-controller',
  workers: 5,
  register(context, queue) {
    const { caches, clock } = context;
    const written = createOwnWrites();
    return {
      unregister: enqueueDeployments(context, queue),
      async reconcile(key, signal) {
        const deployment = caches.deployments.get(key);
        if (!deployment) return undefined;
        // Decisions weigh one ReplicaSet against another, so all must be as new as our own last write.
        if (!written.areSeen(key, caches.replicaSets.revision)) return { requeueAfterMs: recheckMs };
        const rollout = rolloutOf(deployment, await claimedReplicaSets(context, deployment, signal));
        const step = { context, written, rollout, signal };
        if (deployment.metadata.deletionTimestamp === undefined) await advance(step);
        const current = await writeStatus(step);
        const leftMs = deadlineInMs(current, clock.wallMs());
        return leftMs === undefined ? undefined : { requeueAfterMs: Math.max(leftMs, 0) + recheckMs };
      },
    };
  },
};

async function advance(step: Step): Promise<void> {
  const { rollout } = step;
  const { deployment } = rollout;
  if (deployment.spec.paused === true || isResized(rollout)) {
    await resizeAll(step);
    if (deployment.spec.paused === true) await removeOldReplicaSets(step);
    return;
  }
  if (deployment.spec.strategy.type === 'Recreate') {
    await recreate(step);
  } else {
    await ensureNewest(step);
    await rollOn(step);
  }
  if (isComplete(deployment, deployment.status ?? {})) await removeOldReplicaSets(step);
}

async function claimedReplicaSets(
  { caches, client }: ControllerContext,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<readonly ReplicaSet[]> {
  const { namespace, name, uid = '' } = deployment.metadata;
  const own = caches.replicaSets.byIndex(controllerIndex, uid);
  const orphans = caches.replicaSets
    .byIndex(controllerIndex, '')
    .filter(({ metadata }) => metadata.namespace === namespace);
  return await claim({
    owner: deployment,
    selector: requirementsOf(deployment.spec.selector),
    candidates: [...own, ...orphans],
    resource: client.resource(replicaSets),
    freshOwner: () => client.resource(deployments).get({ namespace, name }, { signal }),
    signal,
  });
}

function enqueueDeployments({ caches }: ControllerContext, queue: WorkQueue): () => void {
  const enqueue = (deployment: Deployment): void => queue.add(keyOf(deployment));
  const enqueueOwner = (replicaSet: ReplicaSet): void => {
    const controller = controllerOf(replicaSet);
    const { namespace = '', labels } = replicaSet.metadata;
    if (controller?.kind === 'Deployment') return queue.add(`${namespace}/${controller.name}`);
    if (controller) return;
    for (const deployment of caches.deployments.byIndex(namespaceIndex, namespace)) {
      if (matchesLabels(requirementsOf(deployment.spec.selector), labels)) enqueue(deployment);
    }
  };
  const offs = [
    caches.deployments.onChange({ added: enqueue, updated: (_, deployment) => enqueue(deployment) }),
    caches.replicaSets.onChange({
      added: enqueueOwner,
      updated(old, replicaSet) {
        if (controllerOf(old)?.uid !== controllerOf(replicaSet)?.uid) enqueueOwner(old);
        enqueueOwner(replicaSet);
      },
      deleted: enqueueOwner,
    }),
    // Recreate waits for the last old pod to end.
    caches.pods.onChange({
      deleted({ metadata }) {
        const owner = controllerOf({ metadata });
        const replicaSet = owner && caches.replicaSets.get(`${metadata.namespace}/${owner.name}`);
        if (replicaSet) enqueueOwner(replicaSet);
      },
    }),
  ];
  return () => {
    for (const off of offs) off();
  };
}
