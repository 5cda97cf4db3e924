/** Certificates that members make for themselves: `--auto-tls` and `--peer-auto-tls`, as etcd has them. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { makeCertificate } from '@flotilla/base/certificate';
import { type BrainOptionValues, brainSettings, startBrain } from '@flotilla/brain';
import type { PairFiles } from '@flotilla/wire/test/certificates';
import { certificateFiles } from '@flotilla/wire/test/certificate-files';
import { type ClusterPlan, planCluster, startMember } from './cluster.ts';
import {
  get,
  loggerOf,
  pem,
  put,
  serialIn,
  serialOf,
  startMembers,
  unverified,
  withHttpsPeers,
  withOptions,
} from './tls-members.ts';

t.setTimeout(0);

const etcdctl = '/usr/bin/etcdctl';

function madeIn(plan: ClusterPlan, i: number, whose: 'client' | 'peer' = 'client'): PairFiles {
  const directory = join(plan.members[i]?.dataDir ?? '', 'fixtures', whose);
  return { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
}

const caOf = (pair: PairFiles): { ca: string } => ({ ca: readFileSync(pair.cert, 'utf8') });

function withAutoTls(plan: ClusterPlan): ClusterPlan {
  return withOptions(plan, (i) => {
    const urls = [`https://${plan.endpoints[i]}`];
    return { 'auto-tls': true, 'listen-client-urls': urls, 'advertise-client-urls': urls };
  });
}

/** One member whose clients speak TLS, with its log; not started yet. */
async function planOne(t: Test): Promise<{
  readonly pair: PairFiles;
  readonly target: string;
  readonly log: string[];
  /** Starts it, asks something of it, and stops it. */
  run(options?: Partial<BrainOptionValues>, ask?: () => Promise<unknown>): Promise<void>;
}> {
  const plan = withAutoTls(await planCluster(1));
  t.teardown(() => plan.clean());
  const log: string[] = [];
  return {
    pair: madeIn(plan, 0),
    target: plan.endpoints[0] ?? '',
    log,
    async run(options = {}, ask) {
      const [member] = plan.members;
      const settings = brainSettings({ ...member?.options, ...options });
      const brain = await startBrain({ settings, logger: loggerOf(log) });
      try {
        await brain.ready;
        await ask?.();
      } finally {
        await brain.close();
      }
    },
  };
}

t.test('three members make their certificates, and each other, clients and a restart find them', async (t) => {
  const plan = withOptions(withHttpsPeers(withAutoTls(await planCluster(3))), () => ({ 'peer-auto-tls': true }));
  const { brains, logs } = await startMembers(t, plan);
  await Promise.all(brains.map((brain) => brain.ready));
  for (const [i, target] of plan.endpoints.entries()) {
    t.equal(await put(target, caOf(madeIn(plan, i))), 'ok', 'with its certificate as the CA');
    t.equal(await put(target, unverified), 'ok', 'whatever its certificate is');
    t.equal(await put(target, caOf(madeIn(plan, (i + 1) % 3))), 'RpcError', 'each has its own');
    t.equal(await put(target), 'RpcError', 'in clear text');
    t.match(await get(`https://${target}/health`, caOf(madeIn(plan, i))), /^200 {"health":"true"/);
    const peerTarget = new URL(brains[i]?.peerUrls[0] ?? '').host;
    t.equal(await serialOf(peerTarget, { rejectUnauthorized: false }), serialIn(madeIn(plan, i, 'peer').cert));
    t.match(await get(`https://${peerTarget}/version`, caOf(madeIn(plan, i, 'peer'))), /^200 /);
    await t.rejects(get(`http://${peerTarget}/version`), 'in clear text');
    t.ok(logs[i]?.some((line) => line.startsWith('--peer-auto-tls: nobody is verified')));
    t.ok(logs[i]?.some((line) => line.startsWith('automatically generate certificates')));
  }
  const before = [0, 1, 2].map((i) => serialIn(madeIn(plan, i).cert));
  t.equal(new Set(before).size, 3);

  await brains[1]?.close();
  const [, member] = plan.members;
  if (!member) throw new Error('no second member');
  const back = await startMember(member);
  brains[1] = back;
  await back.ready;
  t.strictSame(
    [0, 1, 2].map((i) => serialIn(madeIn(plan, i).cert)),
    before,
  );
  t.equal(await put(plan.endpoints[1] ?? '', caOf(madeIn(plan, 1))), 'ok');
});

t.test('what is made is what etcd makes', async (t) => {
  const { pair, run, target } = await planOne(t);
  const localhost = `https://localhost:${target.split(':')[1]}`;
  await run({ 'listen-client-urls': [localhost], 'listen-client-http-urls': ['https://0.0.0.0:0'] });
  const certificate = new X509Certificate(readFileSync(pair.cert));
  t.equal(certificate.subject, 'O=etcd');
  t.equal(certificate.issuer, 'O=etcd');
  t.ok(certificate.verify(certificate.publicKey));
  t.strictSame(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'for servers');
  t.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'secp521r1');
  t.strictSame((certificate.subjectAltName ?? '').split(', ').sort(), ['DNS:localhost', 'IP Address:0.0.0.0']);
  const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000;
  t.equal(days, 365);
  t.equal(statSync(pair.key).mode & 0o777, 0o600);
  t.equal(statSync(join(pair.cert, '..')).mode & 0o777, 0o700);
  t.strictSame(readdirSync(join(pair.cert, '..')).sort(), ['cert.pem', 'key.pem'], 'nothing is left beside them');
});

