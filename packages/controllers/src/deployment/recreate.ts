/** Recreate: no pod of the new template begins before the last of the old ones has ended. */
import type { Pod } from '@flotilla/api';
import { controllerIndex } from '../caches.ts';
import { isFinished } from '../pod-state.ts';
import { replicasOf } from './bounds.ts';
import { ensureNewest } from './newest-replica-set.ts';
import { activeOf } from './replica-sets.ts';
import { type Step, resize } from './sizing.ts';

export async function recreate(step: Step): Promise<void> {
  const { rollout } = step;
  const active = activeOf(rollout.old);
  for (const replicaSet of active) await resize(step, replicaSet, 0);
  if (active.length > 0 || oldPodsRun(step)) return;
  await ensureNewest(step);
  if (rollout.newest) await resize(step, rollout.newest, replicasOf(rollout.deployment.spec));
}

/** A pod that is being deleted still runs. */
function oldPodsRun({ context, rollout }: Step): boolean {
  const podsOf = (uid: string | undefined): readonly Pod[] => context.caches.pods.byIndex(controllerIndex, uid ?? '');
  return rollout.old.some(({ metadata }) => podsOf(metadata.uid).some((pod) => !isFinished(pod)));
}
