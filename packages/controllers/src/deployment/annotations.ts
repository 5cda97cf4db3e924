/** The annotations by which kubectl and later reconciles know a ReplicaSet's revision and size of the rollout it stands in. */
import type { Deployment, ReplicaSet } from '@flotilla/api';
import { boundsOf, replicasOf } from './bounds.ts';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';
export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  'deprecated.deployment.rollback.to',
]);

type Annotations = Readonly<Record<string, string>>;

export function revisionOf({ metadata }: ReplicaSet | Deployment): number {
  return Number(metadata.annotations?.[revisionAnnotation] ?? 0);
}

/** The number in an annotation, if there is one. */
export function numberIn({ metadata }: ReplicaSet, annotation: string): number | undefined {
  const text = metadata.annotations?.[annotation];
  const value = Number(text);
  return text === undefined || !Number.isSafeInteger(value) ? undefined : value;
}

/** What every ReplicaSet of the rollout says about its size. */
export function sizeAnnotations(deployment: Deployment): Annotations {
  const replicas = replicasOf(deployment.spec);
  return {
    [desiredReplicasAnnotation]: String(replicas),
    [maxReplicasAnnotation]: String(replicas + boundsOf(deployment).maxSurge),
  };
}

/** The deployment's own annotations, as its newest ReplicaSet carries them (`kubernetes.io/change-cause` among them). */
function copiedAnnotations({ metadata }: Deployment): Annotations {
  return Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([name]) => !notCopied.has(name)));
}

/**
 * The annotations of the newest ReplicaSet. One that was rolled back to gets the next revision, and remembers those it had.
 */
export function newestAnnotations(
  deployment: Deployment,
  newest: ReplicaSet | undefined,
  revision: number,
): Annotations {
  const known = newest?.metadata.annotations ?? {};
  const old = newest ? revisionOf(newest) : 0;
  const annotations = { ...known, ...copiedAnnotations(deployment), ...sizeAnnotations(deployment) };
  if (old >= revision) return annotations;
  const history = [known[revisionHistoryAnnotation], old === 0 ? undefined : String(old)].filter(Boolean).join(',');
  return {
    ...annotations,
    [revisionAnnotation]: String(revision),
    ...(history !== '' && { [revisionHistoryAnnotation]: history }),
  };
}
