/** A whole cluster whose store speaks TLS: it works for those who have a certificate, and for nobody else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import t from 'tap';
import { parse } from 'yaml';
import { exampleManifest, flotillaCommand, runCommand, startCluster } from './cluster.ts';
import { missingTools } from './tools.ts';
import { until } from './until.ts';

t.setTimeout(0);

const skip = missingTools('kubectl', 'etcdctl');

/** Whether a GET was answered. */
async function answers(url: string, options: https.RequestOptions = {}): Promise<boolean> {
  const request = (url.startsWith('https:') ? https : http).get(url, { agent: false, ...options });
  try {
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.resume();
    return response.statusCode === 200;
  } catch {
    return false;
  }
}

void t.test('a cluster with TLS in its store', { skip }, async (t) => {
  const cluster = await startCluster(t, { tls: true });
  const { storeCredential, brainEndpoints } = cluster.running();
  if (!storeCredential) throw new Error('running.json names no credential of the store');

  await t.test('pods run, and all members are healthy to etcdctl', async (t) => {
    t.equal((await cluster.kubectl('apply', '-f', exampleManifest)).code, 0);
    await until('the deployment is available', async () => {
      const { stdout } = await cluster.kubectl(
        'get',
        'deployment',
        'web',
        '-o',
        'jsonpath={.status.availableReplicas}',
      );
      return stdout === '3';
    });
    const { code, stdout, stderr } = await cluster.etcdctl('endpoint', 'health');
    t.equal(code, 0, stderr);
    t.equal([...`${stdout}${stderr}`.matchAll(/is healthy/g)].length, 3);
    const keys = await cluster.etcdctl('get', '/registry/deployments', '--prefix', '--keys-only');
    t.match(keys.stdout, /web/);
    const members = await cluster.etcdctl('member', 'list');
    t.equal([...members.stdout.matchAll(/https:\/\/127\.0\.0\.1:\d+, https:/g)].length, 3, members.stdout);
  });

  await t.test('flotilla status sees the members', async (t) => {
    const { code, stdout } = await runCommand(process.execPath, [flotillaCommand, 'status'], {
      cwd: cluster.directory,
    });
    t.equal(code, 0);
    t.match(stdout, /leader/);
    t.notMatch(stdout, /down/);
  });

  await t.test('nobody else gets in', async (t) => {
    const [endpoint = ''] = brainEndpoints;
    t.match(endpoint, /^https:/);
    const read = (file: string): string => readFileSync(file, 'utf8');
    const { authority, certificate, key } = storeCredential;
    const ca = read(authority);
    const pki = join(cluster.directory, '.flotilla', 'e2e', 'pki');
    t.ok(await answers(`${endpoint}/health`, { ca, cert: read(certificate), key: read(key) }));
    t.notOk(await answers(`${endpoint}/health`, { ca }), 'without a certificate');
    t.notOk(await answers(`${endpoint.replace('https:', 'http:')}/health`), 'in clear text');
    // The API server's own CA opens nothing here: who may use the API may not go past it.
    const admin = { cert: read(join(pki, 'admin.crt')), key: read(join(pki, 'admin.key')) };
    t.notOk(await answers(`${endpoint}/health`, { ca, ...admin }), "with a certificate of the cluster's CA");
    const peers = await cluster.etcdctl('member', 'list', '-w', 'json');
    const { members } = JSON.parse(peers.stdout) as { members: { peerURLs: string[] }[] };
    const [peerUrl = ''] = members[0]?.peerURLs ?? [];
    t.notOk(
      await answers(`${peerUrl}/version`, { ca, cert: read(certificate), key: read(key) }),
      'no client is a member',
    );
    const peer = {
      cert: read(join(pki, 'store', 'brain-1-peer.crt')),
      key: read(join(pki, 'store', 'brain-1-peer.key')),
    };
    t.ok(await answers(`${peerUrl}/version`, { ca, ...peer }));
    const args = [`--endpoints=${endpoint}`, `--cacert=${authority}`, '--command-timeout=3s', 'get', 'a'];
    const { code } = await runCommand('etcdctl', args, { env: { ...process.env, ETCDCTL_API: '3' } });
    t.not(code, 0, 'etcdctl without a certificate');
  });

  await t.test('a member that is killed comes back', async (t) => {
    const pid = cluster.pidOf('brain-2');
    cluster.kill('brain-2');
    await cluster.untilBack('brain-2', pid);
    await until('all members are healthy', async () => (await cluster.etcdctl('endpoint', 'health')).code === 0);
    t.equal((await cluster.kubectl('get', 'pods')).code, 0);
  });
});

void t.test('tls.yaml is local.yaml with TLS, on ports and ranges of its own', (t) => {
  const load = (name: string): Record<string, unknown> => {
    const file = fileURLToPath(new URL(`../../cluster-configs/${name}.yaml`, import.meta.url));
    const text = readFileSync(file, 'utf8')
      .replaceAll(/(ort: )\d+/g, '$10')
      .replaceAll(/127\.\d+\.0\.0/g, 'RANGE');
    return parse(text) as Record<string, unknown>;
  };
  const [local, tls] = [load('local'), load('tls')];
  t.strictSame(tls, { ...local, name: 'tls', brain: { ...(local['brain'] as object), tls: true } });
  t.end();
});
