import { once } from 'node:events';
import { type AddressInfo, type Socket, createConnection, createServer } from 'node:net';
import { silentLogger, systemClock } from '@flotilla/base';
import { type Forwarder, startForwarder } from '@flotilla/cli';
import t from 'tap';

interface TestBackend {
  readonly port: number;
  readonly connections: number;
  kill(): void;
}

/** Answers each line with `<name>:<line>`, or, when mute, accepts and says nothing. */
async function startBackend(t: { teardown(end: () => void): void }, name: string, mute = false): Promise<TestBackend> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      if (!mute) socket.write(`${name}:${bytes.toString()}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const kill = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  t.teardown(kill);
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return sockets.size;
    },
    kill,
  };
}

async function startWith(
  t: { teardown(end: () => Promise<void>): void },
  ports: readonly number[],
  { firstByteTimeoutMs = 60_000, patienceMs = 60_000 } = {},
): Promise<Forwarder> {
  const forwarder = await startForwarder({
    host: '127.0.0.1',
    port: 0,
    backends: ports.map((port) => ({ name: `p${port}`, host: '127.0.0.1', port })),
    firstByteTimeoutMs,
    patienceMs,
    clock: systemClock,
    logger: silentLogger,
  });
  t.teardown(() => forwarder.close());
  return forwarder;
}

async function ask(socket: Socket, line: string): Promise<string> {
  socket.write(line);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
}

async function askOnce(port: number, line: string): Promise<string> {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    return await ask(socket, line);
  } finally {
    socket.destroy();
  }
}

void t.test('connections go to the backends in turn, and bytes go both ways', async (t) => {
  const a = await startBackend(t, 'a');
  const b = await startBackend(t, 'b');
  const { port } = await startWith(t, [a.port, b.port]);
  t.same([await askOnce(port, '1'), await askOnce(port, '2'), await askOnce(port, '3')], ['a:1', 'b:2', 'a:3']);
  const socket = createConnection({ host: '127.0.0.1', port });
  t.teardown(() => socket.destroy());
  t.equal(await ask(socket, 'x'), 'b:x');
  t.equal(await ask(socket, 'y'), 'b:y');
});

void t.test('a dead backend is passed over without the client noticing', async (t) => {
  const a = await startBackend(t, 'a');
  const b = await startBackend(t, 'b');
  const { port } = await startWith(t, [a.port, b.port]);
  const open = createConnection({ host: '127.0.0.1', port });
  t.equal(await ask(open, 'x'), 'a:x');
  a.kill();
  await once(open, 'close');
  for (let i = 0; i < 4; i++) t.equal(await askOnce(port, 'x'), 'b:x');
});

void t.test('a mute backend is passed over with the same first flight', async (t) => {
  const mute = await startBackend(t, 'mute', true);
  const b = await startBackend(t, 'b');
  const { port } = await startWith(t, [mute.port, b.port], { firstByteTimeoutMs: 50 });
  t.equal(await askOnce(port, 'hello'), 'b:hello');
  t.equal(await askOnce(port, 'hello'), 'b:hello', 'and it is tried last from then on');
});

void t.test('a client that comes before any backend is held until one lives', async (t) => {
  const a = await startBackend(t, 'a');
  const { port: later } = a;
  a.kill();
  const { port } = await startWith(t, [later]);
  const answer = askOnce(port, 'early');
  const server = createServer((socket) => socket.once('data', (bytes) => socket.end(`later:${bytes.toString()}`)));
  t.teardown(() => server.close());
  server.listen(later, '127.0.0.1');
  t.equal(await answer, 'later:early');
});

void t.test('with no living backend the connection is closed in the end', async (t) => {
  const a = await startBackend(t, 'a');
  a.kill();
  const { port } = await startWith(t, [a.port], { patienceMs: 50 });
  const socket = createConnection({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  socket.write('x');
  await once(socket, 'close');
});

void t.test('a client that leaves takes its backend connection along', async (t) => {
  const a = await startBackend(t, 'a');
  const { port } = await startWith(t, [a.port]);
  const socket = createConnection({ host: '127.0.0.1', port });
  await ask(socket, 'x');
  t.equal(a.connections, 1);
  socket.destroy();
});

void t.test('a client that says nothing and leaves is let go', async (t) => {
  const mute = await startBackend(t, 'mute', true);
  const { port } = await startWith(t, [mute.port]);
  const socket = createConnection({ host: '127.0.0.1', port });
  socket.end();
  await once(socket, 'close');
});

void t.test('a port in use is a clear error, and close ends everything', async (t) => {
  const a = await startBackend(t, 'a');
  await t.rejects(
    startForwarder({ host: '127.0.0.1', port: a.port, backends: [], clock: systemClock, logger: silentLogger }),
    { code: 'PORT_IN_USE' },
  );
  const forwarder = await startWith(t, [a.port]);
  const socket = createConnection({ host: '127.0.0.1', port: forwarder.port });
  await ask(socket, 'x');
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await forwarder.close();
  await forwarder.close();
  await closed;
});
