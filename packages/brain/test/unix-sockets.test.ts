/** Unix sockets as URLs of clients, as etcd has them: what is served there, and what becomes of the file. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { type BrainOptionValues, brainSettings, startBrain } from '@flotilla/brain';
import { clusterService, connectService, openChannel, rpcServerKinds } from '@flotilla/wire';
import { planCluster } from './cluster.ts';
import { put, unverified } from './tls-members.ts';

t.setTimeout(0);

const etcdctl = '/usr/bin/etcdctl';

interface Place {
  readonly directory: string;
  /** Of a socket in the directory. */
  readonly path: string;
  /** Starts a member, which ends with the test if not before; gives what ends it. */
  start(options?: Partial<BrainOptionValues>): Promise<() => Promise<void>>;
}

async function place(t: Test): Promise<Place> {
  const plan = await planCluster(1);
  const [member] = plan.members;
  const path = join(plan.directory, 'x.sock');
  const ends: (() => Promise<void>)[] = [];
  t.teardown(async () => {
    for (const end of ends) await end();
    await plan.clean();
  });
  return {
    directory: plan.directory,
    path,
    async start(options = {}) {
      const urls = { 'listen-client-urls': [`unix://${path}`], 'advertise-client-urls': [`unix://${path}`] };
      const brain = await startBrain({ settings: brainSettings({ ...member?.options, ...urls, ...options }) });
      ends.push(() => brain.close());
      await brain.ready;
      return () => brain.close();
    },
  };
}

async function ask(socketPath: string, path: string, body?: string): Promise<string> {
  const method = body === undefined ? 'GET' : 'POST';
  const asked = http.request({ socketPath, path, method, agent: false });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
  return `${response.statusCode} ${text}`;
}

for (const kind of rpcServerKinds) {
  t.test(`${kind}: gRPC, HTTP and the gateway are served on a socket, whose file goes with the member`, async (t) => {
    const { path, start } = await place(t);
    const end = await start({ 'grpc-server': kind });
    t.ok(lstatSync(path).isSocket());
    t.equal(await put(`unix:${path}`), 'ok');
    t.match(await ask(path, '/health'), /^200 {"health":"true"/);
    t.match(await ask(path, '/v3/kv/range', '{"key":"YQ=="}'), /^200 .*"value":"Yg=="/);
    const channel = openChannel({ target: `unix:${path}` });
    const { members } = await connectService(channel, clusterService).MemberList({});
    channel.close();
    t.strictSame(members[0]?.clientURLs, [`unix://${path}`], 'clients are told of it');
    await end();
    t.notOk(existsSync(path));
  });
}

t.test('host and port of a URL are the name of a file in the working directory', async (t) => {
  const { directory, start } = await place(t);
  const before = process.cwd();
  process.chdir(directory);
  t.teardown(() => process.chdir(before));
  await start({ 'listen-client-urls': ['unix://localhost:2379'], 'listen-metrics-urls': ['unix://localhost:1'] });
  t.ok(lstatSync(join(directory, 'localhost:2379')).isSocket());
  t.equal(await put('unix:localhost:2379'), 'ok');
  t.match(await ask(join(directory, 'localhost:1'), '/metrics'), /^200 /);
});

t.test('unixs:// is TLS, and a file that is named with both schemes serves both', async (t) => {
  const { path, start } = await place(t);
  const end = await start({ 'auto-tls': true, 'listen-client-urls': [`unixs://${path}`] });
  t.equal(await put(`unix:${path}`, unverified), 'ok');
  t.equal(await put(`unix:${path}`), 'RpcError');
  await end();
  await start({ 'auto-tls': true, 'listen-client-urls': [`unixs://${path}`, `unix://${path}`] });
  t.equal(await put(`unix:${path}`, unverified), 'ok');
  t.equal(await put(`unix:${path}`), 'ok');
});

t.test('HTTP may have a socket of its own', async (t) => {
  const { path, directory, start } = await place(t);
  const other = join(directory, 'http.sock');
  await start({ 'listen-client-http-urls': [`unix://${other}`] });
  t.equal(await put(`unix:${path}`), 'ok');
  t.match(await ask(other, '/version'), /^200 /);
  await t.rejects(ask(path, '/version'));
});

t.test('what a dead process left is replaced; what somebody listens on, or is no socket, stays', async (t) => {
  const { path, start } = await place(t);
  const script = `require('net').createServer().listen(process.argv[1], () => console.log('listens'))`;
  const dead = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(dead.stdout, 'data');
  dead.kill('SIGKILL');
  await once(dead, 'close');
  t.ok(lstatSync(path).isSocket());
  const end = await start();
  t.equal(await put(`unix:${path}`), 'ok');
  await end();

  // Whoever only looks whether somebody listens hangs up at once.
  const living = net.createServer((socket) => socket.on('error', () => socket.destroy()).end('mine')).listen(path);
  await once(living, 'listening');
  await t.rejects(start(), { code: 'LISTEN_FAILED', message: /x\.sock is in use by another program/ });
  const [data] = (await once(net.connect({ path }), 'data')) as [Buffer];
  t.equal(data.toString(), 'mine');
  living.close();
  await once(living, 'close');

  writeFileSync(path, 'mine');
  await t.rejects(start(), { code: 'LISTEN_FAILED', message: /x\.sock is in use/ });
  t.equal(readFileSync(path, 'utf8'), 'mine');
});

t.test(
  'etcdctl reaches a member by its socket',
  { skip: existsSync(etcdctl) ? false : 'etcdctl is not installed' },
  async (t) => {
    const { path, directory, start } = await place(t);
    const secure = join(directory, 's.sock');
    await start({ 'auto-tls': true, 'listen-client-urls': [`unix://${path}`, `unixs://${secure}`] });
    const call = async (...argv: string[]): Promise<string> => {
      const env = { ...process.env, ETCDCTL_API: '3' };
      return (await promisify(execFile)(etcdctl, argv, { env })).stdout;
    };
    t.equal(await call(`--endpoints=unix://${path}`, 'put', 'k', 'v'), 'OK\n');
    const careless = ['--insecure-skip-tls-verify', '--insecure-transport=false'];
    t.equal(await call(`--endpoints=unixs://${secure}`, ...careless, 'get', 'k'), 'k\nv\n');
  },
);
