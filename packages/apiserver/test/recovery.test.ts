import { createEtcdClient } from '@flotilla/etcd-client';
import t from 'tap';
import { type Response, startCluster } from './support/cluster.ts';
import { cuttable } from './support/cut.ts';
import { configMap, configMaps } from './support/objects.ts';

const cluster = await startCluster();
const store = createEtcdClient({ endpoints: [cluster.etcd.endpoint] });
const near = cluster.client();
const link = await cuttable(cluster.etcd.endpoint);
const far = cluster.client(
  cluster.admin,
  await cluster.another({ etcdServers: [link.endpoint], requestTimeoutMs: 1_000 }),
);
t.teardown(async () => {
  await cluster.stop();
  await link.close();
  store.close();
});

t.test('a server that missed changes which were compacted loads anew and ends its watches', async (t) => {
  await near.create(configMaps, configMap('stays'));
  await near.create(configMaps, configMap('goes'));
  const { json: before } = await far.get(configMaps);
  t.strictSame(
    before.items.map(({ metadata }) => metadata.name),
    ['goes', 'stays'],
  );
  const version = before.metadata.resourceVersion;
  const stream = far.watch(`${configMaps}?watch=1&resourceVersion=${version}`);
  await near.create(configMaps, configMap('seen'));
  t.equal((await stream.next()).object.metadata.name, 'seen');

  link.cut();
  await near.remove(`${configMaps}/goes`);
  const { json: last } = await near.create(configMaps, configMap('comes'));
  await store.kv.compact({ revision: Number(last.metadata.resourceVersion) });
  const unreachable = await far.get(configMaps);
  t.ok(unreachable.code >= 500, 'a list that must be new is not answered from the old');
  t.strictSame(
    (await far.get(`${configMaps}?resourceVersion=0`)).json.items.map(({ metadata }) => metadata.name),
    ['goes', 'seen', 'stays'],
    'one that may be old is',
  );
  link.mend();

  await t.rejects(stream.next(), 'the watch that missed something ends');
  const { json: after } = await far.get(configMaps);
  t.strictSame(
    after.items.map(({ metadata }) => metadata.name),
    ['comes', 'seen', 'stays'],
  );
  const resumed = await far.get(`${configMaps}?watch=1&resourceVersion=${version}`);
  t.equal(resumed.code, 410, 'and a client that resumes it is told to list again');
});

t.test('a write whose answer from the store was lost is answered truly', async (t) => {
  const key = '/registry/configmaps/default/lost';
  const present = async () => (await store.kv.range({ key })).kvs[0];
  const through = cluster.client(cluster.admin, await cluster.another({ etcdServers: [link.endpoint] }));
  /** Sends a write, loses the answer to it, and lets the server find out. */
  const loseAnswer = async (send: () => Promise<Response>): Promise<Response> => {
    // Whatever the write reads first is in the caches, so that nothing but its transaction loses its answer.
    for (const path of ['/api/v1/namespaces', configMaps]) await through.get(path);
    const before = (await present())?.modRevision;
    link.mute();
    const answer = send();
    while ((await present())?.modRevision === before);
    link.cut();
    link.mend();
    return answer;
  };

  const created = await loseAnswer(() => through.create(configMaps, configMap('lost', { a: '1' })));
  t.equal(created.code, 201, created.text);
  t.equal(created.json.metadata.resourceVersion, String((await present())?.modRevision));
  const patched = await loseAnswer(() => through.patch(`${configMaps}/lost`, { data: { a: '2' } }));
  t.match(patched, { code: 200, json: { data: { a: '2' } } }, patched.text);
  t.equal(patched.json.metadata.resourceVersion, String((await present())?.modRevision));
  const removed = await loseAnswer(() => through.remove(`${configMaps}/lost`));
  t.match(removed, { code: 200, json: { status: 'Success' } }, removed.text);
});

t.test('a server that starts before its store waits for it', async (t) => {
  link.cut();
  const starting = cluster.another({ etcdServers: [link.endpoint] });
  let hasStarted = false;
  const marked = starting.then(() => {
    hasStarted = true;
  });
  await near.get('/readyz');
  t.notOk(hasStarted);
  link.mend();
  await marked;
  t.equal((await cluster.client(cluster.admin, await starting).get('/readyz')).text, 'ok');
});

t.test('a start that waits can be given up', async (t) => {
  const controller = new AbortController();
  const starting = cluster.another({ etcdServers: ['http://127.0.0.1:1'], signal: controller.signal });
  controller.abort();
  await t.rejects(starting);
});
