import { connect } from 'node:tls';
import { once } from 'node:events';
import t from 'tap';
import { createAuthority } from './support/certificates.ts';
import { restClient, startCluster } from './support/cluster.ts';
import { grpcClient } from './support/grpc.ts';
import { configMap, configMaps, pod, pods } from './support/objects.ts';

const tokenFile = {
  path: 'tokens.csv',
  text: '# people\nsecret,jane,1,"readers,writers"\nroot-token,root,2,system:masters\n',
};
const cluster = await startCluster({ tokenFile });
t.teardown(() => cluster.stop());
const { authority, server } = cluster;
const admin = cluster.client();
const anonymous = restClient(server.address, authority.ca, undefined);
t.teardown(() => anonymous.close());
const as = async (commonName: string, groups: readonly string[] = []) =>
  cluster.client(await authority.client(commonName, groups));

t.test('without a credential only health and version are served', async (t) => {
  for (const path of ['/healthz', '/livez', '/readyz', '/version'])
    t.equal((await anonymous.get(path)).code, 200, path);
  for (const path of ['/api', '/apis/apps/v1', '/openapi/v3', '/metrics', configMaps, '/nonsense']) {
    const { code, json } = await anonymous.get(path);
    t.match({ code, json }, { code: 401, json: { kind: 'Status', reason: 'Unauthorized' } }, path);
  }
});

t.test('a bearer token names its user, an unknown one is refused', async (t) => {
  const get = (token: string) => anonymous.send(configMaps, { headers: { authorization: token } });
  t.equal((await get('Bearer root-token')).code, 200);
  const jane = await get('Bearer secret');
  t.equal(jane.code, 403);
  t.equal(
    jane.json.message,
    'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "default"',
  );
  for (const token of ['Bearer wrong', 'Bearer', 'Basic cm9vdDp4']) t.equal((await get(token)).code, 401, token);
});

t.test('a certificate of another authority is refused, over REST and gRPC', async (t) => {
  const foreign = await (await createAuthority()).client('admin', ['system:masters']);
  const client = restClient(server.address, authority.ca, foreign);
  const { code, json } = await client.get('/version');
  client.close();
  t.match({ code, json }, { code: 401, json: { reason: 'Unauthorized' } });
  const grpc = grpcClient(cluster, foreign);
  const ref = { group: '', version: 'v1', resource: 'configmaps' };
  await t.rejects(grpc.resources.List({ ref }, { timeoutMs: 5_000 }));
  grpc.close();
});

t.test('gRPC without a credential is refused, and takes tokens', async (t) => {
  const grpc = grpcClient(cluster, undefined);
  const ref = { group: '', version: 'v1', resource: 'configmaps' };
  await t.rejects(grpc.resources.List({ ref }), { message: 'Unauthorized' });
  const { items } = await grpc.resources.List({ ref }, { metadata: { authorization: 'Bearer root-token' } });
  t.ok(Array.isArray(items));
  grpc.close();
});

t.test('each component may do its work and no more', async (t) => {
  const scheduler = await as('system:kube-scheduler');
  t.equal((await scheduler.get('/api/v1/pods')).code, 200);
  t.equal((await scheduler.get('/api/v1/secrets')).code, 403);
  t.equal((await scheduler.create(configMaps, configMap('x'))).code, 403);
  const manager = await as('system:kube-controller-manager');
  t.equal((await manager.create(pods, pod('made'))).code, 201);
  t.equal((await manager.create('/api/v1/nodes', { metadata: { name: 'x' } })).code, 403);
  const nobody = await as('nobody', ['nothing']);
  t.equal((await nobody.get('/api')).code, 200, 'discovery is for all who are known');
  t.match(
    (await nobody.get('/api/v1/nodes')).json.message,
    'cannot list resource "nodes" in API group "" at the cluster scope',
  );
  t.match((await nobody.get('/metrics')).json.message, 'User "nobody" cannot get path "/metrics"');
});

t.test('a kubelet writes what is its own', async (t) => {
  const kubelet = await as('system:node:n1', ['system:nodes']);
  const node = (name: string) => ({ metadata: { name } });
  t.equal((await kubelet.create('/api/v1/nodes', node('n1'))).code, 201);
  t.equal((await kubelet.create('/api/v1/nodes', node('n2'))).code, 403);
  await admin.create('/api/v1/nodes', node('n2'));
  t.equal((await kubelet.patch('/api/v1/nodes/n1/status', { status: { phase: 'Running' } })).code, 200);
  t.equal((await kubelet.patch('/api/v1/nodes/n2/status', { status: { phase: 'Running' } })).code, 403);
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
  t.equal((await kubelet.create(leases, node('n1'))).code, 201);
  t.equal((await kubelet.create(leases, node('n2'))).code, 403);
  await admin.create(pods, pod('mine', { nodeName: 'n1' }));
  await admin.create(pods, pod('other', { nodeName: 'n2' }));
  const phase = { status: { phase: 'Running' } };
  t.equal((await kubelet.patch(`${pods}/mine/status`, phase)).code, 200);
  t.equal((await kubelet.patch(`${pods}/other/status`, phase)).code, 403);
  t.equal((await kubelet.remove(`${pods}/other`, { gracePeriodSeconds: 0 })).code, 403);
  t.equal((await kubelet.remove(`${pods}/mine`, { gracePeriodSeconds: 0 })).code, 200);
});

t.test('a request must name a host of the certificate', async (t) => {
  const evil = await admin.send('/version', { headers: { host: 'evil.example.com' } });
  t.match({ code: evil.code, json: evil.json }, { code: 421, json: { kind: 'Status', status: 'Failure' } });
  for (const host of ['localhost', 'localhost:1234', '127.0.0.1:6443']) {
    t.equal((await admin.send('/version', { headers: { host } })).code, 200, host);
  }
});

t.test('acting as somebody else is refused', async (t) => {
  const { code, json } = await admin.send(configMaps, { headers: { 'impersonate-user': 'jane' } });
  t.equal(code, 403);
  t.equal(
    json.message,
    'users "jane" is forbidden: User "admin" cannot impersonate resource "users" in API group "" at the cluster scope',
  );
});

t.test('a body beyond 3 MiB is refused', async (t) => {
  const { code, json } = await admin.create(configMaps, configMap('big', { a: 'x'.repeat(3 * 1024 * 1024) }));
  t.match({ code, json }, { code: 413, json: { reason: 'RequestEntityTooLarge' } });
});

t.test('a client of nothing but h2 gets h2', async (t) => {
  const [host = '', port = ''] = server.address.split(':');
  const socket = connect({ host, port: Number(port), ca: authority.ca, ALPNProtocols: ['h2'] });
  await once(socket, 'secureConnect');
  t.equal(socket.alpnProtocol, 'h2');
  socket.destroy();
});

t.test('too many requests at a time are turned away', async (t) => {
  const narrow = await cluster.another({ maxMutatingRequestsInFlight: 1 });
  const client = cluster.client(cluster.admin, narrow);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => client.create(configMaps, configMap(`n-${index}`))),
  );
  const refused = answers.filter(({ code }) => code === 429);
  t.ok(answers.some(({ code }) => code === 201));
  t.ok(refused.length > 0);
  t.equal(refused[0]?.headers['retry-after'], '1');
});
