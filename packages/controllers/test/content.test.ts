import {
  type ConfigMap,
  type EndpointSlice,
  type KubeObject,
  type Service,
  configMaps,
  deployments,
  endpointSlices,
  namespaces,
  pods,
  services,
} from '@flotilla/api';
import { isNotFound } from '@flotilla/api-client';
import t from 'tap';
import { type Cluster, startCluster, webDeployment } from './cluster.ts';

// A busy machine may take its time.
t.setTimeout(0);

const web = { namespace: 'default', name: 'web' };

function webService(spec: Partial<Service['spec']> = {}): Service {
  const ports = [{ name: 'web', port: 80, targetPort: 'http' }];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...web, labels: { team: 'a' } },
    spec: { selector: { app: 'web' }, ports, ...spec },
  } as Service;
}

async function slices(cluster: Cluster): Promise<readonly EndpointSlice[]> {
  return (await cluster.client.resource(endpointSlices).list()).items;
}

function configMap(name: string, owner: KubeObject | undefined, metadata: object = {}): ConfigMap {
  const { apiVersion = '', kind = '' } = owner ?? {};
  const reference = { apiVersion, kind, name: owner?.metadata.name ?? '', uid: owner?.metadata.uid ?? '' };
  const ownerReferences = owner ? [{ ...reference, blockOwnerDeletion: true }] : [];
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', ownerReferences, ...metadata },
  };
}

async function names(cluster: Cluster): Promise<readonly string[]> {
  const { items } = await cluster.client.resource(configMaps).list();
  return items.map(({ metadata }) => metadata.name);
}

t.test('a service’s slices show its pods, and whether they can be used', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  await cluster.client.resource(services).create(webService());
  await cluster.client.resource(deployments).create(webDeployment());
  await cluster.run(3000);
  const [slice, ...others] = await slices(cluster);
  t.same(others, []);
  t.match(slice?.metadata.labels, {
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    team: 'a',
  });
  t.match(slice?.ports, [{ name: 'web', port: 8080, protocol: 'TCP' }]);
  t.equal(slice?.endpoints.length, 3);
  for (const endpoint of slice?.endpoints ?? []) {
    t.match(endpoint, { conditions: { ready: true, serving: true, terminating: false }, targetRef: { kind: 'Pod' } });
    t.match(endpoint.nodeName, /^n/);
  }
  const slow = slice?.endpoints[0]?.targetRef?.name;
  cluster.kubelet.ready = ({ metadata }) => metadata.name !== slow;
  await cluster.run(2000);
  const ready = (await slices(cluster))[0]?.endpoints.map(({ conditions }) => conditions?.ready);
  t.equal(ready?.filter((one) => one === true).length, 2);
  await cluster.client.resource(services).delete(web);
  await cluster.run(1000);
  t.same(await slices(cluster), []);
  await cluster.close();
});

t.test('more than a hundred endpoints fill several slices, and one change writes one slice', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  await cluster.client.resource(services).create(webService());
  await cluster.client.resource(deployments).create(webDeployment({ replicas: 150 }));
  await cluster.run(4000);
  const before = await slices(cluster);
  t.same(new Set(before.map(({ endpoints }) => endpoints.length)), new Set([100, 50]));
  const victim = before[0]?.endpoints[0]?.targetRef?.name ?? '';
  cluster.kubelet.ready = ({ metadata }) => metadata.name !== victim;
  await cluster.run(1000);
  const after = await slices(cluster);
  const changed = after.filter((slice, i) => slice.metadata.resourceVersion !== before[i]?.metadata.resourceVersion);
  t.equal(changed.length, 1);
  await cluster.close();
});

t.test('a namespace that is deleted takes its content with it, pods first', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  const inside = { name: 'inside' };
  await cluster.client
    .resource(namespaces)
    .create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'doomed' }, spec: {} });
  const map = configMap('held', undefined, { namespace: 'doomed', finalizers: ['example.com/hold'] });
  await cluster.client.resource(configMaps).create(map);
  const { spec } = webDeployment().spec.template;
  const metadata = { ...inside, namespace: 'doomed' };
  await cluster.client.resource(pods).create({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
  await cluster.run(1000);
  await cluster.client.resource(namespaces).delete({ name: 'doomed' });
  await cluster.run(3000);
  const doomed = await cluster.client.resource(namespaces).get({ name: 'doomed' });
  t.equal(doomed.status?.phase, 'Terminating');
  t.match(
    doomed.status?.conditions?.find(({ type }) => type === 'NamespaceFinalizersRemaining'),
    { status: 'True', reason: 'SomeFinalizersRemain' },
  );
  t.same(await cluster.pods(), []);
  const held = await cluster.client.resource(configMaps).get({ namespace: 'doomed', name: 'held' });
  await cluster.client.resource(configMaps).update({ ...held, metadata: { ...held.metadata, finalizers: [] } });
  await cluster.run(2000);
  const gone: unknown = await cluster.client
    .resource(namespaces)
    .get({ name: 'doomed' })
    .catch((error: unknown) => error);
  t.ok(isNotFound(gone));
  await cluster.close();
});

t.test('what has no owner any more goes; one owner that lives is enough to stay', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  const maps = cluster.client.resource(configMaps);
  const a = await maps.create(configMap('a', undefined));
  const b = await maps.create(configMap('b', undefined));
  await maps.create(configMap('of-a', a));
  const ofBoth = configMap('of-both', a);
  const references = [...(ofBoth.metadata.ownerReferences ?? []), ...(configMap('', b).metadata.ownerReferences ?? [])];
  await maps.create({ ...ofBoth, metadata: { ...ofBoth.metadata, ownerReferences: references } });
  await maps.create(configMap('of-none', { ...a, metadata: { ...a.metadata, uid: 'long gone' } }));
  await cluster.run(1000);
  t.same(await names(cluster), ['a', 'b', 'of-a', 'of-both']);
  await maps.delete({ namespace: 'default', name: 'a' });
  await cluster.run(1000);
  t.same(await names(cluster), ['b', 'of-both']);
  const left = await maps.get({ namespace: 'default', name: 'of-both' });
  t.same(
    left.metadata.ownerReferences?.map(({ name }) => name),
    ['b'],
  );
  await cluster.close();
});

t.test('a deployment deleted in the foreground goes last, and takes everything with it', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  await cluster.client.resource(deployments).create(webDeployment());
  await cluster.run(3000);
  await cluster.client.resource(deployments).delete(web, { propagationPolicy: 'Foreground' });
  let podsWhenGone = -1;
  for (let i = 0; i < 50 && podsWhenGone < 0; i++) {
    await cluster.run(100);
    const { items } = await cluster.client.resource(deployments).list();
    if (items.length === 0) podsWhenGone = (await cluster.pods()).length;
  }
  t.equal(podsWhenGone, 0);
  t.same(await cluster.replicaSets(), []);
  await cluster.close();
});

t.test('a deployment deleted in the background goes first', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  await cluster.client.resource(deployments).create(webDeployment());
  await cluster.run(3000);
  await cluster.client.resource(deployments).delete(web, { propagationPolicy: 'Background' });
  t.equal((await cluster.replicaSets()).length, 1);
  await cluster.run(3000);
  t.same([await cluster.replicaSets(), await cluster.pods()], [[], []]);
  await cluster.close();
});
