/** What a load moves on `/metrics`, held against a real etcd under the same load. */
import t from 'tap';
import { etcdserverpb } from '@flotilla/wire';
import { type Client, bytes, connect, openStream } from './client.ts';
import { refusal } from './rules.ts';
import { type Server, hasEtcd, serverKinds } from './servers.ts';

t.setTimeout(0);

/** What a load must have counted, by name and labels. */
const countedNames = [
  /^etcd_mvcc_(put|delete|range|txn)_total /,
  /^etcd_debugging_mvcc_(keys|events|pending_events|slow_watcher|watcher|watch_stream|db_compaction_keys)_total /,
  /^etcd_debugging_mvcc_total_put_size_in_bytes /,
  /^etcd_debugging_mvcc_db_compaction_total_duration_milliseconds_count /,
  /^etcd_debugging_(lease_(granted|renewed|revoked)|server_lease_expired)_total /,
  /^etcd_debugging_lease_ttl_total_(bucket|count|sum)/,
  /^etcd_debugging_auth_revision /,
  /^etcd_mvcc_hash_(rev_)?duration_seconds_count /,
  /^etcd_server_client_requests_total/,
  /^etcd_server_(read_indexes_failed|slow_apply|slow_read_indexes|snapshot_apply_in_progress)_total /,
];

/** What etcd counted so in 3.4: it dropped these names since, and counts as messages what is none (docs/divergence.md). */
const oldNames = [
  /^etcd_debugging_mvcc_(put|delete|range|txn)_total /,
  /^grpc_server_msg_(received|sent)_total.*(KV|Lease|Watch|Auth|Maintenance)/,
];

t.test('the same load is counted alike', { skip: !hasEtcd }, async (t) => {
  const servers = await Promise.all(['one member', 'etcd'].map(startKind));
  const isOld = servers.every(({ level, isOurs }) => isOurs || level < '3.5');
  const names = isOld ? [...countedNames, ...oldNames] : countedNames;
  // Since 3.7 the check of a txn reads what its puts are to show, and then they read it again.
  const showsInTxn = servers.every(({ level }) => level >= '3.7');
  const [ours, theirs] = await Promise.all(servers.map((server) => countsOfLoad(server, names, { showsInTxn })));
  t.ok((theirs?.length ?? 0) > (isOld ? 60 : 30), 'there is something to compare');
  t.strictSame(ours, theirs);
});

async function startKind(name: string): Promise<Server> {
  const kind = serverKinds.find((kind) => kind.name === name);
  if (!kind) throw new Error(`no kind of server is called ${name}`);
  return await kind.start({});
}

// Apart from the load: what `/health` reads is a range to etcd since 3.5, and none of a client's.
t.test('answers of /health are counted', { skip: !hasEtcd }, async (t) => {
  for (const name of ['one member', 'etcd']) {
    const server = await startKind(name);
    const target = server.targets[0] ?? '';
    try {
      const before = await linesOf(target);
      for (let i = 0; i < 3; i++) await fetch(`http://${target}/health`);
      const after = await linesOf(target);
      const [successes, failures] = ['success', 'failures'].map((kind) => {
        const line = `etcd_server_health_${kind} `;
        return (after.get(line) ?? 0) - (before.get(line) ?? 0);
      });
      t.strictSame([successes, failures], [3, 0], name);
    } finally {
      await server.stop();
    }
  }
});

/** Lines of counters that a load has moved; ends the server. */
async function countsOfLoad(
  server: Server,
  names: readonly RegExp[],
  options: LoadOptions,
): Promise<readonly string[]> {
  const target = server.targets[0] ?? '';
  const client = connect(target);
  try {
    const before = await linesOf(target);
    await runLoad(client, options);
    let after = await linesOf(target);
    // A server hears some time later that a stream was closed.
    while ((after.get('etcd_debugging_mvcc_watch_stream_total ') ?? 0) > 0) after = await linesOf(target);
    return [...after]
      .flatMap(([line, value]) => {
        const moved = value - (before.get(line) ?? 0);
        return moved !== 0 && names.some((name) => name.test(`${line} `)) ? [`${line} ${moved}`] : [];
      })
      .sort();
  } finally {
    client.close();
    await server.stop();
  }
}

async function linesOf(target: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://${target}/metrics`)).text();
  const lines = text.matchAll(/^([a-z][^ {]*)(?:\{(.*)\})? (\S+)$/gm);
  return new Map([...lines].map(([, name = '', labels = '', value]) => [`${name} ${sorted(labels)}`, Number(value)]));
}

/** Labels in one order, and bounds in one form, whoever wrote them. */
function sorted(labels: string): string {
  const plain = labels.replace(/(?<=\ble=")\d[^"]*/, (bound) => `${Number(bound)}`);
  return [...plain.matchAll(/\w+="[^"]*"/g)]
    .map(([label]) => label)
    .sort()
    .join();
}

interface LoadOptions {
  /** Whether puts in a txn ask for what was there before. */
  readonly showsInTxn: boolean;
}

async function runLoad({ kv, lease, maintenance, auth, watch }: Client, { showsInTxn }: LoadOptions): Promise<void> {
  const a = bytes('a');
  const b = bytes('b');
  const c = bytes('c');
  const value = bytes('value');
  const watching = openStream(watch.Watch);
  watching.ask({ create_request: { key: a, range_end: c } });
  await watching.next();

  await kv.Put({ key: a, value });
  await kv.Put({ key: a, value, prev_kv: true });
  await kv.Put({ key: a, ignore_value: true });
  await refusal(kv.Put({ key: b, ignore_value: true }));
  await refusal(kv.Put({ key: b, lease: 7 }));
  await kv.Range({ key: a });
  await kv.Range({ key: a, range_end: c, serializable: true });
  await refusal(kv.Range({ key: a, revision: 1000 }));
  const { CompareTarget, CompareResult } = etcdserverpb.Compare;
  const isThere = { target: CompareTarget.CREATE, result: CompareResult.GREATER, key: a, create_revision: 0 };
  await kv.Txn({ compare: [isThere], success: [{ request_put: { key: b, value } }], failure: [] });
  await kv.Txn({
    compare: [isThere, isThere],
    success: [{ request_put: { key: b, ignore_value: true } }, { request_range: { key: a } }],
  });
  await kv.Txn({ compare: [isThere], success: [{ request_range: { key: a } }] });
  if (showsInTxn) {
    await kv.Txn({ success: [{ request_put: { key: b, prev_kv: true } }, { request_put: { key: a, value } }] });
    await refusal(
      kv.Txn({ success: [{ request_put: { key: b, prev_kv: true } }, { request_put: { key: a, lease: 7 } }] }),
    );
  }
  await kv.Txn({ success: [{ request_delete_range: { key: b, prev_kv: true } }] });
  await kv.DeleteRange({ key: b });
  const { ID, TTL } = await lease.LeaseGrant({ TTL: 100 });
  if (Number(TTL) !== 100) throw new Error('the lease has another time');
  await kv.Put({ key: b, lease: ID });
  await kv.Put({ key: c, lease: ID });
  const renewing = openStream(lease.LeaseKeepAlive);
  renewing.ask({ ID });
  await renewing.next();
  renewing.close();
  await lease.LeaseRevoke({ ID });
  for (let events = 0; events < 8;) events += (await watching.next()).events.length;
  await kv.Compact({ revision: 6, physical: true });
  await maintenance.Hash({});
  await maintenance.HashKV({});
  await auth.RoleAdd({ name: 'role' });
  await kv.Range({ key: a }, { metadata: { 'client-api-version': '9.8' } });
  watching.close();
}
