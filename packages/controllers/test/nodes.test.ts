import { deployments, nodes, pods, services } from '@flotilla/api';
import t from 'tap';
import { type Cluster, startCluster, webDeployment } from './cluster.ts';

// A busy machine may take its time.
t.setTimeout(0);

const settings = { nodeMonitorGraceSeconds: 4, podEvictionSeconds: 6 };

async function nodeState(
  cluster: Cluster,
  name: string,
): Promise<{ readonly ready: string; readonly taints: string[] }> {
  const { spec, status } = await cluster.client.resource(nodes).get({ name });
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? '';
  return { ready, taints: (spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`) };
}

async function podsOn(cluster: Cluster, node: string): Promise<number> {
  return (await cluster.pods()).filter(({ spec }) => spec.nodeName === node).length;
}

t.test('a silent node is tainted, its pods serve no more, and move after their time; then it comes back', async (t) => {
  const cluster = await startCluster({ nodes: 3 });
  await cluster.startControllers(settings);
  await cluster.client.resource(deployments).create(webDeployment({ replicas: 6 }));
  await cluster.run(8000);
  t.equal(await podsOn(cluster, 'n3'), 2);
  t.same(await nodeState(cluster, 'n3'), { ready: 'True', taints: [] });

  cluster.kubelet.heartbeats = (name) => name !== 'n3';
  await cluster.run(6000);
  const unreachable = 'node.kubernetes.io/unreachable';
  t.same(await nodeState(cluster, 'n3'), {
    ready: 'Unknown',
    taints: [`${unreachable}:NoSchedule`, `${unreachable}:NoExecute`],
  });
  const onDead = (await cluster.pods()).filter(({ spec }) => spec.nodeName === 'n3');
  t.equal(onDead.length, 2, 'they are still there');
  for (const { status } of onDead)
    t.match(
      status?.conditions?.find(({ type }) => type === 'Ready'),
      { status: 'False' },
    );

  await cluster.run(8000);
  t.equal(await podsOn(cluster, 'n3'), 0, 'removed by force: nobody there could confirm');
  t.equal((await cluster.pods()).length, 6);
  t.same(await nodeState(cluster, 'n1'), { ready: 'True', taints: [] });

  cluster.kubelet.heartbeats = () => true;
  await cluster.run(2000);
  t.same(await nodeState(cluster, 'n3'), { ready: 'True', taints: [] });
  await cluster.close();
});

t.test('a pod that tolerates the taint stays for as long as it says', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers(settings);
  const { template } = webDeployment().spec;
  const tolerations = [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' }];
  const patient = { ...template.spec, tolerations, nodeName: 'n2' };
  const metadata = { name: 'patient', namespace: 'default' };
  await cluster.client.resource(pods).create({ apiVersion: 'v1', kind: 'Pod', metadata, spec: patient });
  cluster.kubelet.heartbeats = (name) => name !== 'n2';
  await cluster.run(20_000);
  t.equal(await podsOn(cluster, 'n2'), 1);
  await cluster.close();
});

t.test('when no node is heard of, nothing is evicted', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers(settings);
  await cluster.client.resource(deployments).create(webDeployment());
  await cluster.run(3000);
  cluster.kubelet.heartbeats = () => false;
  await cluster.run(20_000);
  t.equal((await cluster.pods()).length, 3);
  t.equal((await nodeState(cluster, 'n1')).ready, 'Unknown');
  await cluster.close();
});

t.test('pods of a node that was deleted go after the quarantine', async (t) => {
  const cluster = await startCluster({ nodes: 2 });
  await cluster.startControllers();
  await cluster.client.resource(services).list();
  await cluster.client.resource(deployments).create(webDeployment({ replicas: 2 }));
  await cluster.run(3000);
  const { spec } = webDeployment().spec.template;
  const metadata = { name: 'lost', namespace: 'default' };
  await cluster.client
    .resource(pods)
    .create({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { ...spec, nodeName: 'n9' } });
  await cluster.run(20_000);
  t.equal(await podsOn(cluster, 'n9'), 1);
  await cluster.run(50_000);
  t.equal(await podsOn(cluster, 'n9'), 0);
  t.equal((await cluster.pods()).length, 2);
  await cluster.close();
});
