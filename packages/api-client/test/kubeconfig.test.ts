import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createApiClient, loadKubeconfig } from '@flotilla/api-client';
import t from 'tap';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function kubeconfig(cluster: string, user: string): string {
  return `
apiVersion: v1
kind: Config
current-context: main
contexts: [{ name: main, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: "https://127.0.0.1:6443", ${cluster} } }]
users: [{ name: u, user: { ${user} } }]
`;
}

t.test('certificates are read from the file itself or from beside it', async (t) => {
  const directory = t.testdir({ 'client.crt': 'CERT', 'client.key': 'KEY' });
  const path = join(directory, 'config');
  const user = 'client-certificate: client.crt, client-key: client.key';
  await writeFile(path, kubeconfig(`certificate-authority-data: ${base64('CA')}, tls-server-name: api`, user));
  t.same(await loadKubeconfig(path), {
    server: 'https://127.0.0.1:6443',
    token: undefined,
    tls: { ca: 'CA', cert: 'CERT', key: 'KEY', serverName: 'api' },
  });
});

t.test('a token works without a client certificate', async (t) => {
  const path = join(t.testdir(), 'config');
  await writeFile(path, kubeconfig(`certificate-authority-data: ${base64('CA')}`, 'token: secret'));
  t.match(await loadKubeconfig(path), { token: 'secret', tls: { ca: 'CA' } });
});

t.test('what is wrong is said, with the file', async (t) => {
  const directory = t.testdir();
  const fails = async (text: string, message: RegExp, context?: string): Promise<void> => {
    const path = join(directory, 'config');
    await writeFile(path, text);
    const loading = loadKubeconfig(path, context === undefined ? {} : { context });
    await t.rejects(loading, { code: 'INVALID_KUBECONFIG', message });
  };
  await fails('{}', /config: it names no context/);
  await fails('- list', /it holds no configuration/);
  await fails(kubeconfig('', 'exec: { command: aws }'), /credentials by "exec" are not supported/);
  await fails(kubeconfig('', 'client-certificate: nowhere.crt'), /nowhere\.crt/);
  await fails(kubeconfig('', 'token: x'), /it has no context "other"/, 'other');
  await t.rejects(loadKubeconfig(join(directory, 'absent')), { code: 'INVALID_KUBECONFIG' });
});

t.test('a server that cannot be verified is refused before anything is sent', (t) => {
  const make = (server: string) => () => createApiClient({ transport: 'rest', server });
  t.throws(make('127.0.0.1:6443'), { code: 'INVALID_SERVER' });
  t.throws(make('https://127.0.0.1:6443'), /needs a certificate authority/);
  t.throws(make('https://127.0.0.1:6443/prefix'), { code: 'INVALID_SERVER' });
  t.end();
});
