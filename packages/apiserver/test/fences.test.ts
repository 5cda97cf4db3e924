import { createEtcdClient } from '@flotilla/etcd-client';
import { RpcError, StatusCode, toSafeInteger } from '@flotilla/wire';
import t, { type Test } from 'tap';
import { parseJson, startCluster } from './support/cluster.ts';
import { type GrpcClient, grpcClient } from './support/grpc.ts';
import { configMap, configMaps, pod } from './support/objects.ts';

const cluster = await startCluster();
t.teardown(() => cluster.stop());
const second = await cluster.another();
const manager = await cluster.authority.client('system:kube-controller-manager');
const scheduler = await cluster.authority.client('system:kube-scheduler');
const admin = cluster.client();
const store = createEtcdClient({ endpoints: [cluster.etcd.endpoint] });
const a = grpcClient(cluster, manager);
const b = grpcClient(cluster, manager, second);
const other = grpcClient(cluster, scheduler);
t.teardown(() => {
  for (const client of [a, b, other, store]) client.close();
});

const name = Buffer.from('test-election');
const pods = { group: '', version: 'v1', resource: 'pods', namespace: 'default' };
const maps = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' };

async function lead(client: GrpcClient, ttl = 60) {
  const { ID } = await client.leases.LeaseGrant({ TTL: ttl });
  const { leader = null } = await client.elections.Campaign({ name, lease: ID, value: Buffer.from('me') });
  return { lease: ID, leader, fence: { key: leader?.key ?? null, create_revision: leader?.rev ?? 0 } };
}

async function refusal(
  call: Promise<unknown>,
): Promise<{ reason: string; code: number; message: string; rpc: RpcError }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const status = parseJson(error.trailers['flotilla-status-bin'] ?? '{}');
    return { ...status, rpc: error };
  }
  throw new Error('the call was not refused');
}

async function failsWith(t: Test, status: StatusCode, call: () => Promise<unknown>, message = ''): Promise<void> {
  try {
    await call();
    t.fail('the call was not refused');
  } catch (error) {
    t.equal(error instanceof RpcError ? error.status : error, status, message);
  }
}

const body = (object: unknown) => Buffer.from(JSON.stringify(object));
const storeRevision = async () => (await store.kv.range({ key: 'x' })).header.revision;

t.test('a leader writes with its fence; its identity writes nothing without one', async (t) => {
  const unelected = await a.resources.Create({ ref: maps, object: body(configMap('before-election')) });
  t.ok(unelected.object.length > 0, 'who campaigns nowhere needs no fence');

  const { fence, leader, lease } = await lead(a);
  t.equal(Buffer.from(leader?.key ?? []).toString(), `/flotilla/elections/test-election/${lease.toString(16)}`);
  await a.resources.Create({ ref: pods, object: body(pod('led')), fence });
  const bare = await refusal(a.resources.Create({ ref: pods, object: body(pod('bare')) }));
  t.match(bare, { reason: 'Forbidden', code: 403 });
  t.match(bare.message, 'stands in the election "test-election": its writes must carry a fence');
  const elsewhere = await refusal(b.resources.Delete({ ref: { ...pods, name: 'led' } }));
  t.equal(elsewhere.reason, 'Forbidden', 'also on another API server');

  await t.test('a fence is no good to another identity', async (t) => {
    const stolen = await refusal(other.resources.Delete({ ref: { ...pods, name: 'led' }, fence }));
    t.equal(stolen.reason, 'LeaderFenced');
  });

  await t.test('a candidate that waits has no fence yet', async (t) => {
    const { ID } = await b.leases.LeaseGrant({ TTL: 60 });
    const controller = new AbortController();
    const waiting = b.elections.Campaign({ name, lease: ID, value: Buffer.from('b') }, { signal: controller.signal });
    waiting.catch(() => undefined);
    const key = `/flotilla/elections/test-election/${ID.toString(16)}`;
    let createRevision = 0;
    while (createRevision === 0) createRevision = (await store.kv.range({ key })).kvs[0]?.createRevision ?? 0;
    const early = { key: Buffer.from(key), create_revision: createRevision };
    const refused = await refusal(b.resources.Delete({ ref: { ...pods, name: 'led' }, fence: early }));
    t.equal(refused.reason, 'LeaderFenced');
    controller.abort();
    await t.rejects(waiting);
    while ((await store.kv.range({ key, countOnly: true })).count > 0);
    await b.leases.LeaseRevoke({ ID });
  });

  await a.elections.Resign({ leader });
  await a.leases.LeaseRevoke({ ID: lease });
  const afterwards = await a.resources.Create({ ref: maps, object: body(configMap('after-election')) });
  t.ok(afterwards.object.length > 0, 'who has resigned needs no fence any more');
});

