/**
 * Finds, corrects or makes the ReplicaSet of the current template. Its name follows from the deployment and the template, so
 * that making it twice makes it once; a name taken by another template counts as a collision and changes the hash.
 */
import {
  type Deployment,
  type LabelSelector,
  type ReplicaSet,
  deepEqual,
  deployments,
  podTemplateHash,
  replicaSets,
} from '@flotilla/api';
import { isAlreadyExists, keyOf } from '@flotilla/api-client';
import { controllerReference, isControlledBy } from '../owner-references.ts';
import { newestAnnotations, revisionOf } from './annotations.ts';
import { boundsOf, replicasOf } from './bounds.ts';
import { type Rollout, wantedBy } from './replica-sets.ts';
import { type Step, tellScaled, updateReplicaSet } from './sizing.ts';
import { hasTemplateOf, podTemplateHashLabel } from './template-hash.ts';

/** The size that the newest ReplicaSet may have now, given what the others still hold. */
export function newestSize({ deployment, newest, old }: Rollout): number {
  const wanted = replicasOf(deployment.spec);
  const current = newest ? replicasOf(newest.spec) : 0;
  if (deployment.spec.strategy.type === 'Recreate') return wanted;
  const room = wanted + boundsOf(deployment).maxSurge - wantedBy(old) - current;
  if (room <= 0) return current;
  return current + Math.min(room, wanted - current);
}

export async function ensureNewest(step: Step): Promise<void> {
  const { rollout } = step;
  const { deployment, newest } = rollout;
  const revision = Math.max(0, ...rollout.old.map(revisionOf)) + 1;
  if (newest) await correct(step, newest, revision);
  else await make(step, revision);
  await adoptRevision(step, deployment);
}

async function correct(step: Step, newest: ReplicaSet, revision: number): Promise<void> {
  const { deployment } = step.rollout;
  const { minReadySeconds } = deployment.spec;
  const annotations = newestAnnotations(deployment, newest, revision);
  const same = deepEqual(annotations, newest.metadata.annotations) && newest.spec.minReadySeconds === minReadySeconds;
  if (same) return;
  const metadata = { ...newest.metadata, annotations };
  await updateReplicaSet(step, { ...newest, metadata, spec: { ...newest.spec, minReadySeconds } });
}

async function make(step: Step, revision: number): Promise<void> {
  const { context, rollout, signal, written } = step;
  const { deployment } = rollout;
  const wanted = newReplicaSet(rollout, revision);
  const resource = context.client.resource(replicaSets);
  try {
    rollout.newest = await resource.create(wanted, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { name, namespace } = wanted.metadata;
    const found = await resource.get({ name, namespace }, { signal });
    if (!isControlledBy(found, deployment) || !hasTemplateOf(found, deployment)) {
      await countCollision(step, deployment);
      throw error;
    }
    rollout.newest = found;
  }
  written.wrote(keyOf(deployment), rollout.newest);
  const to = replicasOf(rollout.newest.spec);
  if (to > 0) tellScaled(step, deployment, { name: wanted.metadata.name, from: 0, to });
}

function newReplicaSet(rollout: Rollout, revision: number): ReplicaSet {
  const { deployment } = rollout;
  const { namespace, name } = deployment.metadata;
  const { minReadySeconds, selector, template } = deployment.spec;
  const hash = podTemplateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata.labels, [podTemplateHashLabel]: hash };
  const withHash: LabelSelector = {
    ...selector,
    matchLabels: { ...selector.matchLabels, [podTemplateHashLabel]: hash },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels,
      annotations: newestAnnotations(deployment, undefined, revision),
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: newestSize(rollout),
      minReadySeconds,
      selector: withHash,
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

async function countCollision({ context, signal }: Step, deployment: Deployment): Promise<void> {
  const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
  const status = { ...deployment.status, collisionCount };
  await context.client.resource(deployments).updateStatus({ ...deployment, status }, { signal });
}

/** The deployment shows the revision of its newest ReplicaSet. */
async function adoptRevision({ context, rollout, signal }: Step, deployment: Deployment): Promise<void> {
  const revision = rollout.newest ? revisionOf(rollout.newest) : 0;
  if (revision === 0 || revisionOf(deployment) === revision) return;
  const body = { metadata: { annotations: { 'deployment.kubernetes.io/revision': String(revision) } } };
  const { name, namespace } = deployment.metadata;
  const patch = { type: 'application/merge-patch+json', body } as const;
  rollout.deployment = await context.client.resource(deployments).patch({ name, namespace }, patch, { signal });
}
