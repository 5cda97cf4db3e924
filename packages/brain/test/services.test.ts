import t, { type Test } from 'tap';
import type { Brain, BrainOptionValues } from '@flotilla/brain';
import { RpcError, etcdserverpb, fromId, rpcServerKinds, toId, toSafeInteger } from '@flotilla/wire';
import { type ClusterPlan, type TestClient, connect, planCluster, startAll, until } from './cluster.ts';
import { reservePorts } from './reserve-ports.ts';
import { openWatch } from './watch-client.ts';

t.setTimeout(0);

const key = (text: string): Uint8Array => Buffer.from(text);
const textOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();

interface Setting {
  readonly plan: ClusterPlan;
  readonly brains: readonly Brain[];
  readonly clients: readonly TestClient[];
  readonly leader: number;
}

async function withCluster(
  t: Test,
  size: number,
  run: (setting: Setting) => Promise<void>,
  options: Partial<BrainOptionValues> = {},
): Promise<void> {
  const plan = await planCluster(size, options);
  const brains = await startAll(plan);
  const clients = plan.endpoints.map(connect);
  try {
    await run({ plan, brains, clients, leader: brains.findIndex((brain) => brain.status().isLeader) });
  } finally {
    for (const client of clients) client.close();
    await Promise.all(brains.map((brain) => brain.close()));
    await plan.clean();
  }
  t.pass('closed');
}

for (const kind of rpcServerKinds) {
  t.test(`${kind}: every member serves reads and writes, and all agree`, async (t) => {
    await withCluster(
      t,
      3,
      async ({ clients, brains }) => {
        let revision = 0;
        for (const [i, client] of clients.entries()) {
          const put = await client.kv.Put({ key: key(`k${i}`), value: key(`v${i}`) });
          t.ok(toSafeInteger(put.header?.revision) > revision);
          revision = toSafeInteger(put.header?.revision);
          t.equal(toId(put.header?.member_id), brains[i]?.status().memberId);
          for (const reader of clients) {
            const range = await reader.kv.Range({ key: key(`k${i}`) });
            t.equal(textOf(range.kvs[0]?.value), `v${i}`, 'a read through any member sees the write');
          }
        }
        const txn = await clients[1]?.kv.Txn({
          compare: [{ key: key('k0'), target: etcdserverpb.Compare.CompareTarget.VERSION, version: 1 }],
          success: [{ request_put: { key: key('t'), value: key('yes') } }, { request_range: { key: key('k1') } }],
        });
        t.equal(txn?.succeeded, true);
        t.equal(textOf(txn?.responses[1]?.response_range?.kvs?.[0]?.value), 'v1');
        const deleted = await clients[2]?.kv.DeleteRange({ key: key('k'), range_end: key('l'), prev_kv: true });
        t.equal(toSafeInteger(deleted?.deleted), 3);
        await until(() => new Set(brains.map((brain) => brain.status().revision)).size === 1);
        const compacted = await clients[0]?.kv.Compact({ revision });
        t.ok(compacted?.header);
        await t.rejects(Promise.resolve(clients[0]?.kv.Range({ key: key('k0'), revision: revision - 1 })), {
          message: 'etcdserver: mvcc: required revision has been compacted',
        });
      },
      { 'grpc-server': kind },
    );
  });
}

