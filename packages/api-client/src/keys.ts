/** Keys of objects in caches and queues: `namespace/name`, or `name` for cluster-scoped kinds. */
import type { KubeObject } from '@flotilla/api';
import { OperatingError } from '@flotilla/base';
import type { ObjectName } from './client.ts';

export function keyOf({ metadata }: Pick<KubeObject, 'metadata'>): string {
  return nameKey(metadata);
}

export function nameKey({ namespace, name }: ObjectName): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

export function nameOfKey(key: string): ObjectName {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/**
 * A resourceVersion as the store revision that it is: Kubernetes lets clients order versions since 1.35, and ours are revisions.
 * @throws OperatingError code `API_BAD_RESPONSE`
 */
export function revisionOf(resourceVersion: string | undefined): number {
  const revision = Number(resourceVersion === undefined || resourceVersion === '' ? NaN : resourceVersion);
  if (Number.isSafeInteger(revision)) return revision;
  throw new OperatingError('API_BAD_RESPONSE', `"${resourceVersion}" is no resource version`);
}
