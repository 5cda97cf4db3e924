/** The subresources that components call, as functions: bind and evict a pod, read and set a scale. */
import { type DeleteOptions, type KubeObject, type Pod, type Scale, pods } from '@flotilla/api';
import type { ApiClient, ChangeOptions, ObjectName, ResourceType } from './client.ts';
import type { CallOptions } from './transport.ts';

export interface PodBinding {
  /** The pod; its uid, when given, must still be the one that is bound. */
  readonly pod: Pick<Pod, 'metadata'>;
  readonly node: string;
}

/** Puts a pod on a node. A pod that has a node already answers 409. */
export async function bindPod(client: ApiClient, { pod, node }: PodBinding, options?: ChangeOptions): Promise<void> {
  const { name, namespace, uid } = pod.metadata;
  const body = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  };
  await client.resource(pods).subresource('binding').create({ name, namespace }, body, options);
}

/** Deletes a pod if its disruption budgets allow; 429 when they do not. */
export async function evictPod(
  client: ApiClient,
  at: ObjectName,
  { deleteOptions, ...options }: ChangeOptions & { readonly deleteOptions?: DeleteOptions } = {},
): Promise<void> {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { ...at }, deleteOptions };
  await client.resource(pods).subresource('eviction').create(at, body, options);
}

export async function readScale<T extends KubeObject>(
  client: ApiClient,
  type: ResourceType<T>,
  at: ObjectName,
  options?: CallOptions,
): Promise<Scale> {
  return (await client.resource(type).subresource('scale').get(at, options)) as Scale;
}

/** Sets the number of replicas; with a resourceVersion in the scale's metadata, only over that version. */
export async function writeScale<T extends KubeObject>(
  client: ApiClient,
  type: ResourceType<T>,
  scale: Scale,
  options?: ChangeOptions,
): Promise<Scale> {
  const { name, namespace } = scale.metadata;
  return (await client.resource(type).subresource('scale').update({ name, namespace }, scale, options)) as Scale;
}
