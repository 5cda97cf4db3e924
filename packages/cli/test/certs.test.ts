/** `flotilla certs`: what it makes, and what it leaves alone. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CertsCommandOptions, runCerts } from '@flotilla/cli';
import t from 'tap';

function setting(t: { teardown(end: () => void): void }) {
  const root = mkdtempSync(join(tmpdir(), 'flotilla-certs-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const directory = join(root, 'certs');
  return {
    directory,
    make: (options: Partial<CertsCommandOptions> = {}) =>
      runCerts({ members: [], clients: [], days: '30', force: false, nowMs: Date.now(), directory, ...options }),
    read: (name: string) => new X509Certificate(readFileSync(join(directory, name))),
    names: () => readdirSync(directory).filter((name) => name.endsWith('.crt')),
  };
}

void t.test('a CA, two pairs a member, one a client, each with the names that it is for', async (t) => {
  const { directory, make, read, names } = setting(t);
  const said = await make({ members: ['a=10.0.0.1,a.example', 'b'], clients: ['alice', 'root'] });
  t.same(names(), [
    'a-peer.crt',
    'a-server.crt',
    'alice-client.crt',
    'b-peer.crt',
    'b-server.crt',
    'ca.crt',
    'root-client.crt',
  ]);
  const ca = read('ca.crt');
  for (const name of names()) {
    t.ok(read(name).verify(ca.publicKey), name);
    t.equal(statSync(join(directory, name.replace('.crt', '.key'))).mode & 0o777, 0o600, name);
    t.match(said, name);
  }
  const server = read('a-server.crt');
  t.equal(server.subject, 'CN=a');
  t.ok(server.checkIP('10.0.0.1') !== undefined && server.checkHost('a.example') !== undefined);
  t.equal(read('b-server.crt').checkIP('127.0.0.1'), '127.0.0.1');
  t.equal(read('a-peer.crt').subject, 'CN=flotilla-member');
  t.equal(read('alice-client.crt').subject, 'CN=alice');
  const days = (Date.parse(server.validTo) - Date.now()) / 86_400_000;
  t.ok(days > 29 && days <= 30, `${days} days`);
  t.match(said, /--cert-file=\S+a-server\.crt --key-file=\S+a-server\.key/);
});

void t.test('what is there stays, unless told; the CA always does', async (t) => {
  const { make, read, names } = setting(t);
  await make();
  t.same(names(), ['ca.crt', 'default-peer.crt', 'default-server.crt', 'root-client.crt']);
  const [ca, server] = [read('ca.crt').serialNumber, read('default-server.crt').serialNumber];
  await t.rejects(make(), { code: 'CERTS_EXIST', message: /default-server\.crt.*--force makes them anew/ });
  t.equal(read('default-server.crt').serialNumber, server);
  await make({ members: ['c'] });
  await make({ clients: ['bob'] });
  t.ok(
    ['bob-client.crt', 'c-peer.crt', 'c-server.crt'].every((name) => names().includes(name)),
    'added',
  );
  await make({ force: true });
  t.not(read('default-server.crt').serialNumber, server, 'renewed');
  t.equal(read('ca.crt').serialNumber, ca);
});

void t.test('a CA that is no good is not used, and nothing is written', async (t) => {
  const { directory, make, names } = setting(t);
  await make({ members: ['a'] });
  const before = names();
  await t.rejects(make({ members: ['b'], days: '3000' }), {
    code: 'CA_UNUSABLE',
    message: /before what it would sign/,
  });
  writeFileSync(join(directory, 'ca.key'), readFileSync(join(directory, 'a-peer.key')));
  await t.rejects(make({ members: ['b'] }), { code: 'CA_UNUSABLE', message: /is not for the key in .*: move it away/ });
  rmSync(join(directory, 'ca.key'));
  await t.rejects(make({ members: ['b'] }), { code: 'CA_UNUSABLE', message: /one of them is missing/ });
  t.same(names(), before);
});

void t.test('all that is wrong with what was asked for is said at once', async (t) => {
  const { make } = setting(t);
  const asked = make({ members: ['x y', 'a=?', 'a'], clients: ['flotilla-member'], days: 'soon' });
  await t.rejects(asked, {
    code: 'INVALID_OPTIONS',
    message: /"\?" of member a is neither[^]*"x y" is no name[^]*flotilla-member[^]*named twice[^]*--days: "soon"/,
  });
});
