import t from 'tap';
import { type Json, startCluster } from './support/cluster.ts';
import { configMap, configMaps, pod, pods } from './support/objects.ts';

const cluster = await startCluster({ windowCapacity: 50 });
t.teardown(() => cluster.stop());
const client = cluster.client();

const said = ({ type, object }: Json): string => `${type} ${object.metadata.name}`;

async function take(stream: { next(): Promise<Json> }, count: number): Promise<Json[]> {
  const events: Json[] = [];
  while (events.length < count) events.push(await stream.next());
  return events;
}

t.test('a watch from a list version sees every later change, once and in order', async (t) => {
  await client.create(configMaps, configMap('before'));
  const { json } = await client.get(configMaps);
  const stream = client.watch(`${configMaps}?watch=true&resourceVersion=${json.metadata.resourceVersion}`);
  await client.create(configMaps, configMap('one'));
  await client.patch(`${configMaps}/one`, { data: { a: '1' } });
  await client.remove(`${configMaps}/one`);
  const events = await take(stream, 3);
  stream.stop();
  t.strictSame(events.map(said), ['ADDED one', 'MODIFIED one', 'DELETED one']);
  const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
  t.strictSame(
    versions,
    [...versions].sort((a, b) => a - b),
  );
  t.equal(events[2]?.object.data['a'], '1', 'the last state comes with the deletion');
  t.ok((versions[2] ?? 0) > (versions[1] ?? 0), 'at the version of the deletion');
});

t.test('a watch without a version begins with what is there', async (t) => {
  const stream = client.watch(`${configMaps}?watch=1&fieldSelector=metadata.name%3Dbefore`);
  t.equal(said(await stream.next()), 'ADDED before');
  await client.patch(`${configMaps}/before`, { data: { b: '2' } });
  t.equal(said(await stream.next()), 'MODIFIED before');
  stream.stop();
});

t.test('an object that enters or leaves the selection is ADDED or DELETED', async (t) => {
  const { json } = await client.get(configMaps);
  const stream = client.watch(
    `${configMaps}?watch=1&labelSelector=in%3Dyes&resourceVersion=${json.metadata.resourceVersion}`,
  );
  await client.create(configMaps, configMap('mover', {}, { in: 'no' }));
  await client.patch(`${configMaps}/mover`, { metadata: { labels: { in: 'yes' } } });
  await client.patch(`${configMaps}/mover`, { data: { a: '1' } });
  const left = await client.patch(`${configMaps}/mover`, { metadata: { labels: { in: 'no' } } });
  const events = await take(stream, 3);
  stream.stop();
  t.strictSame(events.map(said), ['ADDED mover', 'MODIFIED mover', 'DELETED mover']);
  t.equal(events[2]?.object.metadata.resourceVersion, left.json.metadata.resourceVersion);
  t.equal(events[2]?.object.metadata.labels['in'], 'yes', 'the last state that was selected');
});

t.test('a field selector follows the field', async (t) => {
  const stream = client.watch(`${pods}?watch=1&fieldSelector=spec.nodeName%3Dn1`);
  await client.create(pods, pod('p1'));
  await client.create(`${pods}/p1/binding`, { metadata: { name: 'p1' }, target: { name: 'n1' } });
  t.equal(said(await stream.next()), 'ADDED p1');
  stream.stop();
  const unknown = await client.get(`${pods}?watch=1&fieldSelector=spec.nonsense%3D1`);
  t.match(unknown.json, { code: 400, message: 'field label not supported: spec.nonsense' });
});

t.test('a streaming list ends its initial events with a bookmark', async (t) => {
  const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const stream = client.watch(`${configMaps}?${query}&fieldSelector=metadata.name%3Dbefore`);
  t.equal(said(await stream.next()), 'ADDED before');
  const bookmark = await stream.next();
  t.match(bookmark, {
    type: 'BOOKMARK',
    object: { kind: 'ConfigMap', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
  });
  await client.patch(`${configMaps}/before`, { data: { c: '3' } });
  const { object } = await stream.next();
  t.ok(Number(object.metadata.resourceVersion) > Number(bookmark.object.metadata.resourceVersion));
  stream.stop();
  t.equal((await client.get(`${configMaps}?watch=1&sendInitialEvents=true`)).code, 422);
  t.equal((await client.get(`${configMaps}?watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=1`)).code, 422);
  t.equal((await client.get(`${configMaps}?sendInitialEvents=true`)).code, 422);
});

t.test('a watch ends when its time is over, with a bookmark before', async (t) => {
  const stream = client.watch(
    `${configMaps}?watch=1&resourceVersion=0&timeoutSeconds=1&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dnone`,
  );
  const events: Json[] = [];
  for await (const event of stream) events.push(event);
  t.strictSame(
    events.map(({ type }) => type),
    ['BOOKMARK'],
  );
});

t.test('a version that the window has lost is expired', async (t) => {
  const { json } = await client.create(configMaps, configMap('spinner'));
  for (let turn = 0; turn < 60; turn++) await client.patch(`${configMaps}/spinner`, { data: { turn: String(turn) } });
  const { code, json: status } = await client.get(
    `${configMaps}?watch=1&resourceVersion=${json.metadata.resourceVersion}`,
  );
  t.equal(code, 410);
  t.match(status, { reason: 'Expired', message: /^too old resource version: \d+ \(\d+\)$/ });
});

t.test('a watch with Table events names its columns once', async (t) => {
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
  const { json } = await client.send(configMaps, { headers: { accept } });
  t.match(json, { kind: 'Table', columnDefinitions: [{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }] });
  t.match(json.rows[0]?.object, { kind: 'PartialObjectMetadata' });
  const single = await client.send(`${configMaps}/before?includeObject=None`, { headers: { accept } });
  t.equal(single.json.rows.length, 1);
  t.notOk('object' in (single.json.rows[0] ?? {}));
});

t.test('a watcher goes on when the store is restarted', async (t) => {
  const { json } = await client.get(configMaps);
  const stream = client.watch(`${configMaps}?watch=1&resourceVersion=${json.metadata.resourceVersion}`);
  await client.create(configMaps, configMap('until'));
  t.equal(said(await stream.next()), 'ADDED until');
  await cluster.etcd.restart();
  const { code } = await client.create(configMaps, configMap('afterwards'));
  t.equal(code, 201);
  t.equal(said(await stream.next()), 'ADDED afterwards');
  stream.stop();
});
