/** `--listen-client-http-urls`: HTTP/1.1 for clients has ports of its own, and the other client ports serve gRPC alone. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import t, { type Test } from 'tap';
import type { BrainOptionValues } from '@flotilla/brain';
import { rpcServerKinds } from '@flotilla/wire';
import { certificateFiles } from '@flotilla/wire/test/certificate-files';
import { planCluster, spawnMember, stopProcess } from './cluster.ts';
import { reservePorts } from './reserve-ports.ts';
import { put } from './tls-members.ts';

t.setTimeout(0);

interface Serving {
  /** `host:port` of `--listen-client-urls`. */
  readonly grpc: string;
  /** `host:port` of each of `--listen-client-http-urls`. */
  readonly http: readonly string[];
}

/** Node hands what concerns TLS on to the connection. */
type RequestOptions = https.RequestOptions & { readonly ALPNProtocols?: readonly string[] };

/** A member as a process, with two ports for HTTP. */
async function start(t: Test, scheme: string, options: Partial<BrainOptionValues>): Promise<Serving> {
  const plan = await planCluster(1);
  const [member] = plan.members;
  if (!member) throw new Error('no member');
  const [grpc = ''] = plan.endpoints;
  const targets = (await reservePorts(2)).map((port) => `127.0.0.1:${port}`);
  const urls = {
    'listen-client-urls': [`${scheme}://${grpc}`],
    'advertise-client-urls': [`${scheme}://${grpc}`],
    'listen-client-http-urls': targets.map((target) => `${scheme}://${target}`),
  };
  const process = spawnMember({ ...member, options: { ...member.options, ...urls, ...options } });
  t.teardown(async () => {
    await stopProcess(process, 'SIGTERM');
    await plan.clean();
  });
  await process.ready;
  return { grpc, http: targets };
}

async function ask(url: string, options: RequestOptions = {}, body?: string): Promise<string> {
  const { request } = url.startsWith('https:') ? https : http;
  const asked = request(url, { agent: false, method: body === undefined ? 'GET' : 'POST', ...options });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
  return `${response.statusCode} ${text}`;
}

/** A request for a websocket: the status that it gets. */
async function upgrade(url: string): Promise<number | undefined> {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
  };
  const request = http.get(url, { agent: false, headers });
  const [response, socket] = (await once(request, 'upgrade')) as [
    http.IncomingMessage,
    NodeJS.Socket & { destroy(): void },
  ];
  socket.destroy();
  return response.statusCode;
}

for (const kind of rpcServerKinds) {
  t.test(`${kind}: HTTP has its ports, gRPC has the others`, async (t) => {
    const { grpc, http } = await start(t, 'http', { 'grpc-server': kind });
    t.equal(await put(grpc), 'ok');
    for (const target of http) {
      const url = `http://${target}`;
      t.match(await ask(`${url}/health`), /^200 {"health":"true"/);
      t.match(await ask(`${url}/readyz`), /^200 ok/);
      t.match(await ask(`${url}/version`), /^200 {"etcdserver"/);
      t.match(await ask(`${url}/metrics`), /^200 [^]*etcd_server_has_leader 1/);
      t.match(await ask(`${url}/debug/vars`), /^200 {/);
      t.match(await ask(`${url}/v3/kv/range`, {}, '{"key":"YQ=="}'), /^200 .*"value":"Yg=="/, 'the gateway');
      t.equal(await upgrade(`${url}/v3/watch`), 101);
      t.equal(await put(target), 'RpcError', 'no gRPC');
    }
    for (const path of ['/health', '/version', '/metrics', '/v3/kv/range']) {
      await t.rejects(ask(`http://${grpc}${path}`), { code: 'ECONNRESET' }, `${path} has no answer beside gRPC`);
    }
    t.equal(await put(grpc), 'ok', 'and nobody else minds');
  });
}

t.test('over TLS it is the same', async (t) => {
  const files = await certificateFiles(t);
  const [server, client] = [await files.make('server'), await files.make('client')];
  const { grpc, http } = await start(t, 'https', {
    'cert-file': server.cert,
    'key-file': server.key,
    'trusted-ca-file': files.ca,
  });
  const { ca } = files.authority;
  const caller = { ca, cert: readFileSync(client.cert, 'utf8'), key: readFileSync(client.key, 'utf8') };
  t.equal(await put(grpc, caller), 'ok');
  await t.rejects(ask(`https://${grpc}/health`, caller), 'a client without ALPN');
  await t.rejects(ask(`https://${grpc}/health`, { ...caller, ALPNProtocols: ['http/1.1'] }), 'one that wants HTTP/1.1');
  for (const target of http) {
    t.match(await ask(`https://${target}/health`, caller), /^200 {"health":"true"/);
    await t.rejects(ask(`https://${target}/health`, { ca }), 'who shows no certificate is not let in');
    t.equal(await put(target, caller), 'RpcError', 'no gRPC');
  }
});