for (const kind of rpcServerKinds) {
  t.test(`${kind}: bad requests are refused with the texts that clients match on`, async (t) => {
    await withCluster(
      t,
      1,
      async ({ clients: [client] }) => {
        if (!client) throw new Error('no client');
        const cases: readonly (readonly [string, number, () => Promise<unknown>])[] = [
          ['etcdserver: key is not provided', 3, () => client.kv.Range({})],
          ['etcdserver: key is not provided', 3, () => client.kv.Put({ value: key('x') })],
          [
            'etcdserver: mvcc: required revision is a future revision',
            11,
            () => client.kv.Range({ key: key('a'), revision: 99 }),
          ],
          ['etcdserver: requested lease not found', 5, () => client.kv.Put({ key: key('a'), lease: fromId(77n) })],
          ['etcdserver: requested lease not found', 5, () => client.lease.LeaseRevoke({ ID: fromId(77n) })],
          ['etcdserver: too large lease TTL', 11, () => client.lease.LeaseGrant({ TTL: 9_000_000_001 })],
          [
            'etcdserver: request is too large',
            3,
            () => client.kv.Put({ key: key('a'), value: new Uint8Array(1.6 * 2 ** 20) }),
          ],
          [
            'etcdserver: too many operations in txn request',
            3,
            () => client.kv.Txn({ success: Array.from({ length: 129 }, () => ({ request_range: { key: key('a') } })) }),
          ],
          ['etcdserver: bad leader transferee', 9, () => client.maintenance.MoveLeader({ targetID: fromId(5n) })],
        ];
        for (const [message, status, call] of cases) {
          const error = await call().catch((thrown: unknown) => thrown);
          t.match(error, { message, status });
        }
        const tooLarge = await client.kv
          .Put({ key: key('a'), value: new Uint8Array(2.5 * 2 ** 20) })
          .catch((error: unknown) => error);
        t.ok(tooLarge instanceof RpcError && tooLarge.status === 8, 'above the message limit gRPC itself refuses');
        t.equal((await client.lease.LeaseTimeToLive({ ID: fromId(5n) })).TTL.toString(), '-1');
      },
      { 'grpc-server': kind },
    );
  });
}

t.test('a physical compaction answers when what it drops is gone from the disk', async (t) => {
  await withCluster(t, 1, async ({ clients: [client] }) => {
    if (!client) throw new Error('no client');
    for (let i = 0; i < 300; i++) await client.kv.Put({ key: key('hot'), value: new Uint8Array(1000) });
    await client.kv.Compact({ revision: 2, physical: true });
    const before = toSafeInteger((await client.maintenance.Status({})).dbSizeInUse);
    const { header } = await client.kv.Compact({ revision: 300, physical: true });
    t.equal(toSafeInteger(header?.revision), 301);
    const after = toSafeInteger((await client.maintenance.Status({})).dbSizeInUse);
    t.ok(before > 300_000 && after < 20_000, `${before} bytes before, ${after} after`);
  });
});

t.test('a live watch response is of the revision of its last event, in the term of its member', async (t) => {
  await withCluster(t, 1, async ({ clients: [client] }) => {
    if (!client) throw new Error('no client');
    const watch = openWatch(client);
    watch.create({ key: key('\0'), range_end: key('\0') });
    await watch.next();
    const puts = Array.from({ length: 100 }, (_, i) => client.kv.Put({ key: key(`k${i % 3}`) }));
    let seen = 1;
    while (seen < 101) {
      const [response] = await watch.next();
      for (const event of response?.events ?? []) t.equal(toSafeInteger(event.kv?.mod_revision), ++seen);
      t.equal(toSafeInteger(response?.header?.revision), seen);
      t.equal(toSafeInteger(response?.header?.raft_term), toSafeInteger((await puts[0])?.header?.raft_term));
    }
    await Promise.all(puts);
    watch.close();
  });
});

t.test('a streamed range brings the same keys as a unary one, in chunks of one revision', async (t) => {
  await withCluster(t, 1, async ({ clients: [client] }) => {
    if (!client) throw new Error('no client');
    for (let i = 0; i < 95; i++) await client.kv.Put({ key: key(`s${i}`), value: key(String(i)) });
    for (const limit of [0, 7, 10, 42, 95, 200]) {
      const request = { key: key('s'), range_end: key('t'), limit };
      const whole = await client.kv.Range(request);
      const chunks: etcdserverpb.RangeResponse.$Properties[] = [];
      for await (const { range_response } of client.kv.RangeStream(request)) {
        if (range_response) chunks.push(range_response);
        // A later write is not part of the range.
        await client.kv.Put({ key: key('s~') });
        await client.kv.DeleteRange({ key: key('s~') });
      }
      t.strictSame(
        chunks.flatMap(({ kvs }) => (kvs ?? []).map((kv) => textOf(kv.key))),
        whole.kvs.map((kv) => textOf(kv.key)),
      );
      const last = chunks.pop();
      t.strictSame([last?.more, toSafeInteger(last?.count)], [whole.more, 95], `limit ${limit}`);
      t.equal(toSafeInteger(last?.header?.revision), toSafeInteger(whole.header?.revision));
      t.ok(chunks.every(({ header, count }) => !header && toSafeInteger(count) === 0));
    }
    const count = client.kv.RangeStream({ key: key('s'), range_end: key('t'), count_only: true });
    for await (const { range_response } of count) t.equal(toSafeInteger(range_response?.count), 95);
    const sorted = client.kv.RangeStream({ key: key('s'), sort_order: etcdserverpb.RangeRequest.SortOrder.DESCEND });
    const refused = await sorted[Symbol.asyncIterator]()
      .next()
      .catch((error: unknown) => error);
    t.match(refused, { status: 12, message: 'RangeStream does not support custom sort orders' });
  });
});

