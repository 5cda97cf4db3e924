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
];

/** Names that came after 3.4 (etcd's changelogs of 3.5 to 3.7), and are there. */
const laterNames = [
  'etcd_debugging_auth_revision',
  'etcd_debugging_mvcc_compact_revision',
  'etcd_debugging_mvcc_current_revision',
  'etcd_debugging_mvcc_total_put_size_in_bytes',
  'etcd_disk_wal_write_bytes_total',
  'etcd_server_client_requests_total',
  'etcd_server_healthcheck',
  'etcd_server_healthchecks_total',
  'os_fd_limit',
  'os_fd_used',
];

/** Others that came after 3.4, or that only a cluster shows → why ours has none. */
const laterLeftOut = {
  etcd_debugging_server_alarms: 'the status names the alarms',
  etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds: 'there is no such loop',
  etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds: 'there is no such loop',
  etcd_debugging_server_watch_send_loop_control_stream_duration_seconds: 'there is no such loop',
  etcd_debugging_server_watch_send_loop_progress_duration_seconds: 'there is no such loop',
  etcd_disk_defrag_inflight: 'nothing waits for one',
  etcd_disk_wal_write_duration_seconds: 'a write and its sync are one, and timed as the sync',
  etcd_network_active_peers: 'not counted',
  etcd_server_apply_duration_seconds: 'entries are applied in runs, which are not timed one by one',
  etcd_server_feature_enabled: 'there are no feature gates',
  etcd_server_range_duration_seconds: 'calls are timed by grpc_server_handling_seconds, where asked for',
  etcd_server_request_duration_seconds: 'calls are timed by grpc_server_handling_seconds, where asked for',
};

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
  const kindOf = (metrics: ReadonlyMap<string, string> | undefined, name: string): string =>
    `${name} ${metrics?.get(name)}`;
  const shared = [...(theirs?.keys() ?? [])].filter((name) => ours?.has(name) === true);
  t.strictSame(
    shared.map((name) => kindOf(ours, name)),
    shared.map((name) => kindOf(theirs, name)),
    'and those that are shared are of the same kind',
  );
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

t.test('names of later releases are there, or named with the reason', async (t) => {
  const server = await serverKinds.find((kind) => kind.name === 'three members')?.start({});
  try {
    const ours = await metricsOf(server?.targets[1] ?? '');
    for (const name of laterNames) t.ok(ours.has(name), name);
    for (const [name, reason] of Object.entries(laterLeftOut)) t.notOk(ours.has(name), `${name}: ${reason}`);
  } finally {
    await server?.stop();
  }
});
