import { createEtcdClient } from '@flotilla/etcd-client';
import t from 'tap';
import { parseJson, startCluster } from './support/cluster.ts';
import { configMap, configMaps, deployment, deployments, pod, pods } from './support/objects.ts';

const cluster = await startCluster();
t.teardown(() => cluster.stop());
const client = cluster.client();

t.test(
  'a new object gets its identity from the server, and lies under Kubernetes key without its version',
  async (t) => {
    const { code, json } = await client.create(configMaps, configMap('fresh', { a: '1' }));
    t.equal(code, 201);
    t.match(json.metadata, {
      name: 'fresh',
      namespace: 'default',
      uid: /^[0-9a-f-]{36}$/,
      creationTimestamp: /^\d{4}-.*:\d\dZ$/,
    });
    const store = createEtcdClient({ endpoints: [cluster.etcd.endpoint] });
    const { kvs } = await store.kv.range({ key: '/registry/configmaps/default/fresh' });
    store.close();
    t.equal(String(kvs[0]?.modRevision), json.metadata.resourceVersion);
    const stored = parseJson(kvs[0]?.value ?? '');
    t.match(stored, { kind: 'ConfigMap', data: { a: '1' } });
    t.notOk('resourceVersion' in stored.metadata);
  },
);

t.test('a name that is taken is refused', async (t) => {
  const { code, json } = await client.create(configMaps, configMap('fresh'));
  t.equal(code, 409);
  t.match(json, { reason: 'AlreadyExists', message: 'configmaps "fresh" already exists' });
});

