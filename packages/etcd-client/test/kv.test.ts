import { createEtcdClient, prefixRange } from '@flotilla/etcd-client';
import t from 'tap';
import { startEtcd } from './etcd-process.ts';

const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();

void t.test('one member', async (t) => {
  const cluster = await startEtcd(1);
  const client = createEtcdClient({ endpoints: cluster.endpoints });
  t.teardown(async () => {
    client.close();
    await cluster.close();
  });
  const { kv, lease, maintenance } = client;

  await t.test('a put is read back with its revisions and version', async (t) => {
    const first = await kv.put({ key: 'a', value: 'one' });
    const second = await kv.put({ key: 'a', value: Buffer.from('two'), prevKv: true });
    t.equal(second.header.revision, first.header.revision + 1);
    t.equal(text(second.prevKv?.value), 'one');
    const { kvs, count, more } = await kv.range({ key: 'a' });
    t.match({ count, more }, { count: 1, more: false });
    t.match(kvs[0], {
      createRevision: first.header.revision,
      modRevision: second.header.revision,
      version: 2,
      lease: 0n,
    });
    t.equal(text(kvs[0]?.value), 'two');
    const old = await kv.range({ key: 'a', revision: first.header.revision });
    t.equal(text(old.kvs[0]?.value), 'one');
  });

  await t.test('a prefix is listed in pages, counted, sorted and deleted', async (t) => {
    for (const name of ['x', 'y', 'z']) await kv.put({ key: `p/${name}`, value: name });
    const page = await kv.range({ ...prefixRange('p/'), limit: 2 });
    t.match({ more: page.more, count: page.count, length: page.kvs.length }, { more: true, count: 3, length: 2 });
    const counted = await kv.range({ ...prefixRange('p/'), countOnly: true });
    t.match({ count: counted.count, length: counted.kvs.length }, { count: 3, length: 0 });
    const sorted = await kv.range({ ...prefixRange('p/'), sortTarget: 'mod', sortOrder: 'descend', keysOnly: true });
    t.same(
      sorted.kvs.map(({ key }) => text(key)),
      ['p/z', 'p/y', 'p/x'],
    );
    const deleted = await kv.deleteRange({ ...prefixRange('p/'), prevKv: true });
    t.equal(deleted.deleted, 3);
    t.same(
      deleted.prevKvs.map(({ value }) => text(value)),
      ['x', 'y', 'z'],
    );
  });

  await t.test('a transaction takes the branch that its compares choose', async (t) => {
    const create = await kv.txn({
      compare: [{ key: 'txn', target: 'modRevision', result: 'equal', operand: 0 }],
      success: [{ type: 'put', key: 'txn', value: 'made' }],
    });
    t.equal(create.succeeded, true);
    const again = await kv.txn({
      compare: [{ key: 'txn', target: 'createRevision', result: 'equal', operand: 0 }],
      success: [{ type: 'put', key: 'txn', value: 'never' }],
      failure: [
        { type: 'range', key: 'txn' },
        {
          type: 'txn',
          compare: [
            { key: 'txn', target: 'value', result: 'equal', operand: 'made' },
            { key: 'txn', target: 'lease', result: 'equal', operand: 0n },
            { key: 'txn', target: 'version', result: 'less', operand: 2 },
          ],
          success: [{ type: 'deleteRange', key: 'txn' }],
        },
      ],
    });
    t.equal(again.succeeded, false);
    const [read, nested] = again.responses;
    t.ok(read?.type === 'range' && text(read.kvs[0]?.value) === 'made');
    t.ok(nested?.type === 'txn' && nested.succeeded && nested.responses[0]?.type === 'deleteRange');
  });

  await t.test('errors carry a code that tells them apart', async (t) => {
    const { header } = await kv.put({ key: 'c', value: '1' });
    await kv.put({ key: 'c', value: '2' });
    await t.rejects(kv.range({ key: 'c', revision: header.revision + 1000 }), { code: 'ETCD_FUTURE_REVISION' });
    await kv.compact({ revision: header.revision + 1, physical: true });
    await t.rejects(kv.range({ key: 'c', revision: header.revision }), { code: 'ETCD_COMPACTED' });
    await t.rejects(kv.put({ key: 'c', lease: 12345n }), { code: 'ETCD_LEASE_NOT_FOUND' });
    await t.rejects(kv.range({ key: '' }), { code: 'ETCD_INVALID_ARGUMENT' });
    await t.rejects(lease.revoke(12345n), { code: 'ETCD_LEASE_NOT_FOUND' });
    await t.rejects(maintenance.status('127.0.0.1:1'), { code: 'ETCD_ENDPOINTS' });
    const aborted = AbortSignal.abort();
    await t.rejects(kv.put({ key: 'never' }, { signal: aborted }), { code: 'ETCD_CANCELLED' });
  });

  await t.test('a lease is granted, measured, listed and revoked with its keys', async (t) => {
    const granted = await lease.grant({ ttlSeconds: 60, id: 0x7fff_ffff_ffff_fff1n });
    t.match(granted, { id: 0x7fff_ffff_ffff_fff1n, ttlSeconds: 60 });
    await kv.put({ key: 'leased', value: 'v', lease: granted.id });
    const left = await lease.timeToLive(granted.id, { keys: true });
    t.match(left, { grantedTtlSeconds: 60, id: granted.id });
    t.same(left.keys.map(text), ['leased']);
    t.same(await lease.list(), [granted.id]);
    t.equal((await lease.keepAliveOnce(granted.id)).ttlSeconds, 60);
    await lease.revoke(granted.id);
    t.equal((await lease.timeToLive(granted.id)).ttlSeconds, -1);
    t.equal((await kv.range({ key: 'leased' })).count, 0);
    t.equal((await lease.keepAliveOnce(granted.id)).ttlSeconds, 0);
  });

  await t.test('status and members describe the cluster', async (t) => {
    const status = await maintenance.status(client.endpoints[0] ?? '');
    t.match(status, { version: /^3\./, isLearner: false, errors: [] });
    t.equal(status.leader, status.header.memberId);
    t.ok(status.dbSizeBytes > 0);
    const members = await client.cluster.memberList();
    t.match(members, [{ id: status.leader, name: 'm0', isLearner: false }]);
  });
});

void t.test('endpoints that cannot be used are all named at once', (t) => {
  t.throws(() => createEtcdClient({ endpoints: ['nonsense', 'https://127.0.0.1:1'] }), {
    code: 'ETCD_ENDPOINTS',
    message: /nonsense[^]*https:\/\/127\.0\.0\.1:1/,
  });
  t.throws(() => createEtcdClient({ endpoints: [] }), { code: 'ETCD_ENDPOINTS' });
  t.end();
});

void t.test('a closed client says so', async (t) => {
  const client = createEtcdClient({ endpoints: ['127.0.0.1:1'] });
  client.close();
  client.close();
  await t.rejects(client.kv.range({ key: 'a' }), { code: 'ETCD_CLOSED' });
});
