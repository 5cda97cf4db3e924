import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { endpointSlices, events, services } from '@flotilla/api';
import { silentLogger } from '@flotilla/base';
import { startProxy } from '@flotilla/proxy';
import { ask, call, closed, openProxy, startEndpoint, testAddress, testPort, until } from './proxy-bench.ts';

const clusterIP = testAddress(1);
const first = testAddress(11);
const second = testAddress(12);
const ready = { ready: true };

async function servedBy(address: string): Promise<string> {
  return until(() => ask(address).catch(() => undefined));
}

t.test('a service is answered by its ready endpoints in turn', async (t) => {
  const bench = await openProxy(t);
  await startEndpoint(t, first);
  await startEndpoint(t, second);
  await startEndpoint(t, testAddress(13));
  await bench.createService('web', { clusterIP });
  await bench.setEndpoints('web', testPort, { [first]: ready, [second]: ready, [testAddress(13)]: { ready: false } });
  await servedBy(clusterIP);
  const answers = [];
  for (let i = 0; i < 4; i++) answers.push(await ask(clusterIP));
  t.same([...new Set(answers)].sort(), [first, second]);
  t.equal(answers[0], answers[2]);
  t.not(answers[0], answers[1]);
});

t.test('routes follow services and endpoints', async (t) => {
  const bench = await openProxy(t);
  await startEndpoint(t, first);
  await startEndpoint(t, second);
  await bench.createService('web', { clusterIP });
  await bench.setEndpoints('web', testPort, { [first]: ready });
  t.equal(await servedBy(clusterIP), first);
  await bench.setEndpoints('web', testPort, { [second]: ready });
  await until(async () => (await ask(clusterIP)) === second);
  await bench.setEndpoints('web', testPort, {});
  await until(() =>
    ask(clusterIP).then(
      () => false,
      () => true,
    ),
  );
  await bench.client.resource(services).delete({ namespace: 'default', name: 'web' });
  await until(() =>
    ask(clusterIP).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
    ),
  );
  t.same(bench.proxy.routes(), []);
});

t.test('an endpoint that does not answer is passed over', async (t) => {
  const bench = await openProxy(t);
  await startEndpoint(t, second);
  await bench.createService('web', { clusterIP });
  await bench.setEndpoints('web', testPort, { [first]: ready, [second]: ready });
  await servedBy(clusterIP);
  for (let i = 0; i < 4; i++) t.equal(await ask(clusterIP), second);
});

t.test('bytes arrive whole in both directions, also after one side has ended', async (t) => {
  const bench = await openProxy(t);
  await startEndpoint(t, first);
  await bench.createService('web', { clusterIP });
  await bench.setEndpoints('web', testPort, { [first]: ready });
  await servedBy(clusterIP);
  const { socket } = await call(clusterIP);
  const payload = randomBytes(16 << 20);
  const received = createHash('sha256');
  let size = 0;
  socket.on('data', (chunk: Buffer) => {
    received.update(chunk);
    size += chunk.length;
  });
  socket.end(payload);
  await once(socket, 'end');
  t.equal(size, payload.length, 'the echo of what was sent before the end');
  t.equal(received.digest('hex'), createHash('sha256').update(payload).digest('hex'));
});

t.test('a connection outlives a graceful end of its endpoint and is cut when that is given up', async (t) => {
  const bench = await openProxy(t);
  await startEndpoint(t, first);
  await bench.createService('web', { clusterIP });
  await bench.setEndpoints('web', testPort, { [first]: ready });
  await servedBy(clusterIP);
  const { socket } = await call(clusterIP);
  const ended = closed(socket);
  await bench.setEndpoints('web', testPort, { [first]: { ready: false, serving: true, terminating: true } });
  await until(() =>
    ask(clusterIP).then(
      () => false,
      () => true,
    ),
  );
  socket.write('still here?');
  const [echo] = (await once(socket, 'data')) as [Buffer];
  t.equal(echo.toString(), 'still here?');
  await bench.setEndpoints('web', testPort, { [first]: { ready: false, serving: false, terminating: true } });
  await ended;
});

t.test('an endpoint that goes away ends the connection of its client', async (t) => {
  const bench = await openProxy(t);
  const server = await startEndpoint(t, first);
  server.on('connection', (socket) => socket.once('data', () => socket.destroy()));
  await bench.createService('web', { clusterIP });
  await bench.setEndpoints('web', testPort, { [first]: ready });
  await servedBy(clusterIP);
  const { socket } = await call(clusterIP);
  const ended = closed(socket);
  // A side that only ended may still listen: it takes writes to find out that nobody is there.
  const knocking = setInterval(() => socket.write('anybody there?'), 10);
  await ended;
  clearInterval(knocking);
});

