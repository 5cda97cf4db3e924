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
  const all = ['StopGRPCServiceOnDefrag', 'LeaseCheckpoint', 'LeaseCheckpointPersist', 'SetMemberLocalAddr'];
  const more = ['PriorityRequest', 'TxnModeWriteWithSharedBuffer', 'FastLeaseKeepAlive'];
  const idle = [...all, ...more];
  const { corruption, featureGates } = parse(
    `--feature-gates=${idle.map((gate, i) => `${gate}=${i % 2 === 0}`).join(',')},CompactHashCheck=true`,
  );
  t.strictSame(featureGates.idle, idle, 'the other gates of etcd 3.7 are taken, and known to change nothing');
  t.match(corruption, { atStart: false, compactedMs: 60_000 });
  for (const [gates, atStart, compactedMs] of [
    ['AllAlpha=true', true, 60_000],
    ['AllAlpha=1,CompactHashCheck=F', true, 0],
    [' InitialCorruptCheck = t ,AllAlpha=false', true, 0],
    ['CompactHashCheck=true,AllAlpha=true,CompactHashCheck=false', true, 0],
    ['AllBeta=true', false, 0],
  ] as const) {
    t.match(parse(`--feature-gates=${gates}`).corruption, { atStart, compactedMs }, gates);
  }
  t.throws(() => parse('--feature-gates=LeaseCheckpoint=maybe'), { message: /neither LeaseCheckpoint=true nor/ });
  for (const wrong of ['NoSuchGate=true', 'CompactHashCheck', 'CompactHashCheck=yes', 'CompactHashCheck=true=']) {
    t.throws(() => parse(`--feature-gates=${wrong}`), { code: 'INVALID_OPTIONS', message: /--feature-gates/ });
  }
  t.end();
});

t.test('all problems are reported at once, each with its flag', (t) => {
  const argv = [
    '--listen-client-urls=http://0.0.0.0:2379,ftp://x:1',
    '--heartbeat-interval=0',
    '--initial-cluster-state=odd',
    '--bogus',
  ];
  t.throws(() => parse(...argv), {
    code: 'INVALID_OPTIONS',
    message: /--bogus[^]*--initial-cluster-state[^]*--heartbeat-interval/,
  });
  t.throws(() => parse('--listen-client-urls=http://0.0.0.0:2379', '--listen-peer-urls=http://10.1.2.3:2380'), {
    message:
      /--listen-client-urls: 0\.0\.0\.0 is not a loopback address, and a member in clear text listens on loopback only[^]*10\.1\.2\.3/,
  });
  t.throws(() => parse('--election-timeout=400'), { message: /at least five times/ });
  t.throws(() => parse('--initial-cluster=other=http://localhost:2380'), { message: /does not name this member/ });
  t.throws(() => parse('--initial-cluster=default=http://localhost:1'), { message: /they must be the same/ });
  t.throws(() => parse('--listen-client-http-urls=http://127.0.0.1:2379'), {
    message: /--listen-client-http-urls: http:\/\/127\.0\.0\.1:2379 is where --listen-client-urls listens/,
  });
  t.throws(() => parse('--listen-client-http-urls=http://0.0.0.0:2381'), { message: /not a loopback address/ });
  t.throws(() => parse('--listen-client-http-urls=https://127.0.0.1:2381'), {
    message: /--cert-file and --key-file must/,
  });
  t.throws(() => brainSettings({ 'listen-peer-urls': [] }), { message: /at least one URL is needed/ });
  t.end();
});

const [client, peer] = [
  ['--listen-client-urls=https://0.0.0.0:2379', '--cert-file=c', '--key-file=k'],
  [
    '--listen-peer-urls=https://10.1.2.3:2380',
    '--initial-advertise-peer-urls=https://10.1.2.3:2380',
    '--peer-cert-file=c',
    '--peer-key-file=k',
    '--peer-trusted-ca-file=a',
  ],
];

t.test('TLS, and what its flags say together', (t) => {
  t.match(parse(...client, '--trusted-ca-file=a', '--client-cert-auth'), {
    clientTls: { pair: { cert: 'c', key: 'k' }, ca: 'a', protocol: { minVersion: 'TLSv1.2' } },
    peerTls: undefined,
    clientCertAuth: true,
  });
  t.match(parse(...client), { clientTls: { ca: undefined } }, 'without a CA nobody is asked for a certificate');
  t.match(parse(...peer, '--peer-cert-allowed-cn=a,b'), {
    peerTls: { ca: 'a', callerPair: { cert: 'c' }, checksAddress: true, allowed: { commonNames: ['a', 'b'] } },
  });
  t.match(
    parse(...peer, '--peer-client-cert-file=o', '--peer-client-key-file=p', '--peer-skip-client-san-verification'),
    { peerTls: { pair: { cert: 'c' }, callerPair: { cert: 'o', key: 'p' }, checksAddress: false } },
  );
  t.match(parse(...client, '--cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', '--tls-max-version=TLS1.2'), {
    clientTls: { protocol: { maxVersion: 'TLSv1.2', ciphers: /:ECDHE-RSA-AES128-GCM-SHA256$/ } },
  });
  t.strictSame(parse('--cert-file=c', '--peer-client-cert-auth').idleTlsFlags, ['cert-file', 'peer-client-cert-auth']);
  t.end();
});

