/** What tests ask of a cluster, as kubectl shows it. */
import type { Pod, Service } from '@flotilla/api';
import type { Cluster } from './cluster.ts';
import { until } from './until.ts';

export async function podsOf(cluster: Cluster, selector = 'app=web'): Promise<readonly Pod[]> {
  const list = (await cluster.kubectlJson('get', 'pods', '-l', selector)) as { items: Pod[] };
  return list.items;
}

export function isReady({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

/** Waits until exactly so many pods exist and all are ready. */
export async function untilReady(cluster: Cluster, count: number, selector?: string): Promise<readonly Pod[]> {
  let pods: readonly Pod[] = [];
  await until(`${count} pods are ready`, async () => {
    pods = await podsOf(cluster, selector);
    return pods.length === count && pods.every(isReady);
  });
  return pods;
}

export async function serviceUrl(cluster: Cluster, name = 'web'): Promise<string> {
  const service = (await cluster.kubectlJson('get', 'service', name)) as Service;
  return `http://${service.spec?.clusterIP}:${service.spec?.ports?.[0]?.port}/`;
}

/** One GET over a connection of its own. */
export async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return await response.text();
}

/** Who holds a component's Lease: the leader as people see it. */
export async function leaderOf(cluster: Cluster, election: string): Promise<string> {
  const output = 'jsonpath={.spec.holderIdentity}';
  const { code, stdout } = await cluster.kubectl('get', 'lease', election, '-n', 'kube-system', '-o', output);
  return code === 0 ? stdout : '';
}

/** The component that leads the store. */
export async function leadingBrain(cluster: Cluster): Promise<string> {
  const { stdout } = await cluster.etcdctl('endpoint', 'status', '-w', 'json');
  const statuses = JSON.parse(stdout) as {
    Endpoint: string;
    Status: { leader: number; header: { member_id: number } };
  }[];
  const leading = statuses.find(({ Status }) => Status.leader === Status.header.member_id);
  return `brain-${cluster.endpoints.indexOf(leading?.Endpoint ?? '') + 1}`;
}
