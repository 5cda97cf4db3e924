/** ReplicaSet: exactly so many active pods of a template as `spec.replicas` says. */
import { type Pod, type ReplicaSet, pods, replicaSets, requirementsOf } from '@flotilla/api';
import { controllerIndex } from '../caches.ts';
import { claim } from '../claim.ts';
import type { ControllerContext, ControllerDefinition } from '../controller.ts';
import { isFinished } from '../pod-state.ts';
import { enqueueOwners } from './enqueue-owners.ts';
import { createPodScaler } from './pod-scaler.ts';
import { availabilityOf, writeStatus } from './status.ts';

/** A key that was written for is seen again after this long, even if no event brings it back. */
const recheckMs = 1000;

export const replicaSetController: ControllerDefinition = {
  name: 'replicaset-controller',
  workers: 5,
  register(context, queue) {
    const { caches, clock } = context;
    const scaler = createPodScaler(context);

    return {
      unregister: enqueueOwners(context, queue),
      async reconcile(key, signal) {
        const replicaSet = caches.replicaSets.get(key);
        if (!replicaSet) return undefined;
        if (!scaler.isSettled(replicaSet)) return { requeueAfterMs: recheckMs };
        const claimed = await claimedPods(context, replicaSet, signal);
        const dying = replicaSet.metadata.deletionTimestamp !== undefined;
        const unchanged = { changed: false, failure: undefined };
        const { changed, failure } = dying ? unchanged : await scaler.scale(replicaSet, claimed, signal);
        const availability = availabilityOf(replicaSet, claimed, clock.wallMs());
        await writeStatus(context, { replicaSet, availability, failure }, signal);
        if (failure) throw failure;
        if (changed) return { requeueAfterMs: recheckMs };
        return availability.nextInMs === undefined ? undefined : { requeueAfterMs: availability.nextInMs };
      },
    };
  },
};

/** The pods that the ReplicaSet controls and that did not run to their end. */
async function claimedPods(
  { caches, client }: ControllerContext,
  replicaSet: ReplicaSet,
  signal: AbortSignal,
): Promise<readonly Pod[]> {
  const { namespace, name, uid = '' } = replicaSet.metadata;
  const own = caches.pods.byIndex(controllerIndex, uid);
  const orphans = caches.pods.byIndex(controllerIndex, '').filter(({ metadata }) => metadata.namespace === namespace);
  return await claim({
    owner: replicaSet,
    selector: requirementsOf(replicaSet.spec.selector),
    candidates: [...own, ...orphans].filter((pod) => !isFinished(pod)),
    resource: client.resource(pods),
    freshOwner: () => client.resource(replicaSets).get({ namespace, name }, { signal }),
    signal,
  });
}
