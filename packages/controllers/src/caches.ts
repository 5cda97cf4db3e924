/**
 * The informers that all controllers share, one a kind, with the indexes that any of them needs. They run for as long as the
 * process does, so a standby that comes to lead has warm caches.
 */
import {
  type Deployment,
  type EndpointSlice,
  type Kind,
  type KubeObject,
  type Lease,
  type Namespace,
  type Node,
  type Pod,
  type ReplicaSet,
  type Service,
  builtinKinds,
  deployments,
  endpointSlices,
  events,
  leases,
  namespaces,
  nodes,
  pods,
  replicaSets,
  services,
} from '@flotilla/api';
import { type ApiClient, type Informer, type InformerOptions, createInformerFactory } from '@flotilla/api-client';
import type { TaskGroup } from '@flotilla/base';
import { serviceNameLabel } from './endpoint-slice/labels.ts';
import { controllerOf } from './owner-references.ts';

/** Objects by the uid of the owner that controls them; the empty string for those that none does. */
export const controllerIndex = 'controller';
/** Objects by the uid of each of their owners. */
export const ownerIndex = 'owner';
/** Every object by its own uid. */
export const uidIndex = 'uid';
/** Pods by the node they are bound to. */
export const nodeIndex = 'node';
/** Endpoint slices by `namespace/service`. */
export const serviceIndex = 'service';

export interface Caches {
  readonly pods: Informer<Pod>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly deployments: Informer<Deployment>;
  readonly services: Informer<Service>;
  readonly endpointSlices: Informer<EndpointSlice>;
  readonly namespaces: Informer<Namespace>;
  readonly nodes: Informer<Node>;
  readonly leases: Informer<Lease>;
  /** Every kind whose objects may own or be owned, those above included. */
  readonly all: readonly { readonly kind: Kind; readonly informer: Informer<KubeObject> }[];
  start(group: TaskGroup): void;
  waitForRevision(revision: number, signal: AbortSignal): Promise<void>;
}

const owner = (object: KubeObject): string[] => (object.metadata.ownerReferences ?? []).map(({ uid }) => uid);
const uid = ({ metadata }: KubeObject): string[] => [metadata.uid ?? ''];
const controller = (object: KubeObject): string[] => [controllerOf(object)?.uid ?? ''];

export function createCaches(client: ApiClient, options: Omit<InformerOptions<KubeObject>, 'indexers'>): Caches {
  const factory = createInformerFactory(client, options);
  const owned = { [ownerIndex]: owner, [controllerIndex]: controller, [uidIndex]: uid };
  const onNode = ({ spec }: Pod): string[] => [spec.nodeName ?? ''];
  const ofService = ({ metadata }: EndpointSlice): string[] => {
    const service = metadata.labels?.[serviceNameLabel];
    return service === undefined ? [] : [`${metadata.namespace}/${service}`];
  };
  return {
    pods: factory.informer(pods, { indexers: { ...owned, [nodeIndex]: onNode } }),
    replicaSets: factory.informer(replicaSets, { indexers: owned }),
    deployments: factory.informer(deployments, { indexers: owned }),
    services: factory.informer(services, { indexers: owned }),
    endpointSlices: factory.informer(endpointSlices, { indexers: { ...owned, [serviceIndex]: ofService } }),
    namespaces: factory.informer(namespaces, { indexers: owned }),
    nodes: factory.informer(nodes, { indexers: owned }),
    leases: factory.informer(leases, { indexers: owned }),
    // Events own nothing, and end by themselves.
    all: builtinKinds.kinds
      .filter((kind) => kind !== events && kind.verbs.includes('watch') && kind.verbs.includes('delete'))
      .map((kind) => ({ kind, informer: factory.informer(kind, { indexers: owned }) })),
    start: (group) => factory.start(group),
    waitForRevision: (revision, signal) => factory.waitForRevision(revision, signal),
  };
}
