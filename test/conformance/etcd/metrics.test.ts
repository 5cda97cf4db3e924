/** The names on `/metrics`, held against those of a real etcd: each that ours lacks is named here, with the reason. */
import t from 'tap';
import { connectService, etcdserverpb, kvService, openChannel } from '@flotilla/wire';
import { connect } from './client.ts';
import { conformance } from './rules.ts';
import { type Level, type Server, hasEtcd, ourThree, serverKinds, startEtcd } from './servers.ts';

t.setTimeout(0);

const { ACTIVATE, DEACTIVATE } = etcdserverpb.AlarmRequest.AlarmAction;

interface LeftOut {
  readonly names: RegExp;
  /** Why ours has none. */
  readonly reason: string;
  /** The first release that has them. */
  readonly since?: Level;
  /** The first release that has them no more. */
  readonly until?: Level;
}

const leftOut: readonly LeftOut[] = [
  { names: /^go_/, reason: 'of the Go runtime; ours are nodejs_…' },
  { names: /^promhttp_/, reason: "of Go's handler for the endpoint itself" },
  { names: /^etcd_server_go_version$/, reason: 'there is no Go' },
  { names: /^process_virtual_memory_max_bytes$/, reason: 'a limit that Node can neither read nor set' },
  { names: /^etcd_debugging_store_/, reason: 'of the v2 store, which there is not' },
  { names: /^etcd_grpc_proxy_/, reason: 'of the gRPC proxy, which there is not' },
  { names: /^etcd_debugging_disk_backend_|^etcd_disk_backend_(defrag|snapshot)_/, reason: "of bbolt's commits" },
  { names: /^etcd_mvcc_db_open_read_transactions$/, reason: "of bbolt's transactions" },
  { names: /^etcd_(debugging_)?snap_/, reason: 'of snapshot files: the state database is the snapshot' },
  {
    names: /^etcd_debugging_mvcc_db_total_size_in_bytes$/,
    reason: 'the old name of etcd_mvcc_db_total_size_in_bytes',
    until: '3.5',
  },
  {
    names: /^etcd_debugging_server_watch_send_loop_/,
    reason: 'there is no such loop',
    since: '3.7',
  },
  { names: /^etcd_disk_defrag_inflight$/, reason: 'nothing waits for one' },
  {
    names: /^etcd_disk_wal_write_duration_seconds$/,
    reason: 'a write and its sync are one, and timed as the sync',
    since: '3.6',
  },
  {
    names: /^etcd_server_apply_duration_seconds$/,
    reason: 'entries are applied in runs, which are not timed one by one',
    since: '3.5',
  },
  {
    names: /^etcd_server_(range|request)_duration_seconds$/,
    reason: 'calls are timed by grpc_server_handling_seconds, where asked for',
    since: '3.6',
  },
];

/** Names that came after 3.4, and are there. */
const laterNames = [
  'etcd_debugging_auth_revision',
  'etcd_debugging_mvcc_compact_revision',
  'etcd_debugging_mvcc_current_revision',
  'etcd_debugging_mvcc_total_put_size_in_bytes',
  'etcd_debugging_server_alarms',
  'etcd_disk_wal_write_bytes_total',
  'etcd_server_client_requests_total',
  'etcd_server_feature_enabled',
  'etcd_server_healthcheck',
  'etcd_server_healthchecks_total',
  'os_fd_limit',
  'os_fd_used',
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
  const servers = await Promise.all([ourThree.start({}), startEtcd(3, {})]);
  try {
    const [ours, theirs] = await Promise.all(servers.map(metricsOfUse));
    const { level } = servers[1];
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
    const expected = leftOut.filter(({ since = '', until = '9' }) => since <= level && level < until);
    t.strictSame(
      missing.filter((name) => !expected.some(({ names }) => names.test(name))),
      [],
      'nothing else is missing',
    );
    for (const { names, reason } of expected) {
      t.ok(
        missing.some((name) => names.test(name)),
        `${names} is missing indeed: ${reason}`,
      );
    }
    for (const name of laterNames) {
      t.ok(ours?.has(name), name);
      if (level >= '3.7') t.ok(theirs?.has(name), `etcd has ${name}`);
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
});

/** What the last member shows once there were a write, a read, an alarm and a question for its health. */
async function metricsOfUse({ targets }: Server): Promise<ReadonlyMap<string, string>> {
  const target = targets.at(-1) ?? '';
  const client = connect(target);
  try {
    await client.kv.Put({ key: Buffer.from('k') });
    await client.kv.Range({ key: Buffer.from('k') });
    for (const action of [ACTIVATE, DEACTIVATE]) {
      await client.maintenance.Alarm({ action, memberID: 5, alarm: etcdserverpb.AlarmType.CORRUPT });
    }
    await fetch(`http://${target}/readyz`);
    return await metricsOf(target);
  } finally {
    client.close();
  }
}

conformance('Metrics', ({ rule }) => {
  rule('active alarms are shown, with the member that they are of', { since: '3.6' }, async ({ t, clients }) => {
    const [client] = clients;
    const alarm = { memberID: 0xabc, alarm: etcdserverpb.AlarmType.NOSPACE };
    const shown = async (): Promise<readonly string[]> => {
      const text = await (await fetch(`http://${client?.target}/metrics`)).text();
      return text.match(/^etcd_debugging_server_alarms\{.* [1-9]\d*$/gm) ?? [];
    };
    t.strictSame(await shown(), []);
    await client?.maintenance.Alarm({ action: ACTIVATE, ...alarm });
    const [line = '', ...others] = await shown();
    t.match(line, /alarm_type="NOSPACE"/);
    t.match(line, /server_id="abc"/);
    t.strictSame(others, []);
    await client?.maintenance.Alarm({ action: DEACTIVATE, ...alarm });
    t.strictSame(await shown(), []);
  });
});

conformance(
  'Metrics of feature gates',
  ({ rule }) => {
    rule('a gate is 1 where it is on', { since: '3.6' }, async ({ t, client }) => {
      const text = await (await fetch(`http://${client.target}/metrics`)).text();
      const gates = text.match(/^etcd_server_feature_enabled\{.*$/gm) ?? [];
      const of = (name: string): string | undefined => gates.find((line) => line.includes(`name="${name}"`));
      t.match(of('CompactHashCheck'), /stage="ALPHA".*\} 1$/);
      t.match(of('InitialCorruptCheck'), /stage="ALPHA".*\} 0$/);
    });
  },
  { since: { '3.6': { 'feature-gates': 'CompactHashCheck=true' } } },
);