t.test('generateName draws a name', async (t) => {
  const { json } = await client.create(configMaps, { metadata: { generateName: 'made-' } });
  t.match(json.metadata.name, /^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
});

t.test('an update with an outdated version is a conflict, one without a version replaces', async (t) => {
  const first = (await client.create(configMaps, configMap('raced'))).json;
  const url = `${configMaps}/raced`;
  const second = await client.send(url, { method: 'PUT', body: { ...first, data: { a: 'second' } } });
  t.equal(second.code, 200);
  const late = await client.send(url, { method: 'PUT', body: { ...first, data: { a: 'late' } } });
  t.equal(late.code, 409);
  t.match(late.json.message, /^Operation cannot be fulfilled on configmaps "raced": the object has been modified/);
  const plain = await client.send(url, { method: 'PUT', body: configMap('raced', { a: 'plain' }) });
  t.match(plain.json, {
    data: { a: 'plain' },
    metadata: { uid: first.metadata.uid, creationTimestamp: first.metadata.creationTimestamp },
  });
});

t.test('a write that changes nothing does not move the version', async (t) => {
  const before = (await client.create(configMaps, configMap('still', { a: '1' }))).json;
  const { code, json } = await client.patch(`${configMaps}/still`, { data: { a: '1' } });
  t.equal(code, 200);
  t.equal(json.metadata.resourceVersion, before.metadata.resourceVersion);
});

t.test('concurrent patches all land', async (t) => {
  await client.create(configMaps, configMap('busy'));
  const names = Array.from({ length: 20 }, (_, index) => `key-${index}`);
  const answers = await Promise.all(names.map((name) => client.patch(`${configMaps}/busy`, { data: { [name]: 'x' } })));
  t.strictSame(new Set(answers.map(({ code }) => code)), new Set([200]));
  t.strictSame(Object.keys((await client.get(`${configMaps}/busy`)).json.data).sort(), names.sort());
});

t.test('JSON, merge and strategic merge patches are applied, others are refused', async (t) => {
  await client.create(deployments, deployment('patched'));
  const url = `${deployments}/patched`;
  const json = await client.patch(
    url,
    [{ op: 'replace', path: '/spec/replicas', value: 2 }],
    'application/json-patch+json',
  );
  t.match(json.json, { spec: { replicas: 2 }, metadata: { generation: 2 } });
  const merge = await client.patch(url, { metadata: { labels: { a: 'b' } } });
  t.match(merge.json.metadata, { labels: { a: 'b' }, generation: 2 });
  const strategic = {
    spec: {
      template: {
        spec: {
          containers: [
            { name: 'main', image: 'other' },
            { name: 'side', image: 'new' },
          ],
        },
      },
    },
  };
  const merged = await client.patch(url, strategic, 'application/strategic-merge-patch+json');
  t.strictSame(
    merged.json.spec.template.spec.containers.map((container: { image: string }) => container.image),
    ['other', 'new'],
  );
  t.equal((await client.patch(url, {}, 'application/apply-patch+yaml')).code, 415);
});

t.test('status is only written through its own endpoint', async (t) => {
  await client.create(deployments, deployment('told'));
  const url = `${deployments}/told`;
  t.notOk((await client.patch(url, { status: { replicas: 7 } })).json.status?.replicas);
  const told = await client.patch(`${url}/status`, { status: { replicas: 7 }, spec: { replicas: 9 } });
  t.match(told.json, { status: { replicas: 7 }, spec: { replicas: 1 }, metadata: { generation: 1 } });
});

t.test('scale reads and writes replicas', async (t) => {
  await client.create(deployments, deployment('scaled', 3));
  const url = `${deployments}/scaled/scale`;
  const scale = await client.get(url);
  t.match(scale.json, {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    spec: { replicas: 3 },
    status: { selector: 'app=scaled' },
  });
  t.match((await client.patch(url, { spec: { replicas: 5 } })).json, { kind: 'Scale', spec: { replicas: 5 } });
  const put = await client.send(url, { method: 'PUT', body: { ...scale.json, spec: { replicas: 1 } } });
  t.equal(put.code, 409, 'the version of the scale is the version of the object');
  t.match((await client.get(`${deployments}/scaled`)).json, { spec: { replicas: 5 }, metadata: { generation: 2 } });
});

t.test('an invalid object is refused with the paths of its fields', async (t) => {
  const { code, json } = await client.create(deployments, { metadata: { name: 'Bad_Name' }, spec: { replicas: -1 } });
  t.equal(code, 422);
  t.equal(json.reason, 'Invalid');
  const fields = new Set(json.details.causes.map(({ field }: { field: string }) => field));
  for (const field of ['metadata.name', 'spec.replicas', 'spec.selector']) t.ok(fields.has(field), field);
});

t.test('unknown fields are refused, warned of or dropped, as asked', async (t) => {
  const body = { ...configMap('odd'), dta: {} };
  const strict = await client.create(`${configMaps}?fieldValidation=Strict`, body);
  t.equal(strict.code, 400);
  t.match(strict.json.message, 'strict decoding error: unknown field "dta"');
  const warned = await client.create(`${configMaps}?fieldValidation=Warn&dryRun=All`, body);
  t.equal(warned.headers['warning'], '299 - "unknown field \\"dta\\""');
  const ignored = await client.create(`${configMaps}?fieldValidation=Ignore`, body);
  t.equal(ignored.code, 201);
  t.equal(ignored.headers['warning'], undefined);
});

t.test('a dry run answers as the write would and writes nothing', async (t) => {
  const created = await client.create(`${configMaps}?dryRun=All`, configMap('tried'));
  t.equal(created.code, 201);
  t.equal((await client.get(`${configMaps}/tried`)).code, 404);
  await client.create(configMaps, configMap('tried', { a: '1' }));
  t.equal((await client.create(`${configMaps}?dryRun=All`, configMap('tried'))).code, 409);
  t.equal((await client.patch(`${configMaps}/tried?dryRun=All`, { data: { a: '2' } })).json.data['a'], '2');
  t.equal((await client.remove(`${configMaps}/tried?dryRun=All`)).code, 200);
  t.equal((await client.get(`${configMaps}/tried`)).json.data['a'], '1');
});

t.test('a delete answers with the uid, and honours preconditions', async (t) => {
  const { json } = await client.create(configMaps, configMap('doomed'));
  const url = `${configMaps}/doomed`;
  const refused = await client.remove(url, { preconditions: { uid: 'another' } });
  t.equal(refused.code, 409);
  const stale = await client.remove(url, { preconditions: { resourceVersion: '1' } });
  t.equal(stale.code, 409);
  const done = await client.remove(url, { preconditions: { uid: json.metadata.uid } });
  t.match(done.json, { kind: 'Status', status: 'Success', details: { name: 'doomed', uid: json.metadata.uid } });
  t.equal((await client.remove(url)).code, 404);
});

t.test('finalizers hold a deleted object until the last one is gone', async (t) => {
  const object = {
    ...configMap('held'),
    metadata: { name: 'held', finalizers: ['example.com/one', 'example.com/two'] },
  };
  await client.create(configMaps, object);
  const url = `${configMaps}/held`;
  const marked = await client.remove(url);
  t.match(marked.json.metadata, { deletionTimestamp: String, deletionGracePeriodSeconds: 0 });
  await client.patch(url, { metadata: { finalizers: ['example.com/two'] } });
  t.equal((await client.get(url)).code, 200);
  await client.patch(url, { metadata: { finalizers: null } });
  t.equal((await client.get(url)).code, 404);
});

t.test('the propagation policy becomes a finalizer', async (t) => {
  const cases = { Foreground: 'foregroundDeletion', Orphan: 'orphan' };
  for (const [propagationPolicy, finalizer] of Object.entries(cases)) {
    await client.create(configMaps, configMap('owner'));
    const { json } = await client.remove(`${configMaps}/owner`, { propagationPolicy });
    t.strictSame(json.metadata.finalizers, [finalizer]);
    t.equal((await client.remove(`${configMaps}/owner?propagationPolicy=Background`)).json.status, 'Success');
  }
});

t.test('a pod without a node ends at once, one with a node when its kubelet says so', async (t) => {
  await client.create(pods, pod('unbound'));
  t.equal((await client.remove(`${pods}/unbound`)).code, 200);
  t.equal((await client.get(`${pods}/unbound`)).code, 404);

  await client.create(pods, pod('running', { nodeName: 'n1' }));
  const url = `${pods}/running`;
  const marked = await client.remove(url);
  t.match(marked.json.metadata, { deletionGracePeriodSeconds: 30, deletionTimestamp: String });
  t.match((await client.remove(url, { gracePeriodSeconds: 5 })).json.metadata, { deletionGracePeriodSeconds: 5 });
  t.match((await client.remove(url, { gracePeriodSeconds: 60 })).json.metadata, { deletionGracePeriodSeconds: 5 });
  await client.remove(url, { gracePeriodSeconds: 0 });
  t.equal((await client.get(url)).code, 404);
});

t.test('a pod is bound once', async (t) => {
  await client.create(pods, pod('bound'));
  const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'bound' },
    target: { kind: 'Node', name: 'n1' },
  };
  t.equal((await client.create(`${pods}/bound/binding`, binding)).code, 201);
  const { json } = await client.get(`${pods}/bound`);
  t.equal(json.spec.nodeName, 'n1');
  t.match(json.status?.conditions, [{ type: 'PodScheduled', status: 'True' }]);
  const again = await client.create(`${pods}/bound/binding`, { ...binding, target: { kind: 'Node', name: 'n2' } });
  t.equal(again.code, 409);
  t.match(again.json.message, 'pod bound is already assigned to node "n1"');
});

