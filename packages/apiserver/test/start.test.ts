import t from 'tap';
import { startCluster } from './support/cluster.ts';

const cluster = await startCluster();
t.teardown(() => cluster.stop());
const client = cluster.client();

t.test('the system namespaces exist when the server has started', async (t) => {
  const { code, json } = await client.get('/api/v1/namespaces');
  t.equal(code, 200);
  const names = json.items.map(({ metadata }) => metadata.name);
  t.strictSame(names, ['default', 'kube-node-lease', 'kube-public', 'kube-system']);
});

t.test('the server says that it is alive, ready and which version it is', async (t) => {
  for (const path of ['/healthz', '/livez', '/readyz', '/readyz/etcd'])
    t.equal((await client.get(path)).text, 'ok', path);
  t.match((await client.get('/readyz?verbose')).text, '[+]etcd ok');
  t.match((await client.get('/version')).json, { major: '1', minor: '32' });
});