t.test('a deposed leader changes nothing, on any verb, and no revision moves', async (t) => {
  const old = await lead(a);
  const { object } = await a.resources.Create({
    ref: maps,
    object: body(configMap('fenced', { a: '1' })),
    fence: old.fence,
  });
  const current = parseJson(object);
  await a.leases.LeaseRevoke({ ID: old.lease });
  const next = await lead(b);

  const { fence } = old;
  const ref = { ...maps, name: 'fenced' };
  const type = 'application/merge-patch+json';
  const before = await storeRevision();
  const writes = {
    create: () => a.resources.Create({ ref: pods, object: body(pod('late')), fence }),
    update: () => a.resources.Update({ ref, object: body({ ...current, data: { a: '2' } }), fence }),
    'update that changes nothing': () => a.resources.Update({ ref, object: body(current), fence }),
    patch: () => a.resources.Patch({ ref, content_type: type, patch: body({ data: { a: '3' } }), fence }),
    'patch that changes nothing': () =>
      a.resources.Patch({ ref, content_type: type, patch: body({ data: { a: '1' } }), fence }),
    delete: () => a.resources.Delete({ ref, fence }),
  };
  for (const [verb, call] of Object.entries(writes)) {
    const refused = await refusal(call());
    t.match(refused, { reason: 'LeaderFenced', code: 409 }, verb);
    t.equal(refused.rpc.status, StatusCode.FAILED_PRECONDITION);
  }
  const { kvs } = await store.kv.range({ key: '/registry/configmaps/default/fenced' });
  t.equal(String(kvs[0]?.modRevision), current.metadata.resourceVersion);
  t.equal(await storeRevision(), before, 'nothing was written anywhere');

  await b.resources.Update({ ref, object: body({ ...current, data: { a: 'new' } }), fence: next.fence });
  t.equal((await admin.get(`${configMaps}/fenced`)).json.data['a'], 'new');
  await b.leases.LeaseRevoke({ ID: next.lease });
});

t.test('a fence travels in the headers of REST as well', async (t) => {
  const rest = cluster.client(manager);
  const { fence, lease } = await lead(a);
  const headers = {
    'Flotilla-Fence-Key': Buffer.from(fence.key ?? []).toString('base64'),
    'Flotilla-Fence-Revision': String(toSafeInteger(fence.create_revision)),
  };
  t.equal((await rest.send(`${configMaps}/fenced`, { method: 'DELETE' })).code, 403);
  t.equal(
    (await rest.send(`${configMaps}/fenced`, { method: 'DELETE', headers: { 'Flotilla-Fence-Key': 'eA==' } })).code,
    400,
  );
  const stale = { ...headers, 'Flotilla-Fence-Revision': '1' };
  t.match((await rest.send(`${configMaps}/fenced`, { method: 'DELETE', headers: stale })).json, {
    code: 409,
    reason: 'LeaderFenced',
  });
  t.equal((await rest.send(`${configMaps}/fenced`, { method: 'DELETE', headers })).code, 200);
  await a.leases.LeaseRevoke({ ID: lease });
});

t.test('the election goes to the next candidate when a lease expires', async (t) => {
  const first = await lead(a, 2);
  const { ID } = await b.leases.LeaseGrant({ TTL: 60 });
  const { leader } = await b.elections.Campaign({ name, lease: ID, value: Buffer.from('b') });
  t.ok(toSafeInteger(leader?.rev) > toSafeInteger(first.leader?.rev));
  const { kv } = await other.elections.Leader({ name });
  t.equal(Buffer.from(kv?.value ?? []).toString(), 'b', 'others may ask who leads');
  await b.leases.LeaseRevoke({ ID });
});

t.test('Observe tells of each leader', async (t) => {
  const controller = new AbortController();
  const seen: string[] = [];
  const { lease, leader } = await lead(a);
  for await (const { kv } of b.elections.Observe({ name }, { signal: controller.signal })) {
    seen.push(Buffer.from(kv?.value ?? []).toString());
    if (seen.length === 1) await a.elections.Proclaim({ leader, value: Buffer.from('news') });
    if (seen.length === 2) break;
  }
  t.strictSame(seen, ['me', 'news']);
  await a.leases.LeaseRevoke({ ID: lease });
});

t.test('a lease belongs to the identity that granted it', async (t) => {
  const { ID } = await a.leases.LeaseGrant({ TTL: 60 });
  const denied = StatusCode.PERMISSION_DENIED;
  await failsWith(t, denied, () => other.leases.LeaseRevoke({ ID }));
  await failsWith(t, denied, () => other.leases.LeaseTimeToLive({ ID }));
  await failsWith(t, denied, () => other.elections.Campaign({ name, lease: ID, value: Buffer.from('x') }));
  async function* one(): AsyncGenerator<{ ID: typeof ID }, void> {
    yield { ID };
  }
  await failsWith(t, denied, async () => {
    for await (const _ of other.leases.LeaseKeepAlive(one())) throw new Error('it was renewed');
  });
  for await (const { TTL } of b.leases.LeaseKeepAlive(one())) t.equal(toSafeInteger(TTL), 60, 'on any API server');
  t.equal(toSafeInteger((await a.leases.LeaseTimeToLive({ ID })).grantedTTL), 60);
  await a.leases.LeaseRevoke({ ID });
  await failsWith(t, StatusCode.NOT_FOUND, () => a.leases.LeaseRevoke({ ID }));
  for await (const { TTL } of a.leases.LeaseKeepAlive(one()))
    t.equal(toSafeInteger(TTL), 0, 'a lease that is gone has no time left');
});

t.test('who may not campaign is told so, and names that lead astray are refused', async (t) => {
  const nobody = grpcClient(cluster, await cluster.authority.client('nobody'));
  const { rpc } = await refusal(nobody.leases.LeaseGrant({ TTL: 60 }));
  t.equal(rpc.status, StatusCode.PERMISSION_DENIED);
  nobody.close();
  const { ID } = await a.leases.LeaseGrant({ TTL: 60 });
  for (const bad of ['', '../x', 'a/b', 'x'.repeat(300)]) {
    await failsWith(
      t,
      StatusCode.INVALID_ARGUMENT,
      () => a.elections.Campaign({ name: Buffer.from(bad), lease: ID }),
      bad,
    );
  }
  await a.leases.LeaseRevoke({ ID });
});
