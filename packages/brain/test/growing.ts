/** Members that come to a cluster that runs: planned, added through a client, and started as etcd's documents say it. */
import path from 'node:path';
import { RpcError, toId } from '@flotilla/wire';
import { type ClusterPlan, type MemberPlan, type TestClient, until } from './cluster.ts';
import { reservePorts } from './reserve-ports.ts';

/** Plans a member beside those that there are. */
export async function planNewcomer(plan: ClusterPlan, name: string): Promise<MemberPlan> {
  const [clientPort = 0, peerPort = 0] = await reservePorts(2);
  const clientUrl = `http://127.0.0.1:${clientPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const dataDir = path.join(plan.directory, name);
  const [first] = plan.members;
  const options = {
    ...first?.options,
    name,
    'data-dir': dataDir,
    'listen-client-urls': [clientUrl],
    'advertise-client-urls': [clientUrl],
    'listen-peer-urls': [peerUrl],
    'initial-advertise-peer-urls': [peerUrl],
    'initial-cluster-state': 'existing',
  };
  return { name, clientPort, peerPort, dataDir, options };
}

export interface Added {
  readonly id: bigint;
  /** With the flags that it is to be started with. */
  readonly member: MemberPlan;
}

/** Adds a planned member, once the cluster is healthy enough for it. */
export async function addMember(
  client: TestClient,
  member: MemberPlan,
  { isLearner = false }: { readonly isLearner?: boolean } = {},
): Promise<Added> {
  const peerURLs = [...(member.options['initial-advertise-peer-urls'] ?? [])];
  const answer = await whenHealthy(() => client.cluster.MemberAdd({ peerURLs, isLearner }));
  const initialCluster = answer.members.flatMap(({ name, peerURLs: urls }) =>
    (urls ?? []).map((url) => `${name ? name : member.name}=${url}`),
  );
  const id = BigInt.asUintN(64, toId(answer.member?.ID ?? 0));
  return { id, member: { ...member, options: { ...member.options, 'initial-cluster': initialCluster.join() } } };
}

/** Asks again as long as the members have not been connected for the time that etcd asks for. */
export async function whenHealthy<T>(call: () => Promise<T>): Promise<T> {
  let answer: T | undefined;
  await until(async () => {
    try {
      answer = await call();
      return true;
    } catch (error) {
      if (error instanceof RpcError && error.message === 'etcdserver: unhealthy cluster') return false;
      throw error;
    }
  });
  return answer as T;
}
