import { createEtcdClient, prefixRange } from '@flotilla/etcd-client';
import t from 'tap';
import { startCluster } from './support/cluster.ts';
import { service, services } from './support/objects.ts';

/** Six usable addresses. */
const cluster = await startCluster({ serviceClusterIpRange: '127.96.0.0/29' });
t.teardown(() => cluster.stop());
const client = cluster.client();
const store = createEtcdClient({ endpoints: [cluster.etcd.endpoint] });
t.teardown(() => store.close());

const taken = async (): Promise<string[]> => {
  const { kvs } = await store.kv.range({ ...prefixRange('/flotilla/service-addresses/'), keysOnly: true });
  return kvs.map(({ key }) => Buffer.from(key).toString().split('/').at(-1) ?? '');
};

t.test('services on two servers at once never share an address, and the range ends', async (t) => {
  const other = cluster.client(cluster.admin, await cluster.another());
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? client : other).create(services, service(`s${index}`))),
  );
  const made = answers.filter(({ code }) => code === 201).map(({ json }) => json.spec.clusterIP);
  t.equal(new Set(made).size, 6);
  t.strictSame((await taken()).sort(), [...made].sort());
  for (const address of made) t.match(address, /^127\.96\.0\.[1-6]$/);
  const [refused] = answers.filter(({ code }) => code !== 201);
  t.match(refused?.json, { code: 500, message: 'Internal error occurred: failed to allocate IP: range is full' });
});

t.test('a deleted service gives its address back, and another may ask for it', async (t) => {
  const { json } = await client.get(services);
  const [first] = json.items;
  if (!first) throw new Error('there is no service');
  await client.remove(`${services}/${first.metadata.name}`);
  t.equal((await taken()).length, 5);
  const address = first.spec.clusterIP;
  const wanted = await client.create(services, service('wanted', { clusterIP: address }));
  t.match(wanted.json.spec, {
    clusterIP: address,
    clusterIPs: [address],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
  });
  const again = await client.create(services, service('again', { clusterIP: address }));
  t.match(again.json, { code: 422, details: { causes: [{ field: 'spec.clusterIPs' }] } });
  t.match(again.json.message, `failed to allocate IP ${address}: provided IP is already allocated`);
  const outside = await client.create(services, service('outside', { clusterIP: '10.0.0.1' }));
  t.match(outside.json.message, 'the provided IP is not in the valid range');
});

t.test('headless services and external names take none', async (t) => {
  const before = await taken();
  const headless = await client.create(services, service('headless', { clusterIP: 'None' }));
  t.match(headless.json.spec, { clusterIP: 'None', clusterIPs: ['None'] });
  const external = await client.create(
    services,
    service('external', { type: 'ExternalName', externalName: 'example.com', ports: [] }),
  );
  t.equal(external.code, 201, external.text);
  t.notOk('clusterIP' in external.json.spec);
  t.strictSame(await taken(), before);
});

t.test('an update keeps the address, a change to an external name gives it back', async (t) => {
  const url = `${services}/wanted`;
  const { json } = await client.get(url);
  const kept = await client.send(url, {
    method: 'PUT',
    body: { ...service('wanted', { ports: [{ port: 81 }] }), metadata: json.metadata },
  });
  t.equal(kept.json.spec.clusterIP, json.spec.clusterIP);
  const changed = await client.patch(url, {
    spec: { type: 'ExternalName', externalName: 'example.com', clusterIP: null, clusterIPs: null },
  });
  t.equal(changed.code, 200, changed.text);
  t.notOk((await taken()).includes(json.spec.clusterIP));
});

t.test('a dry run takes no address', async (t) => {
  const before = await taken();
  const { code } = await client.create(`${services}?dryRun=All`, service('dry'));
  t.equal(code, 201);
  t.strictSame(await taken(), before);
});
