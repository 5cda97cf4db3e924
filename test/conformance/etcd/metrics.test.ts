/** The names on `/metrics`, held against those of a real etcd: each that ours lacks is named here, with the reason. */
import t from 'tap';
import { connectService, kvService, openChannel } from '@flotilla/wire';
import { hasEtcd, serverKinds } from './servers.ts';

t.setTimeout(0);

/** Pattern of etcd's names → why ours has none. */
const leftOut: readonly (readonly [names: RegExp, reason: string])[] = [
  [/^go_/, 'of the Go runtime; ours are nodejs_…'],
  [/^promhttp_/, "of Go's handler for the endpoint itself"],
  [/^etcd_server_go_version$/, 'there is no Go'],
  [/^process_virtual_memory_max_bytes$/, 'a limit that Node can neither read nor set'],
  [/^etcd_debugging_store_/, 'of the v2 store, which there is not'],
  [/^etcd_grpc_proxy_/, 'of the gRPC proxy, which there is not'],
  [/^etcd_debugging_disk_backend_|^etcd_disk_backend_(defrag|snapshot)_|^etcd_disk_defrag_/, "of bbolt's commits"],
  [/^etcd_mvcc_db_open_read_transactions$/, "of bbolt's transactions"],
  [/^etcd_(debugging_)?snap_/, 'of snapshot files, which are not written: the state database is the snapshot'],
  [/^etcd_debugging_mvcc_db_total_size_in_bytes$/, 'the old name of etcd_mvcc_db_total_size_in_bytes'],
  // Counters of the store and the server that nothing of ours keeps yet.
  [/^etcd_(debugging_)?mvcc_(put|delete|range|txn)_total$/, 'not yet'],
  [/^etcd_debugging_mvcc_(events|keys|pending_events|slow_watcher)_total$/, 'not yet'],
  [/^etcd_debugging_mvcc_total_put_size_in_bytes$/, 'not yet'],
  [/^etcd_debugging_mvcc_(db|index)_compaction_/, 'not yet'],
  [/^etcd_mvcc_hash_(rev_)?duration_seconds$/, 'not yet'],
  [/^etcd_debugging_(lease_(granted|renewed|revoked|ttl)|server_lease_expired)_total$/, 'not yet'],
  [/^etcd_debugging_auth_revision$/, 'not yet'],
  [/^etcd_disk_wal_write_bytes_total$/, 'not yet'],
  [/^etcd_server_(health_(failures|success)|heartbeat_send_failures_total|slow_apply_total)$/, 'not yet'],
  [/^etcd_server_(read_indexes_failed|slow_read_indexes|snapshot_apply_in_progress)_total$/, 'not yet'],
  [/^etcd_server_client_requests_total$/, 'not yet'],
  [/^grpc_server_msg_(received|sent)_total$/, 'not yet'],
];

/** Name → type. */
async function metricsOf(target: string): Promise<ReadonlyMap<string, string>> {
  const text = await (await fetch(`http://${target}/metrics`)).text();
  const types = text.matchAll(/^# TYPE (\S+) (\S+)$/gm);
  return new Map([...types].map(([, name = '', type = '']) => [name, type]));
}

t.test('extensive metrics time the calls, basic ones do not', { skip: !hasEtcd }, async (t) => {
  for (const name of ['one member', 'etcd']) {
    for (const metrics of ['basic', 'extensive']) {
      const server = await serverKinds.find((kind) => kind.name === name)?.start({ all: { metrics } });
      const target = server?.targets[0] ?? '';
      const channel = openChannel({ target });
      try {
        await connectService(channel, kvService).Put({ key: Buffer.from('k') });
        const text = await (await fetch(`http://${target}/metrics`)).text();
        const counts = text.matchAll(/^grpc_server_handling_seconds_count\{(.*)\} (\d+)$/gm);
        const ofPut = [...counts].find(([, labels = '']) => labels.includes('grpc_method="Put"'));
        t.equal(ofPut?.[2], metrics === 'extensive' ? '1' : undefined, `${name}, ${metrics}`);
      } finally {
        channel.close();
        await server?.stop();
      }
    }
  }
});

t.test('metrics have the names of etcd, and those that are missing are named', { skip: !hasEtcd }, async (t) => {
  const [ours, theirs] = await Promise.all(
    ['one member', 'etcd'].map(async (name) => {
      const server = await serverKinds.find((kind) => kind.name === name)?.start({});
      try {
        return await metricsOf(server?.targets[0] ?? '');
      } finally {
        await server?.stop();
      }
    }),
  );
  const missing = [...(theirs?.keys() ?? [])].filter((name) => ours?.has(name) !== true);
  t.ok(missing.length > 0 && (ours?.size ?? 0) > 20, 'both have metrics');
  t.strictSame(
    missing.filter((name) => !leftOut.some(([names]) => names.test(name))),
    [],
    'nothing else is missing',
  );
  for (const [names, reason] of leftOut) {
    t.ok(
      missing.some((name) => names.test(name)),
      `${names} is missing indeed: ${reason}`,
    );
  }
});
