/** The one way in which a ReplicaSet gets another size: over the version seen, with its annotations, told as an event. */
import { type Deployment, type ReplicaSet, deepEqual, replicaSets } from '@flotilla/api';
import { keyOf } from '@flotilla/api-client';
import type { ControllerContext } from '../controller.ts';
import type { OwnWrites } from '../own-writes.ts';
import { sizeAnnotations } from './annotations.ts';
import { replicasOf } from './bounds.ts';
import { type Rollout, replace } from './replica-sets.ts';

/** What the steps of one reconcile share. */
export interface Step {
  readonly context: ControllerContext;
  readonly written: OwnWrites;
  readonly rollout: Rollout;
  readonly signal: AbortSignal;
}

/** Writes a ReplicaSet that changed, and notes the write. */
export async function updateReplicaSet(step: Step, replicaSet: ReplicaSet): Promise<ReplicaSet> {
  const { context, written, rollout, signal } = step;
  const updated = await context.client.resource(replicaSets).update(replicaSet, { signal });
  written.wrote(keyOf(rollout.deployment), updated);
  replace(rollout, updated);
  return updated;
}

/** @returns whether the size changed. */
export async function resize(step: Step, replicaSet: ReplicaSet, replicas: number): Promise<boolean> {
  const { deployment } = step.rollout;
  const { metadata, spec } = replicaSet;
  const annotations = { ...metadata.annotations, ...sizeAnnotations(deployment) };
  const from = replicasOf(spec);
  if (from === replicas && deepEqual(annotations, metadata.annotations)) return false;
  await updateReplicaSet(step, { ...replicaSet, metadata: { ...metadata, annotations }, spec: { ...spec, replicas } });
  if (from === replicas) return false;
  tellScaled(step, deployment, { name: metadata.name, from, to: replicas });
  return true;
}

export function tellScaled(
  { context }: Step,
  deployment: Deployment,
  { name, from, to }: { readonly name: string; readonly from: number; readonly to: number },
): void {
  const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`;
  context.recorder.record(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message });
}
