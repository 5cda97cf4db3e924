import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TLSSocket, connect, createServer } from 'node:tls';
import {
  type CertificateSpec,
  type ClusterCertificates,
  ensureClusterCertificates,
  writeKubeconfig,
} from '@flotilla/cli';
import t from 'tap';
import { parse } from 'yaml';

const specs: readonly CertificateSpec[] = [
  {
    id: 'server',
    subject: { commonName: 'kube-apiserver' },
    purpose: { type: 'server', hosts: ['127.0.0.1', 'localhost', 'kubernetes.default'] },
  },
  {
    id: 'admin',
    subject: { commonName: 'flotilla-admin', organization: 'system:masters' },
    purpose: { type: 'client' },
  },
];

const dayMs = 24 * 60 * 60 * 1000;

function freshDirectory(t: { teardown(end: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-pki-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return directory;
}

function ensure(
  directory: string,
  options: { specs?: readonly CertificateSpec[]; nowMs?: number } = {},
): Promise<ClusterCertificates> {
  return ensureClusterCertificates({ directory, clusterName: 'test', specs, nowMs: Date.now(), ...options });
}

void t.test('they make a TLS connection on which each side knows the other', async (t) => {
  const certificates = await ensure(freshDirectory(t));
  const read = (id: string) => ({
    ca: readFileSync(certificates.authority),
    cert: readFileSync(certificates.files(id).certificate),
    key: readFileSync(certificates.files(id).key),
  });
  const server = createServer({ ...read('server'), requestCert: true, rejectUnauthorized: true }, (socket) => {
    const { subject } = socket.getPeerCertificate();
    socket.end(`${String(subject.CN)} of ${String(subject.O)}`);
  });
  t.teardown(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client: TLSSocket = connect({ port, host: '127.0.0.1', ...read('admin') });
  const [answer] = (await once(client, 'data')) as [Buffer];
  t.equal(answer.toString(), 'flotilla-admin of system:masters');
  t.equal(client.authorized, true);
  t.equal(statSync(certificates.files('admin').key).mode & 0o777, 0o600);
});

void t.test('they are used again, and made anew only for a reason', async (t) => {
  const directory = freshDirectory(t);
  t.same((await ensure(directory)).made, ['ca', 'server', 'admin']);
  t.same((await ensure(directory)).made, []);

  const moreHosts = specs.map((spec) =>
    spec.purpose.type === 'server'
      ? { ...spec, purpose: { ...spec.purpose, hosts: ['10.0.0.1', ...spec.purpose.hosts] } }
      : spec,
  );
  t.same((await ensure(directory, { specs: moreHosts })).made, ['server'], 'another host');
  t.same((await ensure(directory)).made, [], 'a host less is no reason');

  const otherName = specs.map((spec) => (spec.id === 'admin' ? { ...spec, subject: { commonName: 'other' } } : spec));
  t.same((await ensure(directory, { specs: otherName })).made, ['admin'], 'another name');

  t.same((await ensure(directory, { specs: otherName, nowMs: Date.now() + 300 * dayMs })).made, []);
  t.same(
    (await ensure(directory, { specs: otherName, nowMs: Date.now() + 340 * dayMs })).made,
    ['server', 'admin'],
    'near their end',
  );
});

void t.test('a damaged file, a key that does not fit and a lost CA are repaired', async (t) => {
  const directory = freshDirectory(t);
  const certificates = await ensure(directory);
  writeFileSync(certificates.files('server').certificate, 'garbage');
  t.same((await ensure(directory)).made, ['server']);
  writeFileSync(certificates.files('admin').key, readFileSync(certificates.files('server').key));
  t.same((await ensure(directory)).made, ['admin']);
  rmSync(certificates.authority);
  t.same((await ensure(directory)).made, ['ca', 'server', 'admin']);
  const authority = new X509Certificate(readFileSync(certificates.authority));
  t.equal(authority.ca, true);
  t.ok(new X509Certificate(readFileSync(certificates.files('admin').certificate)).verify(authority.publicKey));
});

void t.test('the kubeconfig has one address and the admin, and only its owner may read it', async (t) => {
  const directory = freshDirectory(t);
  const certificates = await ensure(directory);
  const file = join(directory, 'kubeconfig');
  writeKubeconfig({
    file,
    clusterName: 'test',
    server: 'https://127.0.0.1:6443',
    authority: certificates.authority,
    user: 'admin',
    credential: certificates.files('admin'),
  });
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.match(parse(readFileSync(file, 'utf8')), {
    'current-context': 'test',
    clusters: [{ cluster: { server: 'https://127.0.0.1:6443' } }],
    users: [
      { user: { 'client-certificate-data': readFileSync(certificates.files('admin').certificate).toString('base64') } },
    ],
  });
});