t.test('certificates live as long as told, and are used after that, with a warning', async (t) => {
  const { pair, run, log, target } = await planOne(t);
  await run({ 'self-signed-cert-validity': 10 });
  const { validFrom, validTo } = new X509Certificate(readFileSync(pair.cert));
  t.equal(Date.parse(validTo) - Date.parse(validFrom), 10 * 365 * 86_400_000);
  const ended = await makeCertificate({
    subject: { organization: 'etcd' },
    purpose: { type: 'self-signed-server', hosts: ['127.0.0.1'] },
    notBefore: new Date(Date.now() - 2_000_000),
    notAfter: new Date(Date.now() - 1_000_000),
  });
  writeFileSync(pair.cert, ended.certificate);
  writeFileSync(pair.key, ended.key);
  const serial = serialIn(pair.cert);
  await run({}, async () => {
    t.equal(await put(target, unverified), 'ok');
    t.equal(await put(target, caOf(pair)), 'RpcError');
  });
  t.equal(serialIn(pair.cert), serial);
  t.ok(log.some((line) => line.startsWith('a self-signed certificate has run out')));
});

t.test('half a pair is made anew, and one that does not fit is refused with the way out', async (t) => {
  const { pair, run, target } = await planOne(t);
  await run();
  for (const file of [pair.cert, pair.key]) {
    const first = serialIn(pair.cert);
    rmSync(file);
    await run({}, async () => t.equal(await put(target, caOf(pair)), 'ok'));
    t.not(serialIn(pair.cert), first);
  }
  const { cert, key } = pem(pair);
  const other = await makeCertificate({
    subject: { organization: 'etcd' },
    purpose: { type: 'self-signed-server', hosts: [] },
    notBefore: new Date(),
    notAfter: new Date(Date.now() + 1_000_000),
  });
  for (const broken of ['', cert.slice(0, 100), other.certificate]) {
    writeFileSync(pair.cert, broken);
    await t.rejects(run(), { code: 'TLS_FILES', message: /client\/cert\.pem.*Remove both, and the next start makes/ });
  }
  writeFileSync(pair.cert, cert);
  t.equal(pem(pair).key, key, 'nothing was written meanwhile');
  await run({}, async () => t.equal(await put(target, caOf(pair)), 'ok'));
});

t.test('a data directory with certificates is like any other', async (t) => {
  const { pair, run, target } = await planOne(t);
  // As when a start died before it began its log.
  mkdirSync(join(pair.cert, '..'), { recursive: true });
  writeFileSync(pair.cert, 'half');
  await run({}, async () => t.equal(await put(target, caOf(pair)), 'ok'));
  const serial = serialIn(pair.cert);
  await run({ 'force-new-cluster': true }, async () => t.equal(await put(target, caOf(pair)), 'ok'));
  await run({ 'feature-gates': 'InitialCorruptCheck=true' }, async () => t.equal(await put(target, caOf(pair)), 'ok'));
  t.equal(serialIn(pair.cert), serial);
  const dataDir = join(pair.cert, '..', '..', '..');
  rmSync(join(dataDir, 'witness'));
  await t.rejects(run(), /witness/, 'what is missing beside them is missed');
});

t.test('certificates that are given count for more', async (t) => {
  const files = await certificateFiles(t);
  const server = await files.make('server');
  const { pair, run, target, log } = await planOne(t);
  await run({ 'cert-file': server.cert, 'key-file': server.key }, async () => {
    t.equal(await put(target, { ca: files.authority.ca }), 'ok');
  });
  t.notOk(existsSync(pair.cert));
  t.ok(log.some((line) => line.startsWith('ignoring client auto TLS since certs given')));
});

t.test('clients need a certificate of their CA, whoever made that of the member', async (t) => {
  const files = await certificateFiles(t);
  const client = pem(await files.make('client'));
  const { pair, run, target } = await planOne(t);
  await run({ 'trusted-ca-file': files.ca, 'client-cert-auth': true }, async () => {
    t.equal(await put(target, { ...caOf(pair), ...client }), 'ok');
    t.equal(await put(target, caOf(pair)), 'RpcError');
  });
});

t.test(
  'etcdctl takes what was made, or anything',
  { skip: existsSync(etcdctl) ? false : 'etcdctl is not installed' },
  async (t) => {
    const { pair, run, target } = await planOne(t);
    const call = async (...argv: string[]): Promise<string> => {
      const env = { ...process.env, ETCDCTL_API: '3' };
      return (await promisify(execFile)(etcdctl, [`--endpoints=https://${target}`, ...argv], { env })).stdout;
    };
    await run({}, async () => {
      const careless = ['--insecure-skip-tls-verify', '--insecure-transport=false'];
      t.equal(await call(...careless, 'put', 'k', 'v'), 'OK\n');
      t.equal(await call(`--cacert=${pair.cert}`, 'get', 'k'), 'k\nv\n');
    });
  },
);
