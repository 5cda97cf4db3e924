/** TLS of members: who gets in, what is spoken on one port, and certificates that are renewed while everything runs. */
import { readFileSync } from 'node:fs';
import { copyFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Brain, type BrainOptionValues, brainSettings, startBrain } from '@flotilla/brain';
import { connectService, kvService, openChannel, rpcServerKinds, watchService } from '@flotilla/wire';
import { type PairFiles, createAuthority, writePair } from '@flotilla/wire/test/certificates';
import { type CertificateFiles, certificateFiles } from '@flotilla/wire/test/certificate-files';
import { type ClusterPlan, planCluster, until } from './cluster.ts';
import {
  get,
  loggerOf,
  pem,
  put,
  serialIn,
  serialOf,
  shake,
  startMembers,
  withHttpsPeers,
  withOptions,
} from './tls-members.ts';
import { openWatch } from './watch-client.ts';

t.setTimeout(0);

interface Serving {
  readonly brain: Brain;
  /** `host:port` of the clients. */
  readonly target: string;
  readonly log: readonly string[];
}

async function startOne(t: Test, options: Partial<BrainOptionValues>): Promise<Serving> {
  const plan = await planCluster(1);
  // Before the member, which may refuse to start; the last of these comes first.
  t.teardown(() => plan.clean());
  const [member] = plan.members;
  const target = plan.endpoints[0] ?? '';
  const log: string[] = [];
  const urls = { 'listen-client-urls': [`https://${target}`], 'advertise-client-urls': [`https://${target}`] };
  const brain = await startBrain({
    settings: brainSettings({ ...member?.options, ...urls, ...options }),
    logger: loggerOf(log),
  });
  t.teardown(() => brain.close());
  await brain.ready;
  return { brain, target, log };
}