t.test('leases: granted, kept alive and listed through a follower, revoked with their keys', async (t) => {
  await withCluster(t, 3, async ({ clients, leader }) => {
    const follower = clients[(leader + 1) % 3];
    if (!follower) throw new Error('no follower');
    const grant = await follower.lease.LeaseGrant({ TTL: 1 });
    t.equal(toSafeInteger(grant.TTL), 2, 'the shortest TTL is one and a half election timeouts, rounded up');
    const lease = grant.ID;
    await follower.kv.Put({ key: key('a'), value: key('1'), lease });
    await follower.kv.Put({ key: key('b'), value: key('2'), lease });
    async function* requests(): AsyncGenerator<{ ID: typeof lease }, void> {
      yield { ID: lease };
      yield { ID: fromId(404n) as typeof lease };
      await Promise.resolve();
    }
    const ttls: number[] = [];
    for await (const answer of follower.lease.LeaseKeepAlive(requests())) ttls.push(toSafeInteger(answer.TTL));
    t.strictSame(ttls, [2, 0], 'a keep-alive of an unknown lease answers 0');
    const left = await follower.lease.LeaseTimeToLive({ ID: lease, keys: true });
    t.strictSame(left.keys.map(textOf), ['a', 'b']);
    t.equal(toSafeInteger(left.grantedTTL), 2);
    t.equal((await follower.lease.LeaseLeases({})).leases.length, 1);
    // Nobody keeps it alive any more.
    await until(async () => (await follower.kv.Range({ key: key('a') })).kvs.length === 0);
    t.equal((await follower.kv.Range({ key: key('b') })).kvs.length, 0);
    t.equal((await follower.lease.LeaseTimeToLive({ ID: lease })).TTL.toString(), '-1');
  });
});

