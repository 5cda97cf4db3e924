import { createServer } from 'node:https';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { createAuthority } from './support/certificates.ts';
import { startCluster } from './support/cluster.ts';
import { createKubectl, hasKubectl } from './support/kubectl.ts';
import { pod, pods } from './support/objects.ts';

const kubelets = await createAuthority();
const apiServerIdentity = await kubelets.client('kube-apiserver-kubelet-client');
const cluster = await startCluster({ kubeletTls: { ...apiServerIdentity, ca: kubelets.ca } });
t.teardown(() => cluster.stop());
const client = cluster.client();

/** A kubelet as far as logs go: it wants the API server's certificate, and lets the test write to those who follow. */
const asked: string[] = [];
const following: ServerResponse[] = [];
const identity = await kubelets.server([{ type: 'ip', value: '127.0.0.1' }]);
const kubelet = createServer(
  { ...identity, ca: kubelets.ca, requestCert: true, rejectUnauthorized: true },
  (request, response) => {
    asked.push(`${String((request.socket as TLSSocket).getPeerCertificate().subject.CN)} ${request.url}`);
    const url = new URL(request.url ?? '', 'https://kubelet');
    if (url.pathname.endsWith('/waiting'))
      response.writeHead(400).end('container "waiting" in pod "logged" is waiting to start: ContainerCreating');
    else if (url.searchParams.get('follow') === 'true') {
      response.write('first\n');
      following.push(response);
    } else response.end('one\ntwo\n');
  },
).listen(0, '127.0.0.1');
await once(kubelet, 'listening');
t.teardown(() => kubelet.close());
const { port } = kubelet.address() as AddressInfo;

await client.create('/api/v1/nodes', { metadata: { name: 'n1' } });
await client.patch('/api/v1/nodes/n1/status', {
  status: {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  },
});
await client.create(pods, pod('logged', { nodeName: 'n1' }));
await client.create(
  pods,
  pod('two', {
    nodeName: 'n1',
    containers: [
      { name: 'a', image: 'x' },
      { name: 'waiting', image: 'x' },
    ],
  }),
);
await client.create(pods, pod('pending'));

t.test('a log comes from the kubelet, which is asked with our certificate', async (t) => {
  const { code, text, headers } = await client.get(`${pods}/logged/log?tailLines=5&timestamps=true&unknown=1`);
  t.equal(code, 200);
  t.equal(text, 'one\ntwo\n');
  t.match(headers['content-type'], 'text/plain');
  t.equal(asked.at(-1), 'kube-apiserver-kubelet-client /containerLogs/default/logged/main?timestamps=true&tailLines=5');
});

t.test('a choice of containers must be made', async (t) => {
  const { code, json } = await client.get(`${pods}/two/log`);
  t.equal(code, 400);
  t.equal(json.message, 'a container name must be specified for pod two, choose one of: [a waiting]');
  t.equal((await client.get(`${pods}/two/log?container=none`)).json.message, 'container none is not valid for pod two');
  t.equal((await client.get(`${pods}/two/log?container=a`)).text, 'one\ntwo\n');
});

t.test('what the kubelet refuses is passed on', async (t) => {
  const { code, json } = await client.get(`${pods}/two/log?container=waiting`);
  t.match(
    { code, json },
    { code: 400, json: { reason: 'BadRequest', message: /is waiting to start: ContainerCreating/ } },
  );
});

t.test('a pod without a node has an empty log, one without a pod none', async (t) => {
  t.match(await client.get(`${pods}/pending/log`), { code: 200, text: '' });
  t.equal((await client.get(`${pods}/absent/log`)).code, 404);
});

t.test('kubectl logs -f shows lines as they come', { skip: !hasKubectl && 'no kubectl on this machine' }, async (t) => {
  const kubectl = await createKubectl(cluster.server.address, cluster.authority.ca, cluster.admin);
  t.equal((await kubectl.run(['logs', 'logged'])).stdout, 'one\ntwo\n');
  const running = kubectl.start(['logs', '-f', 'logged']);
  let output = '';
  for await (const chunk of running.stdout ?? []) {
    output += String(chunk);
    if (output === 'first\n') following.at(-1)?.write('second\n');
    if (output === 'first\nsecond\n') following.at(-1)?.end('last\n');
  }
  t.equal(output, 'first\nsecond\nlast\n');
  await kubectl.remove();
});

t.test('a kubelet with a certificate of another authority is not believed', async (t) => {
  const { ca } = await createAuthority();
  const strict = await cluster.another({ kubeletTls: { ...apiServerIdentity, ca } });
  const { code, json } = await cluster.client(cluster.admin, strict).get(`${pods}/logged/log`);
  t.match({ code, json }, { code: 503, json: { reason: 'ServiceUnavailable' } });
});
