/** TLS for clients: who gets in, certificates as users, and certificates that are renewed. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import t from 'tap';
import type { ChannelTls } from '@flotilla/wire';
import { type PairFiles, createAuthority } from '@flotilla/wire/test/certificates';
import { certificateFiles } from '@flotilla/wire/test/certificate-files';
import { bytes, connect, text } from './client.ts';
import { type Setting, conformance, refusal } from './rules.ts';

const files = await certificateFiles(t);
const server = await files.make('server');
const [root, alice, stranger] = [await files.make('root'), await files.make('alice'), await files.make('stranger')];
const nameless = await files.make('nameless', { commonName: '' });
const foreign = await (await createAuthority('another')).issue({ commonName: 'root' });
const { ca } = files.authority;
const list = join(files.directory, 'revoked.crl');
await writeFile(list, derOf(await files.authority.revoke([])));

/** etcd reads lists in PEM up to 3.4 only. */
function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
}

interface Pem {
  readonly cert: string;
  readonly key: string;
}

const pem = ({ cert, key }: PairFiles): Pem => ({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') });

const flags = { 'cert-file': server.cert, 'key-file': server.key, 'trusted-ca-file': files.ca };
const rootTls: ChannelTls = { ca, ...pem(root) };

/** How a put of somebody else is refused. */
async function putAs({ server: { targets }, key }: Setting, tls: ChannelTls | undefined, name = 'a'): Promise<string> {
  const client = connect(targets[0] ?? '', tls);
  try {
    return await refusal(client.kv.Put({ key: key(name) }));
  } finally {
    client.close();
  }
}

/** Status and body of a request; `failed` when there was no answer. */
async function ask(
  { client: { target } }: Setting,
  path: string,
  options: https.RequestOptions & { readonly scheme?: 'http'; readonly body?: string },
): Promise<string> {
  const { scheme = 'https', body, ...rest } = options;
  const request = (scheme === 'http' ? http : https).request(`${scheme}://${target}${path}`, {
    ca,
    agent: false,
    // etcd tells calls of its gateway by this header.
    headers: { accept: '*/*' },
    ...rest,
    method: body === undefined ? 'GET' : 'POST',
  });
  request.end(body);
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let answer = '';
    for await (const chunk of response.setEncoding('utf8')) answer += chunk as string;
    return `${response.statusCode} ${answer}`;
  } catch {
    return 'failed';
  }
}

/** The serial number that a server shows now. */
async function serialOf({ client: { target } }: Setting): Promise<string> {
  const [host = '', port] = target.split(':');
  const socket = connectTls({ host, port: Number(port), ca, ...pem(root) });
  await once(socket, 'secureConnect');
  const { serialNumber = '' } = socket.getPeerX509Certificate() ?? {};
  socket.destroy();
  return serialNumber;
}

const range = JSON.stringify({ key: Buffer.from('a').toString('base64') });

conformance(
  'TLS',
  ({ rule }) => {
    rule('one port for gRPC and HTTP, for those with a certificate of the CA', async (setting) => {
      const { t } = setting;
      t.equal(await putAs(setting, rootTls), 'answered');
      t.match(await ask(setting, '/health', pem(root)), /^200 {"health":"true"/);
      t.match(await ask(setting, '/version', pem(root)), /^200 {"etcdserver":/);
      t.match(await ask(setting, '/v3/kv/range', { ...pem(root), body: range }), /^200 {"header"/);
    });

    rule('nobody else gets in: the CA alone asks for certificates', async (setting) => {
      const { t } = setting;
      t.match(await putAs(setting, { ca }), /^14 /, 'without a certificate');
      t.match(await putAs(setting, { ca, ...foreign }), /^14 /, 'with one of another CA');
      t.match(await putAs(setting, undefined), /^14 /, 'in clear text');
      t.equal(await ask(setting, '/health', {}), 'failed');
      t.equal(await ask(setting, '/health', foreign), 'failed');
      t.notMatch(await ask(setting, '/health', { scheme: 'http' }), /^200/);
    });

    rule(
      'a certificate that is revoked is not let in, from the next connection after the list was written',
      async (setting) => {
        const { t } = setting;
        const [early, late] = [await files.make('early'), await files.make('late')];
        await writeFile(list, derOf(await files.authority.revoke([pem(early).cert])));
        t.match(await putAs(setting, { ca, ...pem(early) }), /^14 /);
        t.equal(await ask(setting, '/health', pem(early)), 'failed');
        t.equal(await putAs(setting, { ca, ...pem(late) }), 'answered');
        t.equal(await putAs(setting, rootTls), 'answered');
        await writeFile(list, derOf(await files.authority.revoke([early, late].map((pair) => pem(pair).cert))));
        t.match(await putAs(setting, { ca, ...pem(late) }), /^14 /);
        t.equal(await putAs(setting, rootTls), 'answered');
      },
    );

    rule('the common name is no user where certificates are only asked for', async (setting) => {
      const { t, client } = setting;
      await enable(setting);
      t.equal(await putAs(setting, rootTls), '3 etcdserver: user name is empty');
      t.match(await ask(setting, '/v3/kv/range', { ...pem(root), body: range }), /^400 {"/, 'nobody asked');
      const { token } = await client.auth.Authenticate({ name: 'root', password: 'root' });
      await client.auth.AuthDisable({}, { metadata: { token } });
      for (const name of ['root', 'alice']) await client.auth.UserDelete({ name });
      await client.auth.RoleDelete({ role: 'alice' });
    });

    rule('a renewed certificate is shown from the next handshake on, and connections stay', async (setting) => {
      const { t, client, key } = setting;
      const before = pem(server);
      t.equal(await serialOf(setting), new X509Certificate(before.cert).serialNumber);
      await files.make('server');
      t.equal(await serialOf(setting), new X509Certificate(readFileSync(server.cert)).serialNumber);
      t.not(pem(server).cert, before.cert);
      await client.kv.Put({ key: key('a'), value: bytes('still here') });
      t.equal(text((await client.kv.Range({ key: key('a') })).kvs[0]?.value), 'still here');
    });
  },
  { all: { ...flags, 'client-crl-file': list, 'bcrypt-cost': 4 }, tls: rootTls },
);

/** Makes root, and alice who may write below `alice/`, and turns authentication on. */
async function enable({ client: { auth }, key, end }: Setting): Promise<void> {
  for (const name of ['root', 'alice']) await auth.UserAdd({ name, password: name });
  await auth.UserGrantRole({ user: 'root', role: 'root' });
  await auth.RoleAdd({ name: 'alice' });
  await auth.RoleGrantPermission({ name: 'alice', perm: { permType: 2, key: key('alice/'), range_end: end } });
  await auth.UserGrantRole({ user: 'alice', role: 'alice' });
  await auth.AuthEnable({});
}

const etcdctl = process.env['ETCDCTL_PATH'] ?? '/usr/bin/etcdctl';

/** What etcdctl prints, or how it fails; its own log left out. */
async function ctl({ client: { target } }: Setting, pair: PairFiles | undefined, ...args: string[]): Promise<string> {
  const own = pair ? [`--cert=${pair.cert}`, `--key=${pair.key}`] : [];
  const argv = [`--endpoints=https://${target}`, `--cacert=${files.ca}`, ...own, ...args];
  const run = promisify(execFile);
  try {
    return (await run(etcdctl, argv, { env: { ...process.env, ETCDCTL_API: '3' } })).stdout.trim();
  } catch (error) {
    const lines = (error as { stderr: string }).stderr.split('\n');
    return lines.filter((line) => line !== '' && !line.startsWith('{"level"')).join('\n');
  }
}

conformance(
  'Certificates as users',
  ({ rule }) => {
    rule('the common name of a certificate is the user of whoever shows no token', async (setting) => {
      const { t, client } = setting;
      await enable(setting);
      const denied = '7 etcdserver: permission denied';
      t.equal(await putAs(setting, rootTls), 'answered');
      t.equal(await putAs(setting, { ca, ...pem(alice) }, 'alice/a'), 'answered');
      t.equal(await putAs(setting, { ca, ...pem(alice) }), denied);
      t.equal(await putAs(setting, { ca, ...pem(stranger) }), denied, 'a user that is not there may do nothing');
      const { token } = await client.auth.Authenticate({ name: 'alice', password: 'alice' });
      const asAlice = { metadata: { token } };
      t.equal(await refusal(client.kv.Put({ key: setting.key('a') }, asAlice)), denied, 'a token counts for more');
      await client.lease.LeaseLeases({});
    });

    rule('the gateway takes no certificate for a user, and says so', async (setting) => {
      const { t } = setting;
      const ignored = /^400 CommonName of client sending a request against gateway will be ignored/;
      t.match(await ask(setting, '/v3/kv/range', { ...pem(root), body: range }), ignored);
      t.match(await ask(setting, '/v3beta/kv/range', { ...pem(root), body: range }), ignored);
      t.match(await ask(setting, '/health', pem(root)), /^200/, "health is nobody's business");
      t.match(await ask(setting, '/v3/kv/range', { ...pem(nameless), body: range }), /user name is empty/);
    });

    rule('etcdctl with a certificate is its user', async (setting) => {
      const { t, key } = setting;
      if (!existsSync(etcdctl)) return;
      const name = text(key('k'));
      t.equal(await ctl(setting, root, 'put', name, 'v'), 'OK');
      t.equal(await ctl(setting, root, 'get', name), `${name}\nv`);
      t.match(await ctl(setting, alice, 'get', name), /Error: etcdserver: permission denied/);
      t.match(await ctl(setting, undefined, 'get', name, '--command-timeout=2s'), /Error: context deadline exceeded/);
      t.match(await ctl(setting, root, 'user', 'list'), /^alice\nroot$/);
      t.equal(await ctl(setting, root, 'auth', 'disable'), 'Authentication Disabled');
      t.equal(await ctl(setting, stranger, 'get', name), `${name}\nv`, 'now everybody may who has a certificate');
    });
  },
  { all: { ...flags, 'client-cert-auth': true, 'bcrypt-cost': 4 }, tls: rootTls },
);