t.test('session affinity keeps a client on its endpoint', async (t) => {
  const bench = await openProxy(t);
  await startEndpoint(t, first);
  await startEndpoint(t, second);
  await bench.createService('web', { clusterIP, sessionAffinity: 'ClientIP' });
  await bench.setEndpoints('web', testPort, { [first]: ready, [second]: ready });
  const answer = await servedBy(clusterIP);
  for (let i = 0; i < 4; i++) t.equal(await ask(clusterIP), answer);
  const other = answer === first ? second : first;
  await bench.setEndpoints('web', testPort, { [other]: ready });
  await until(async () => (await ask(clusterIP)) === other);
});

t.test('a node port is served on the loopback address', async (t) => {
  const bench = await openProxy(t);
  const nodePort = 30_000 + (process.pid % 2_000);
  await startEndpoint(t, first);
  await bench.createService('web', {
    clusterIP,
    type: 'NodePort',
    ports: [{ port: testPort, protocol: 'TCP', nodePort }],
  });
  await bench.setEndpoints('web', testPort, { [first]: ready });
  t.equal(await until(() => ask('127.0.0.1', nodePort).catch(() => undefined)), first);
});

t.test('datagrams find an endpoint and the way back', async (t) => {
  const bench = await openProxy(t);
  const endpoint = createSocket('udp4', (message, from) =>
    endpoint.send(`echo ${message.toString()}`, from.port, from.address),
  );
  await new Promise<void>((resolve) => endpoint.bind(testPort, first, resolve));
  t.teardown(() => endpoint.close());
  await bench.createService('dns', { clusterIP, ports: [{ port: testPort, protocol: 'UDP' }] });
  await bench.client.resource(endpointSlices).create({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'dns', namespace: 'default', labels: { 'kubernetes.io/service-name': 'dns' } },
    addressType: 'IPv4',
    ports: [{ name: '', port: testPort, protocol: 'UDP' }],
    endpoints: [{ addresses: [first], conditions: ready }],
  });
  const client = createSocket('udp4');
  t.teardown(() => client.close());
  let answer = '';
  client.on('message', (message) => (answer = message.toString()));
  await until(async () => {
    client.send('hello', testPort, clusterIP);
    await new Promise((resolve) => setTimeout(resolve, 10));
    return answer !== '';
  });
  t.equal(answer, 'echo hello');
});

t.test('of several proxies one serves a port, and another takes over when it is killed', async (t) => {
  const bench = await openProxy(t);
  await startEndpoint(t, first);
  const owner = spawn(
    process.execPath,
    [fileURLToPath(new URL('./proxy-process.js', import.meta.url)), clusterIP, first],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  t.teardown(() => owner.kill('SIGKILL'));
  await once(owner.stdout, 'data');
  await bench.createService('web', { clusterIP });
  await bench.setEndpoints('web', testPort, { [first]: ready });
  await until(() => bench.proxy.routes().length === 1);
  t.equal(await ask(clusterIP), first);
  t.same(bench.proxy.routes(), [{ route: `TCP ${clusterIP}:${testPort}`, listening: false }]);
  owner.kill('SIGKILL');
  t.equal(await servedBy(clusterIP), first);
  t.same(bench.proxy.routes(), [{ route: `TCP ${clusterIP}:${testPort}`, listening: true }]);
});

t.test('a cluster IP that is no address of the machine gets an event', async (t) => {
  const bench = await openProxy(t);
  await bench.createService('far', { clusterIP: '198.51.100.7' });
  const told = await until(async () => {
    const { items } = await bench.client.resource(events).list({ namespace: 'default' });
    return items.find(({ reason }) => reason === 'AddressNotAvailable');
  });
  t.match(told, { type: 'Warning', involvedObject: { kind: 'Service', name: 'far' }, message: /127\.0\.0\.0\/8/ });
});

t.test('a headless service has nothing to listen on', async (t) => {
  const bench = await openProxy(t);
  await bench.createService('headless', { clusterIP: 'None' });
  await bench.createService('web', { clusterIP });
  await until(() => bench.proxy.routes().length > 0);
  t.same(
    bench.proxy.routes().map(({ route }) => route),
    [`TCP ${clusterIP}:${testPort}`],
  );
});

t.test('close lets go of every port and connection', async (t) => {
  const bench = await openProxy(t);
  await startEndpoint(t, first);
  await bench.createService('web', { clusterIP });
  await bench.setEndpoints('web', testPort, { [first]: ready });
  await servedBy(clusterIP);
  const { socket } = await call(clusterIP);
  const ended = closed(socket);
  await bench.proxy.close();
  await bench.proxy.stopped;
  await ended;
  const refused = connect(testPort, clusterIP);
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  t.equal(error.code, 'ECONNREFUSED');
  bench.proxy = await startProxy({ nodeName: 'node-1', client: bench.client, logger: silentLogger });
  t.equal(await servedBy(clusterIP), first);
});
