import { createEtcdClient } from '@flotilla/etcd-client';
import t from 'tap';
import { startCluster } from './support/cluster.ts';
import { configMap, configMaps } from './support/objects.ts';

const cluster = await startCluster({ compactionIntervalMs: 100 });
t.teardown(() => cluster.stop());

t.test('servers race to compact the store, and reads of the past end', async (t) => {
  await cluster.another();
  const client = cluster.client();
  const { json } = await client.create(configMaps, configMap('old'));
  await client.patch(`${configMaps}/old`, { data: { a: '1' } });
  const exact = `${configMaps}?resourceVersionMatch=Exact&resourceVersion=${json.metadata.resourceVersion}`;
  while ((await client.get(exact)).code !== 410);
  t.equal((await client.get(`${configMaps}/old`)).json.data['a'], '1');
  const store = createEtcdClient({ endpoints: [cluster.etcd.endpoint] });
  const { kvs } = await store.kv.range({ key: 'compact_rev_key' });
  store.close();
  t.ok(Number(Buffer.from(kvs[0]?.value ?? '').toString()) > 0, 'under the key that kube-apiserver uses');
});