t.test('an eviction deletes the pod', async (t) => {
  await client.create(pods, pod('evicted'));
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'evicted' } };
  t.equal((await client.create(`${pods}/evicted/eviction`, body)).code, 201);
  t.equal((await client.get(`${pods}/evicted`)).code, 404);
});

t.test('a collection is deleted by selector', async (t) => {
  for (const name of ['c1', 'c2', 'c3'])
    await client.create(configMaps, configMap(name, {}, { set: name === 'c3' ? 'stay' : 'go' }));
  const { json } = await client.remove(`${configMaps}?labelSelector=set%3Dgo`);
  t.equal(json.items.length, 2);
  t.equal((await client.get(`${configMaps}/c3`)).code, 200);
  t.equal((await client.get(`${configMaps}/c1`)).code, 404);
});

t.test('nothing is created in a namespace that is absent or ends', async (t) => {
  const absent = await client.create('/api/v1/namespaces/nowhere/configmaps', configMap('x'));
  t.equal(absent.code, 404);
  t.equal(absent.json.message, 'namespaces "nowhere" not found');

  await client.create('/api/v1/namespaces', { metadata: { name: 'ending' } });
  const inside = '/api/v1/namespaces/ending/configmaps';
  t.equal((await client.create(inside, configMap('early'))).code, 201);
  const marked = await client.remove('/api/v1/namespaces/ending');
  t.match(marked.json, { status: { phase: 'Terminating' }, spec: { finalizers: ['kubernetes'] } });
  const late = await client.create(inside, configMap('late'));
  t.equal(late.code, 403);
  t.match(late.json.message, 'unable to create new content in namespace ending because it is being terminated');
  t.match(late.json.details.causes, [{ reason: 'NamespaceTerminating' }]);

  const finalized = { ...marked.json, spec: { finalizers: [] } };
  t.equal((await client.send('/api/v1/namespaces/ending/finalize', { method: 'PUT', body: finalized })).code, 200);
  t.equal((await client.get('/api/v1/namespaces/ending')).code, 404);
});

t.test('an event hangs on a lease of an hour from its last write', async (t) => {
  const event = {
    metadata: { name: 'e1' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'Test',
    message: 'm',
    type: 'Normal',
  };
  t.equal((await client.create('/api/v1/namespaces/default/events', event)).code, 201);
  const store = createEtcdClient({ endpoints: [cluster.etcd.endpoint] });
  const patched = await client.patch('/api/v1/namespaces/default/events/e1', { count: 2 });
  t.equal(patched.code, 200);
  const { kvs } = await store.kv.range({ key: '/registry/events/default/e1' });
  t.equal(kvs[0]?.version, 2);
  const { grantedTtlSeconds } = await store.lease.timeToLive(kvs[0]?.lease ?? 0n);
  store.close();
  t.ok(grantedTtlSeconds >= 3600 && grantedTtlSeconds <= 3720, String(grantedTtlSeconds));
});

t.test('names and bodies that do not fit the path are refused', async (t) => {
  const put = (path: string, body: unknown) => client.send(path, { method: 'PUT', body });
  t.match(
    (await put(`${configMaps}/a`, configMap('b'))).json.message,
    'the name of the object (b) does not match the name on the URL (a)',
  );
  const elsewhere = { ...configMap('x'), metadata: { name: 'x', namespace: 'other' } };
  t.equal((await client.create(configMaps, elsewhere)).code, 400);
  t.equal((await client.create(configMaps, pod('x'))).code, 400);
  t.equal((await client.create(configMaps, '{"metadata":')).code, 400);
  t.equal((await client.send(configMaps, { method: 'POST', body: 'a: b', type: 'application/yaml' })).code, 415);
  t.equal((await client.send(`${configMaps}/x`, { method: 'POST', body: configMap('x') })).code, 405);
  t.equal((await client.get('/api/v1/namespaces/default/nothings')).code, 404);
});
