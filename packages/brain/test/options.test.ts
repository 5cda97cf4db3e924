import t from 'tap';
import { brainSettings, memberIdOf, parseBrainSettings } from '@flotilla/brain';

const parse = (...argv: string[]): ReturnType<typeof parseBrainSettings> => parseBrainSettings({ argv, env: {} });

t.test("defaults are etcd's", (t) => {
  const settings = parse();
  t.match(settings, {
    name: 'default',
    dataDir: 'default.etcd',
    heartbeatMs: 100,
    electionTicks: 10,
    snapshotCount: 10_000,
    catchUpEntries: 5000,
    quotaBytes: 2 ** 31,
    maxRequestBytes: 1.5 * 2 ** 20,
    maxTxnOps: 128,
    grpcServer: 'flotilla',
    watchProgressIntervalMs: 600_000,
    listenClientUrls: ['http://localhost:2379'],
  });
  t.equal(settings.membership.members.length, 1);
  t.end();
});

t.test('ids are those of a real etcd with the same flags', (t) => {
  // As etcd 3.4 prints them for these URLs and this token.
  t.equal(memberIdOf(['http://localhost:2380'], 'etcd-cluster').toString(16), '8e9e05c52164694d');
  t.equal(parse().membership.clusterId.toString(16), 'cdf818194e3a8c32');
  t.end();
});

t.test('flags win over the environment, and the environment over defaults', (t) => {
  const env = {
    ETCD_NAME: 'a',
    ETCD_SNAPSHOT_COUNT: '7',
    ETCD_INITIAL_CLUSTER: 'b=http://127.0.0.1:1',
    ETCD_INITIAL_ADVERTISE_PEER_URLS: 'http://127.0.0.1:1',
  };
  const settings = parseBrainSettings({ argv: ['--name', 'b'], env });
  t.match(settings, { name: 'b', snapshotCount: 7, dataDir: 'b.etcd' });
  t.end();
});

t.test('corruption checks are off unless flags turn them on', (t) => {
  t.strictSame(parse().corruption, { atStart: false, everythingMs: 0, compactedMs: 0 });
  const gates = '--feature-gates=InitialCorruptCheck=true,CompactHashCheck=true';
  t.strictSame(parse(gates, '--corrupt-check-time=2h').corruption, {
    atStart: true,
    everythingMs: 7_200_000,
    compactedMs: 60_000,
  });
  for (const wrong of ['NoSuchGate=true', 'CompactHashCheck', 'CompactHashCheck=yes']) {
    t.throws(() => parse(`--feature-gates=${wrong}`), { code: 'INVALID_OPTIONS', message: /--feature-gates/ });
  }
  t.end();
});

t.test('all problems are reported at once, each with its flag', (t) => {
  const argv = [
    '--listen-client-urls=http://0.0.0.0:2379,ftp://x:1',
    '--heartbeat-interval=0',
    '--initial-cluster-state=odd',
    '--cert-file=x',
    '--bogus',
  ];
  t.throws(() => parse(...argv), {
    code: 'INVALID_OPTIONS',
    message: /--bogus[^]*--initial-cluster-state[^]*--heartbeat-interval/,
  });
  t.throws(
    () =>
      parse(
        '--listen-client-urls=http://0.0.0.0:2379',
        '--listen-peer-urls=http://10.1.2.3:2380',
        '--peer-cert-file=x',
      ),
    {
      message:
        /--listen-client-urls: 0\.0\.0\.0 is not a loopback address, and a member in clear text listens on loopback only[^]*10\.1\.2\.3[^]*--peer-cert-file: TLS is not supported yet/,
    },
  );
  t.throws(() => parse('--listen-client-urls=https://127.0.0.1:2379'), { message: /https is not supported yet/ });
  t.throws(() => parse('--election-timeout=400'), { message: /at least five times/ });
  t.throws(() => parse('--initial-cluster=other=http://localhost:2380'), { message: /does not name this member/ });
  t.throws(() => parse('--initial-cluster=default=http://localhost:1'), { message: /they must be the same/ });
  t.throws(() => brainSettings({ 'listen-peer-urls': [] }), { message: /at least one URL is needed/ });
  t.end();
});
