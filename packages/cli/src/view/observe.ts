/** One look at a running cluster, from outside: over the etcd API and the Kubernetes API, like anybody else. */
import { type Lease, type Node, type Pod, leases, nodes, pods } from '@flotilla/api';
import type { ApiClient } from '@flotilla/api-client';
import type { EtcdClient } from '@flotilla/etcd-client';

export interface MemberView {
  readonly endpoint: string;
  readonly status: 'leader' | 'follower' | 'no leader' | 'down';
  readonly term: number;
  readonly revision: number;
}

export interface ClusterView {
  readonly members: readonly MemberView[];
  /** Election → who leads, or the empty string. */
  readonly leaders: ReadonlyMap<string, string>;
  readonly nodes: readonly { readonly name: string; readonly ready: boolean }[];
  readonly pods: readonly PodView[];
  /** Whether the API server answered. */
  readonly apiAnswers: boolean;
}

export interface PodView {
  readonly name: string;
  readonly namespace: string;
  readonly status: string;
  readonly ready: boolean;
  readonly node: string;
  readonly address: string;
}

export interface Observer {
  readonly etcd: EtcdClient;
  /** `host:port` of each member. */
  readonly endpoints: readonly string[];
  readonly api: ApiClient;
}

/** A busy machine is no dead one. */
const limits = { timeoutMs: 3000 };

export async function observeCluster({ etcd, endpoints, api }: Observer, signal: AbortSignal): Promise<ClusterView> {
  const members = Promise.all(endpoints.map((endpoint) => observeMember(etcd, endpoint, signal)));
  const objects = observeObjects(api, AbortSignal.any([signal, AbortSignal.timeout(limits.timeoutMs)]));
  return { members: await members, ...(await objects) };
}

async function observeMember(etcd: EtcdClient, endpoint: string, signal: AbortSignal): Promise<MemberView> {
  try {
    const { header, leader } = await etcd.maintenance.status(endpoint, { ...limits, signal });
    const status = leader === 0n ? 'no leader' : leader === header.memberId ? 'leader' : 'follower';
    return { endpoint, status, term: header.raftTerm, revision: header.revision };
  } catch (error) {
    // Why a member does not answer is in its log; here it is down.
    if (!(error instanceof Error)) throw error;
    return { endpoint, status: 'down', term: 0, revision: 0 };
  }
}

type ObjectsView = Pick<ClusterView, 'leaders' | 'nodes' | 'pods' | 'apiAnswers'>;

async function observeObjects(api: ApiClient, signal: AbortSignal): Promise<ObjectsView> {
  try {
    const [leaseList, nodeList, podList] = await Promise.all([
      api.resource(leases).list({ namespace: 'kube-system', signal }),
      api.resource(nodes).list({ signal }),
      api.resource(pods).list({ signal }),
    ]);
    return {
      leaders: new Map(leaseList.items.map((lease) => [lease.metadata.name ?? '', holderOf(lease)])),
      nodes: nodeList.items.map((node) => ({ name: node.metadata.name ?? '', ready: isReady(node) })),
      pods: podList.items.map(podView),
      apiAnswers: true,
    };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { leaders: new Map(), nodes: [], pods: [], apiAnswers: false };
  }
}

function holderOf({ spec }: Lease): string {
  return spec?.holderIdentity ?? '';
}

function isReady({ status }: Node): boolean {
  return status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;
}

function podView(pod: Pod): PodView {
  const { metadata, spec, status } = pod;
  const ready =
    status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;
  return {
    name: metadata.name ?? '',
    namespace: metadata.namespace ?? '',
    status: metadata.deletionTimestamp === undefined ? (status?.phase ?? 'Pending') : 'Terminating',
    ready,
    node: spec.nodeName ?? '',
    address: status?.podIP ?? '',
  };
}
