import { builtinKinds } from '@flotilla/api';
import { createEtcdClient, prefixRange } from '@flotilla/etcd-client';
import * as fc from 'fast-check';
import t from 'tap';
import { type Json, startCluster } from './support/cluster.ts';
import { configMap, configMaps } from './support/objects.ts';

const cluster = await startCluster();
t.teardown(() => cluster.stop());
const client = cluster.client();
const store = createEtcdClient({ endpoints: [cluster.etcd.endpoint] });
t.teardown(() => store.close());

const namesOf = ({ items }: Json): string[] => items.map(({ metadata }: Json) => metadata.name);
const url = '/api/v1/namespaces/kube-public/configmaps';

t.test('pages are of one snapshot, and count what remains', async (t) => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) await client.create(url, configMap(name));
  const first = (await client.get(`${url}?limit=2`)).json;
  t.strictSame(namesOf(first), ['a', 'b']);
  t.equal(first.metadata.remainingItemCount, 3);
  await client.remove(`${url}/c`);
  await client.create(url, configMap('aa'));
  const second = (await client.get(`${url}?limit=2&continue=${first.metadata.continue}`)).json;
  t.strictSame(namesOf(second), ['c', 'd'], 'as it was when the list began');
  t.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  const third = (await client.get(`${url}?limit=2&continue=${second.metadata.continue}`)).json;
  t.strictSame(namesOf(third), ['e']);
  t.notOk(third.metadata.continue);
  t.notOk(third.metadata.remainingItemCount);
});

t.test('an exact version is read from the past, a future one is refused', async (t) => {
  const { json: before } = await client.get(url);
  await client.remove(`${url}/d`);
  const exact = await client.get(
    `${url}?resourceVersion=${before.metadata.resourceVersion}&resourceVersionMatch=Exact`,
  );
  t.strictSame(namesOf(exact.json), namesOf(before));
  t.equal(exact.json.metadata.resourceVersion, before.metadata.resourceVersion);
  const limited = await client.get(`${url}?resourceVersion=${before.metadata.resourceVersion}&limit=1`);
  t.equal(limited.json.metadata.resourceVersion, before.metadata.resourceVersion, 'a limit makes a version exact');
  const notOlder = await client.get(`${url}?resourceVersion=${before.metadata.resourceVersion}`);
  t.notOk(namesOf(notOlder.json).includes('d'));
  const future = await client.get(`${url}?resourceVersion=999999&resourceVersionMatch=Exact`);
  t.equal(future.code, 504);
  t.match(future.json.details.causes, [{ reason: 'ResourceVersionTooLarge' }]);
  t.equal(future.headers['retry-after'], '1');
});

t.test('options that contradict each other are refused', async (t) => {
  const cases: [string, number][] = [
    ['resourceVersionMatch=Exact', 422],
    ['resourceVersionMatch=Exact&resourceVersion=0', 422],
    ['resourceVersionMatch=Sometimes&resourceVersion=5', 422],
    ['resourceVersion=x', 422],
    ['continue=nonsense', 400],
    [`continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":5,"start":""}').toString('base64url')}`, 400],
    ['limit=many', 400],
    ['labelSelector=%21%21', 400],
  ];
  for (const [query, code] of cases) t.equal((await client.get(`${url}?${query}`)).code, code, query);
});

t.test('an expired page says so and offers to go on', async (t) => {
  const first = (await client.get(`${url}?limit=1`)).json;
  const { json } = await client.create(url, configMap('later'));
  await store.kv.compact({ revision: Number(json.metadata.resourceVersion) });
  const expired = await client.get(`${url}?limit=1&continue=${first.metadata.continue}`);
  t.equal(expired.code, 410);
  t.equal(expired.json.reason, 'Expired');
  const onward = await client.get(`${url}?continue=${expired.json.metadata.continue}`);
  t.equal(onward.code, 200);
  t.ok(namesOf(onward.json).includes('later'));
  const exact = await client.get(`${url}?resourceVersion=1&resourceVersionMatch=Exact`);
  t.match(exact.json, { code: 410, message: 'The resourceVersion for the provided list is too old.' });
});

t.test('what one server wrote, another lists and reads at once', async (t) => {
  const other = cluster.client(cluster.admin, await cluster.another());
  await other.get(configMaps);
  for (let turn = 0; turn < 30; turn++) {
    const name = `turn-${turn}`;
    const [writer, reader] = turn % 2 === 0 ? [client, other] : [other, client];
    const { json } = await writer.create(configMaps, configMap(name));
    t.ok(namesOf((await reader.get(configMaps)).json).includes(name));
    t.equal((await reader.get(`${configMaps}/${name}`)).json.metadata.resourceVersion, json.metadata.resourceVersion);
    const notOlder = await reader.get(`${configMaps}?resourceVersion=${json.metadata.resourceVersion}`);
    t.ok(namesOf(notOlder.json).includes(name));
    await writer.remove(`${configMaps}/${name}`);
    t.notOk(namesOf((await reader.get(configMaps)).json).includes(name));
  }
});

t.test('a list from the cache is the range of the store at its version', async (t) => {
  const kind = builtinKinds.byResource({ group: '', version: 'v1', resource: 'configmaps' });
  const prefix = `${kind?.storagePrefix}default/`;
  const step = fc.record({
    action: fc.constantFrom('put', 'remove'),
    name: fc.constantFrom('p1', 'p2', 'p3', 'p4', 'p10'),
    label: fc.constantFrom('x', 'y'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.constantFrom('', 'l%3Dx', 'l%21%3Dx'),
      async (steps, selector) => {
        const writes = steps.map(async ({ action, name, label }) => {
          if (action === 'remove') return client.remove(`${configMaps}/${name}`);
          const made = await client.create(configMaps, configMap(name, {}, { l: label }));
          return made.code === 409
            ? client.patch(`${configMaps}/${name}`, { metadata: { labels: { l: label } } })
            : made;
        });
        const lists = await Promise.all(steps.map(() => client.get(`${configMaps}?labelSelector=${selector}`)));
        await Promise.all(writes);
        for (const { json } of lists) {
          const revision = Number(json.metadata.resourceVersion);
          const { kvs } = await store.kv.range({ ...prefixRange(prefix), revision });
          const expected = kvs
            .map((kv) => ({
              object: JSON.parse(Buffer.from(kv.value).toString()) as Json,
              revision: String(kv.modRevision),
            }))
            .filter(({ object }) => matches(selector, object.metadata.labels ?? {}))
            .map(({ object, revision: version }) => [object.metadata.name, object.metadata.uid, version]);
          t.strictSame(
            json.items.map(({ metadata }: Json) => [metadata.name, metadata.uid, metadata.resourceVersion]),
            expected,
          );
        }
      },
    ),
    { numRuns: 25 },
  );
});

function matches(selector: string, labels: Readonly<Record<string, string>>): boolean {
  if (selector === '') return true;
  return selector.includes('%21') ? labels['l'] !== 'x' : labels['l'] === 'x';
}