t.test('a watch through a follower sees every change in order, and outlives a change of leader', async (t) => {
  await withCluster(t, 3, async ({ clients, leader, brains }) => {
    const follower = clients[(leader + 1) % 3];
    const writer = clients[(leader + 2) % 3];
    if (!follower || !writer) throw new Error('no follower');
    const seen: string[] = [];
    let created = false;
    const abort = new AbortController();
    async function* requests(): AsyncGenerator<etcdserverpb.WatchRequest.$Properties, void> {
      yield { create_request: { key: key('w/'), range_end: key('w0') } };
      await new Promise<void>((resolve) => abort.signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    const watching = (async (): Promise<void> => {
      for await (const response of follower.watch.Watch(requests(), { signal: abort.signal })) {
        created ||= response.created;
        for (const event of response.events) seen.push(`${textOf(event.kv?.key)}=${textOf(event.kv?.value)}`);
      }
    })().catch((error: unknown) => error);
    await until(() => created);
    const expected: string[] = [];
    for (let i = 0; i < 20; i++) {
      if (i === 10) {
        const target = brains[(leader + 2) % 3]?.status().memberId ?? 0n;
        await clients[leader]?.maintenance.MoveLeader({ targetID: fromId(BigInt.asIntN(64, target)) });
      }
      await writer.kv.Put({ key: key(`w/${i}`), value: key(String(i)) });
      expected.push(`w/${i}=${i}`);
    }
    await until(() => seen.length >= 20);
    t.strictSame(seen, expected);
    t.equal(brains[(leader + 2) % 3]?.status().isLeader, true);
    abort.abort();
    await watching;
  });
});

t.test('counters that many clients increment through all members lose nothing and read back at once', async (t) => {
  await withCluster(t, 3, async ({ clients }) => {
    const rounds = 5;
    const work = async (client: TestClient): Promise<void> => {
      for (let done = 0; done < rounds;) {
        const { kvs } = await client.kv.Range({ key: key('n') });
        const now = Number(textOf(kvs[0]?.value) || '0');
        const mod_revision = kvs[0]?.mod_revision ?? 0;
        const txn = await client.kv.Txn({
          compare: [{ key: key('n'), target: etcdserverpb.Compare.CompareTarget.MOD, mod_revision }],
          success: [{ request_put: { key: key('n'), value: key(String(now + 1)) } }],
        });
        if (!txn.succeeded) continue;
        done++;
        const after = await client.kv.Range({ key: key('n') });
        t.ok(Number(textOf(after.kvs[0]?.value)) > now, 'a read after an acknowledged write sees it or a later one');
      }
    };
    await Promise.all([...clients, ...clients].map(work));
    for (const client of clients)
      t.equal(textOf((await client.kv.Range({ key: key('n') })).kvs[0]?.value), String(6 * rounds));
  });
});

t.test('metrics and health are served on ports of their own too', async (t) => {
  const [metricsPort] = await reservePorts(1);
  const plan = await planCluster(1, { 'listen-metrics-urls': [`http://127.0.0.1:${metricsPort}`] });
  const brains = await startAll(plan);
  const get = async (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${metricsPort}${path}`, { headers: { connection: 'close' } });
  t.match(await (await get('/metrics')).text(), /^etcd_server_has_leader 1$/m);
  t.equal(await (await get('/readyz')).text(), 'ok\n');
  t.equal((await get('/v3/kv/range')).status, 404, 'but nothing else');
  await Promise.all(brains.map((brain) => brain.close()));
  await t.rejects(get('/metrics'), 'closed with its member');
  await plan.clean();
});

for (const kind of rpcServerKinds) {
  t.test(`${kind}: HTTP on the client port: health, version, metrics`, async (t) => {
    await withCluster(
      t,
      1,
      async ({ plan, clients: [client] }) => {
        const base = `http://${plan.endpoints[0]}`;
        const get = async (path: string): Promise<{ status: number; body: string }> => {
          const response = await fetch(base + path, { headers: { connection: 'close' } });
          return { status: response.status, body: await response.text() };
        };
        t.strictSame(await get('/health'), { status: 200, body: '{"health":"true","reason":""}' });
        t.strictSame(await get('/livez'), { status: 200, body: 'ok\n' });
        t.strictSame(await get('/readyz?verbose'), {
          status: 200,
          body: '[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\nok\n',
        });
        t.strictSame(await get('/readyz/linearizable_read'), { status: 200, body: 'ok\n' });
        t.strictSame(JSON.parse((await get('/version')).body), {
          etcdserver: '3.7.1',
          etcdcluster: '3.7.0',
          storage: '3.7.0',
        });
        await client?.kv.Put({ key: key('a') });
        await client?.kv.Put({ key: key('b') });
        await client?.kv.Put({}).catch((error: unknown) => error);
        const metrics = (await get('/metrics')).body;
        const put = 'grpc_type="unary",grpc_service="etcdserverpb.KV",grpc_method="Put"';
        for (const name of [
          `grpc_server_started_total{${put}} 3`,
          `grpc_server_handled_total{${put},grpc_code="OK"} 2`,
          `grpc_server_handled_total{${put},grpc_code="InvalidArgument"} 1`,
          'etcd_server_has_leader 1',
          'etcd_server_leader_changes_seen_total',
          'etcd_disk_wal_fsync_duration_seconds_count',
          'etcd_disk_backend_commit_duration_seconds_count',
          /etcd_network_client_grpc_received_bytes_total \d/,
          /process_resident_memory_bytes \d{6}/,
        ]) {
          t.match(metrics, name);
        }
        t.equal((await fetch(`${base}/health`, { method: 'POST', headers: { connection: 'close' } })).status, 405);
      },
      { 'grpc-server': kind },
    );
  });
}