t.test('flags of TLS that do not go together are refused', (t) => {
  const refused = (argv: readonly string[], message: RegExp): void => void t.throws(() => parse(...argv), { message });
  refused(
    ['--listen-client-urls=https://127.0.0.1:1'],
    /--cert-file and --key-file must be given for TLS on client URLs/,
  );
  refused(client.slice(0, 2), /^--key-file must be given/);
  refused(['--listen-metrics-urls=https://127.0.0.1:1'], /--cert-file and --key-file must be given/);
  refused([...client, '--client-cert-auth'], /--client-cert-auth needs --trusted-ca-file/);
  refused(peer.slice(0, 4), /--peer-trusted-ca-file is needed with https peer URLs/);
  refused(
    ['--initial-cluster=default=http://localhost:2380,b=https://b:1'],
    /--peer-cert-file and --peer-key-file must/,
  );
  refused([...peer, '--peer-cert-allowed-cn=a', '--peer-cert-allowed-hostname=b'], /exclude each other/);
  refused([...client, '--cipher-suites=TLS_ECDHE_RSA_WITH_RC4_128_SHA'], /unexpected TLS cipher suite "TLS_ECDHE_RSA/);
  refused([...client, '--tls-min-version=TLS1.1'], /"TLS1.1" is neither TLS1.2 nor TLS1.3/);
  refused([...client, '--tls-min-version=TLS1.3', '--tls-max-version=TLS1.2'], /is below --tls-min-version/);
  refused(
    [...client, '--tls-min-version=TLS1.3', '--cipher-suites=TLS_RSA_WITH_AES_128_CBC_SHA'],
    /--cipher-suites chooses suites of TLS 1\.2/,
  );
  t.end();
});

t.test('certificates that a member makes for itself', (t) => {
  const clientUrls = '--listen-client-urls=https://localhost:2379,https://10.1.2.3:2379,https://10.1.2.3:2378';
  t.match(parse('--data-dir=d', clientUrls, '--listen-client-http-urls=https://[::1]:1', '--auto-tls'), {
    clientTls: {
      pair: { cert: 'd/fixtures/client/cert.pem', key: 'd/fixtures/client/key.pem' },
      selfSigned: { hosts: ['localhost', '10.1.2.3', '::1'], validityYears: 1, dataDir: 'd' },
      ca: undefined,
    },
    idleAutoTls: [],
  });
  const peerUrls = peer.slice(0, 2);
  const { peerTls } = parse('--data-dir=d', ...peerUrls, '--peer-auto-tls', '--self-signed-cert-validity=3');
  t.match(peerTls, {
    pair: { cert: 'd/fixtures/peer/cert.pem' },
    callerPair: { cert: 'd/fixtures/peer/cert.pem' },
    selfSigned: { hosts: ['10.1.2.3'], validityYears: 3 },
    checksAddress: false,
  });
  t.equal(peerTls?.ca, undefined, 'nobody is verified');
  const given = parse(...client, '--auto-tls', ...peer, '--peer-auto-tls');
  t.strictSame(given.idleAutoTls, ['client', 'peer'], 'certificates that are given count for more');
  t.equal(given.clientTls?.selfSigned, undefined);
  t.strictSame(parse('--auto-tls', '--peer-auto-tls').idleTlsFlags, ['auto-tls', 'peer-auto-tls']);
  const refused = (argv: readonly string[], message: RegExp): void => void t.throws(() => parse(...argv), { message });
  refused([clientUrls, '--auto-tls', '--self-signed-cert-validity=0'], /must be greater than 0/);
  refused([clientUrls, '--auto-tls', '--key-file=k'], /^--cert-file must be given/);
  refused(
    [...peerUrls, '--peer-auto-tls', '--peer-trusted-ca-file=a', '--peer-cert-allowed-cn=a'],
    /--peer-auto-tls verifies no .* --peer-trusted-ca-file, --peer-cert-allowed-cn would have no effect/,
  );
  t.end();
});

t.test('URLs of clients may be Unix sockets, those of members not', (t) => {
  const urls = ['unix://localhost:2379', 'unixs:///run/x.sock', 'unix:/run/y.sock'];
  const metrics = '--listen-metrics-urls=unix:///run/m.sock';
  const argv = [`--listen-client-urls=${urls.join(',')}`, `--advertise-client-urls=${urls.join(',')}`, metrics];
  t.match(parse('--data-dir=d', ...argv, '--auto-tls'), {
    listenClientUrls: urls,
    advertiseClientUrls: urls,
    clientTls: { selfSigned: { hosts: ['localhost'] } },
  });
  const refused = (argv: readonly string[], message: RegExp): void => void t.throws(() => parse(...argv), { message });
  refused(argv, /--cert-file and --key-file must be given/);
  refused(['--listen-client-urls=unix://'], /"unix:\/\/" names no file/);
  refused(['--listen-client-urls=unix://a?b'], /must not have a query/);
  refused(['--listen-client-urls=ftp://a:1'], /http:\/\/, https:\/\/, unix:\/\/ or unixs:\/\//);
  refused(['--listen-peer-urls=unix://localhost:2380'], /must begin with http:\/\/ or https:\/\//);
  refused(
    ['--listen-client-urls=unix:///run/x', '--listen-client-http-urls=unix:/run/x'],
    /is where --listen-client-urls listens/,
  );
  t.end();
});

t.test('flags that tune what is built otherwise here are taken, and told', (t) => {
  t.strictSame(parse().idleFlags, []);
  const given = [
    '--logger=zap',
    '--log-outputs=stderr',
    '--max-wals',
    '7',
    '--enable-pprof',
    '--backend-batch-interval=100ms',
  ];
  const told = ['backend-batch-interval', 'enable-pprof', 'log-outputs', 'logger', 'max-wals'];
  t.strictSame(parse(...given).idleFlags, told);
  t.throws(() => parse('--max-wals=many', '--backend-batch-interval=soon'), {
    code: 'INVALID_OPTIONS',
    message: /batch-interval.*\n.*max-wals/,
  });
  t.end();
});