for (const kind of rpcServerKinds) {
  t.test(`${kind}: one port for gRPC and HTTP/1.1 over TLS, for those with a certificate of the CA`, async (t) => {
    const files = await certificateFiles(t);
    const [server, client] = [await files.make('server'), await files.make('client')];
    const stranger = await (await createAuthority('another')).issue({ commonName: 'client' });
    const { target, log } = await startOne(t, {
      'cert-file': server.cert,
      'key-file': server.key,
      'trusted-ca-file': files.ca,
      'grpc-server': kind,
    });
    const { ca } = files.authority;
    t.equal(await put(target, { ca, ...pem(client) }), 'ok');
    t.match(await get(`https://${target}/health`, { ca, ...pem(client) }), /^200 {"health":"true"/);
    t.match(await get(`https://${target}/v3/kv/range`, { ca, ...pem(client) }), /^501/, 'the gateway answers too');
    const refusals = {
      'without a certificate': { ca },
      'with one of another CA': { ca, ...stranger },
      'that does not trust the member': { ca: (await createAuthority()).ca, ...pem(client) },
      'in clear text': undefined,
    };
    for (const [who, tls] of Object.entries(refusals)) t.equal(await put(target, tls), 'RpcError', `a client ${who}`);
    await t.rejects(get(`https://${target}/health`, { ca }));
    t.ok(log.some((line) => line.includes('the client shows no certificate')));
    t.ok(log.some((line) => line.includes('is not trusted')));
  });
}

t.test('without a CA of clients nobody is asked for a certificate', async (t) => {
  const files = await certificateFiles(t);
  const server = await files.make('server');
  const { target } = await startOne(t, { 'cert-file': server.cert, 'key-file': server.key });
  t.equal(await put(target, { ca: files.authority.ca }), 'ok');
  t.match(await get(`https://${target}/version`, { ca: files.authority.ca }), /^200 /);
});

t.test('an address that is named with both schemes serves both, as etcd does', async (t) => {
  const files = await certificateFiles(t);
  const server = await files.make('server');
  const plan = await planCluster(1);
  const target = plan.endpoints[0] ?? '';
  await plan.clean();
  const { target: _, ...serving } = await startOne(t, {
    'cert-file': server.cert,
    'key-file': server.key,
    'listen-client-urls': [`https://${target}`, `http://${target}`],
  });
  t.ok(serving.brain);
  const { ca } = files.authority;
  t.equal(await put(target, { ca }), 'ok');
  t.equal(await put(target), 'ok');
  t.match(await get(`https://${target}/health`, { ca }), /^200 /);
  t.match(await get(`http://${target}/health`), /^200 /);
});

t.test('certificates of clients may be held to names', async (t) => {
  const files = await certificateFiles(t);
  const server = await files.make('server');
  const { target } = await startOne(t, {
    'cert-file': server.cert,
    'key-file': server.key,
    'trusted-ca-file': files.ca,
    'client-cert-allowed-hostname': ['ops.example', '192.0.2.1'],
  });
  const { ca } = files.authority;
  const ops = await files.make('ops', { hosts: ['ops.example'] });
  const address = await files.make('address', { hosts: ['192.0.2.1'] });
  const other = await files.make('other', { hosts: ['dev.example'] });
  t.equal(await put(target, { ca, ...pem(ops) }), 'ok');
  t.equal(await put(target, { ca, ...pem(address) }), 'ok');
  t.equal(await put(target, { ca, ...pem(other) }), 'RpcError');
});

t.test('a list of revoked certificates needs a CA, must be one, and its last good content stays', async (t) => {
  const files = await certificateFiles(t);
  const [server, gone] = [await files.make('server'), await files.make('gone')];
  const list = join(files.directory, 'list.crl');
  const flags = { 'cert-file': server.cert, 'key-file': server.key, 'client-crl-file': list };
  t.throws(() => brainSettings({ 'listen-client-urls': ['https://127.0.0.1:1'], ...flags }), /needs --trusted-ca-file/);
  await writeFile(list, 'no list');
  await t.rejects(startOne(t, { ...flags, 'trusted-ca-file': files.ca }), { code: 'TLS_FILES', message: /list\.crl/ });
  const pemList = await files.authority.revoke([pem(gone).cert]);
  await writeFile(list, Buffer.from(pemList.replace(/-----.*-----/g, ''), 'base64'));
  const { target, log } = await startOne(t, { ...flags, 'trusted-ca-file': files.ca });
  const { ca } = files.authority;
  t.equal(await put(target, { ca, ...pem(gone) }), 'RpcError', 'DER is read too');
  t.ok(log.some((line) => /the certificate with the serial number [0-9A-F]+ is revoked/.test(line)));
  await writeFile(list, 'no list');
  t.equal(await put(target, { ca, ...pem(gone) }), 'RpcError');
  t.equal(await put(target, { ca, ...pem(server) }), 'ok');
  t.ok(log.some((line) => line.includes('the old ones stay')));
});

t.test('versions and cipher suites are those that were asked for', async (t) => {
  const files = await certificateFiles(t);
  const server = await files.make('server');
  const pair = { 'cert-file': server.cert, 'key-file': server.key };
  const { ca } = files.authority;
  const newest = await startOne(t, { ...pair, 'tls-min-version': 'TLS1.3' });
  await t.rejects(shake(newest.target, { ca, maxVersion: 'TLSv1.2' }), 'TLS 1.2 is too old');
  const suite = 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384';
  const chosen = await startOne(t, { ...pair, 'cipher-suites': [suite], 'tls-max-version': 'TLS1.2' });
  const socket = await shake(chosen.target, { ca });
  t.equal(socket.getCipher().standardName, suite);
  t.equal(socket.getProtocol(), 'TLSv1.2');
  socket.destroy();
});

t.test('a member whose certificates are no good does not start', async (t) => {
  const files = await certificateFiles(t);
  const [server, other] = [await files.make('server'), await files.make('other')];
  const start = (options: Partial<BrainOptionValues>): Promise<unknown> => startOne(t, options);
  await t.rejects(start({ 'cert-file': server.cert, 'key-file': other.key }), {
    code: 'TLS_FILES',
    message: /other\.key is not that of the certificate in .*server\.crt/,
  });
  await t.rejects(start({ 'cert-file': '/nowhere', 'key-file': server.key }), { message: /\/nowhere.*no such file/ });
  await t.rejects(start({ 'cert-file': server.cert, 'key-file': server.key, 'trusted-ca-file': server.key }), {
    message: /no certificate in the file of the CA/,
  });
});

t.test('a renewed certificate is used from the next handshake on, and connections stay', async (t) => {
  const files = await certificateFiles(t);
  const server = await files.make('server');
  const { target, log } = await startOne(t, {
    'cert-file': server.cert,
    'key-file': server.key,
    'trusted-ca-file': files.ca,
  });
  const { ca } = files.authority;
  const client = pem(await files.make('client'));
  const first = serialIn(server.cert);
  t.equal(await serialOf(target, { ca, ...client }), first);
  const channel = openChannel({ target, tls: { ca, ...client } });
  t.teardown(() => channel.close());
  const watch = openWatch({ watch: connectService(channel, watchService) });
  watch.create({ key: Buffer.from('k') });
  await watch.next();

  const renewed = await files.make('renewed');
  await copyFile(renewed.key, server.key);
  t.equal(await serialOf(target, { ca, ...client }), first, 'half of a pair is no pair');
  t.equal(await serialOf(target, { ca, ...client }), first);
  t.equal(log.filter((line) => line.includes('the old ones stay')).length, 1, 'said once');
  await writeFile(server.cert, readFileSync(renewed.cert, 'utf8').slice(0, 100));
  t.equal(await serialOf(target, { ca, ...client }), first, 'half of a certificate is none');
  await copyFile(renewed.cert, server.cert);
  t.equal(await serialOf(target, { ca, ...client }), serialIn(renewed.cert));

  const next = await createAuthority('next');
  const [nextClient, nextServer] = [await next.issue({ commonName: 'client' }), await next.issue({ commonName: 's' })];
  t.equal(await put(target, { ca, ...nextClient }), 'RpcError', 'of a CA that is not known yet');
  await writeFile(`${files.ca}.new`, `${ca}\n${next.ca}\n`);
  await rename(`${files.ca}.new`, files.ca);
  t.equal(await put(target, { ca, ...nextClient }), 'ok');
  await writePair(files.directory, 'server', nextServer);
  t.equal(await put(target, { ca: next.ca, ...nextClient }), 'ok');
  t.equal(await put(target, { ca, ...client }), 'RpcError', 'which trusts the CA before alone');

  const kv = connectService(channel, kvService);
  await kv.Put({ key: Buffer.from('k'), value: Buffer.from('v') });
  const [event] = await watch.next();
  t.equal(Buffer.from(event?.events[0]?.kv?.value ?? []).toString(), 'v', 'a stream from before goes on');
  watch.close();
});

/** The same plan, with members that speak TLS to each other. */
function withPeerTls(plan: ClusterPlan, files: CertificateFiles, pairs: readonly PairFiles[]): ClusterPlan {
  return withOptions(withHttpsPeers(plan), (i) => ({
    'peer-cert-file': pairs[i]?.cert ?? '',
    'peer-key-file': pairs[i]?.key ?? '',
    'peer-trusted-ca-file': files.ca,
    'peer-client-cert-auth': true,
  }));
}

t.test('members know each other by certificate, and nobody else gets at the peer port', async (t) => {
  const files = await certificateFiles(t);
  const own = await files.make('m1');
  const pairs = [own, await files.make('m2'), await files.make('m3')];
  const plan = withPeerTls(await planCluster(3), files, pairs);
  const { brains, logs } = await startMembers(t, plan);
  await Promise.all(brains.map((brain) => brain.ready));
  for (const target of plan.endpoints) t.equal(await put(target), 'ok');
  const peerTarget = new URL(brains[0]?.peerUrls[0] ?? '').host;
  const { ca } = files.authority;
  const stranger = await (await createAuthority()).issue({ commonName: 'm1' });
  t.match(await get(`https://${peerTarget}/version`, { ca, ...pem(own) }), /^200/);
  await t.rejects(get(`https://${peerTarget}/version`, { ca }), 'without a certificate');
  await t.rejects(get(`https://${peerTarget}/version`, { ca, ...stranger }), 'with one of another CA');
  await t.rejects(get(`http://${peerTarget}/version`), 'in clear text');
  const elsewhere = pem(await files.make('elsewhere', { hosts: ['192.0.2.7'] }));
  await t.rejects(get(`https://${peerTarget}/version`, { ca, ...elsewhere }), 'from an address that it does not name');
  t.ok(logs[0]?.some((line) => line.includes('but came from 127.0.0.1')));

  // Renewed by another CA, one member after the other, none restarted.
  const next = await createAuthority('next');
  await writeFile(files.ca, `${ca}\n${next.ca}\n`);
  for (const [i, pair] of pairs.entries()) {
    const name = `m${i + 1}`;
    await writePair(files.directory, name, await next.issue({ commonName: name }));
    const target = new URL(brains[i]?.peerUrls[0] ?? '').host;
    t.equal(await serialOf(target, { ca: next.ca, ...pem(pair) }), serialIn(pair.cert));
  }
  await writeFile(files.ca, next.ca);
  for (const target of plan.endpoints) t.equal(await put(target), 'ok', 'streams from before go on');
  // A member that comes back connects and is connected to with what is in the files now.
  await brains[2]?.close();
  const back = await startBrain({ settings: brainSettings(plan.members[2]?.options ?? {}) });
  brains[2] = back;
  await back.ready;
  t.equal(await put(plan.endpoints[2] ?? ''), 'ok');
});

t.test('a member whose certificate is revoked does not reach the others', async (t) => {
  const files = await certificateFiles(t);
  const pairs = [await files.make('m1'), await files.make('m2'), await files.make('gone')];
  const list = join(files.directory, 'peers.crl');
  await writeFile(list, await files.authority.revoke(pairs.slice(2).map((pair) => pem(pair).cert)));
  const plan = withPeerTls(await planCluster(3), files, pairs);
  const { brains, logs } = await startMembers(t, plan, (i) => (i === 2 ? {} : { 'peer-crl-file': list }));
  await Promise.all(brains.slice(0, 2).map((brain) => brain.ready));
  const refused = (lines: readonly string[] = []): boolean =>
    lines.some((line) => line.includes('a connection was refused') && line.includes('is revoked'));
  await until(() => refused(logs[0]) && refused(logs[1]));
  t.equal(await put(plan.endpoints[0] ?? ''), 'ok');
});

t.test('a member whose common name is not allowed stays outside', async (t) => {
  const files = await certificateFiles(t);
  const pairs = [await files.make('m1'), await files.make('m2'), await files.make('intruder')];
  const plan = withPeerTls(await planCluster(3), files, pairs);
  const { brains, logs } = await startMembers(t, plan, (i) =>
    i === 2 ? {} : { 'peer-cert-allowed-cn': ['m1', 'm2'] },
  );
  await Promise.all(brains.slice(0, 2).map((brain) => brain.ready));
  const refused = (lines: readonly string[] = []): boolean =>
    lines.some((line) => line.includes('a connection was refused') && line.includes('common name is none of m1, m2'));
  const notCalled = (lines: readonly string[] = []): boolean =>
    lines.some((line) => line.includes('no connection to a member') && line.includes('common name is none of m1, m2'));
  await until(() => refused(logs[0]) && refused(logs[1]) && notCalled(logs[0]) && notCalled(logs[1]));
  t.equal(await put(plan.endpoints[0] ?? ''), 'ok');
});

t.test('a member shows another certificate to the members that it calls, where it is told to', async (t) => {
  const files = await certificateFiles(t);
  const pairs = [await files.make('m1'), await files.make('m2'), await files.make('m3')];
  const caller = await files.make('caller');
  const plan = withPeerTls(await planCluster(3), files, pairs);
  const { brains } = await startMembers(t, plan, () => ({
    'peer-client-cert-file': caller.cert,
    'peer-client-key-file': caller.key,
    'peer-cert-allowed-cn': ['m1', 'm2', 'm3', 'caller'],
  }));
  await Promise.all(brains.map((brain) => brain.ready));
  for (const target of plan.endpoints) t.equal(await put(target), 'ok');
});
