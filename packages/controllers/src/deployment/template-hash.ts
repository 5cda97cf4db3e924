/** The label that tells the pods of one template from those of another, and the comparison of templates. */
import { type Deployment, type PodTemplateSpec, type ReplicaSet, deepEqual } from '@flotilla/api';

export const podTemplateHashLabel = 'pod-template-hash';

/** Whether the ReplicaSet was made from the deployment's template; the hash label itself does not count. */
export function hasTemplateOf(replicaSet: ReplicaSet, deployment: Deployment): boolean {
  return deepEqual(withoutHash(replicaSet.spec.template), withoutHash(deployment.spec.template));
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [podTemplateHashLabel]: _, ...labels } = template.metadata.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
