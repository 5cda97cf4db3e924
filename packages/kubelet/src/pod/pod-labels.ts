/** The labels that tie sandboxes and containers of a runtime to pods: Kubernetes' own names. */
import type { Pod } from '@flotilla/api';

export const podNameLabel = 'io.kubernetes.pod.name';
export const podNamespaceLabel = 'io.kubernetes.pod.namespace';
export const podUidLabel = 'io.kubernetes.pod.uid';
export const containerNameLabel = 'io.kubernetes.container.name';

/** Who a pod is: names are used again, uids never. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export function identityOf({ metadata }: Pick<Pod, 'metadata'>): PodIdentity {
  return { namespace: metadata.namespace ?? 'default', name: metadata.name, uid: metadata.uid ?? '' };
}

export function podLabels({ namespace, name, uid }: PodIdentity): Readonly<Record<string, string>> {
  return { [podNameLabel]: name, [podNamespaceLabel]: namespace, [podUidLabel]: uid };
}
