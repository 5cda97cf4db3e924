import { once } from 'node:events';
import { type Server, type Socket, createConnection, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { codeOf, silentLogger, systemClock } from '@flotilla/base';
import { createEtcdClient } from '@flotilla/etcd-client';
import t from 'tap';
import { type EtcdMember, startEtcd } from './etcd-process.ts';

void t.test('an endpoint that nobody listens on is passed over, for reads and for writes', async (t) => {
  const cluster = await startEtcd(1);
  t.teardown(cluster.close);
  // Both orders: whichever is drawn first, one of the two clients meets the dead endpoint.
  for (const start of [0, 0.9]) {
    const client = createEtcdClient({
      endpoints: ['127.0.0.1:1', ...cluster.endpoints],
      randomness: { next: () => start, bytes: (length) => new Uint8Array(length) },
    });
    t.teardown(client.close);
    await client.kv.put({ key: 'k', value: 'v' });
    t.equal((await client.kv.range({ key: 'k' })).count, 1);
  }
});

void t.test(
  'with every endpoint dead a call ends when its time is over, and a write says it did not happen',
  async (t) => {
    for (const kind of ['range', 'put'] as const) {
      const dead = deadClient((failures) => {
        if (failures === 6) dead.pass(callMs);
      });
      t.teardown(dead.client.close);
      const call: Promise<unknown> = dead.client.kv[kind]({ key: 'k' });
      await t.rejects(call, { code: 'ETCD_UNAVAILABLE' });
      t.equal(dead.failures(), 6, `${kind}: while there is time another attempt is made, and none after it`);
    }
  },
);

void t.test('a write that is cancelled between two attempts says that it did not happen', async (t) => {
  const cancel = new AbortController();
  const dead = deadClient((failures) => {
    // Both endpoints have failed twice: next is a pause, and this comes before its end.
    if (failures === 4) setImmediate(() => cancel.abort());
  });
  t.teardown(dead.client.close);
  await t.rejects(dead.client.kv.put({ key: 'k' }, { signal: cancel.signal }), { code: 'ETCD_CANCELLED' });
  t.equal(dead.failures(), 4);
});

void t.test('a peer that accepts and says nothing: a write was never sent, so it did not happen', async (t) => {
  const mute = await listenMute();
  t.teardown(mute.close);
  const client = createEtcdClient({ endpoints: [mute.endpoint] });
  t.teardown(client.close);
  // gRPC opens no stream before the peer's first settings frame.
  await t.rejects(client.kv.put({ key: 'k' }, { timeoutMs: 200 }), { code: 'ETCD_TIMEOUT' });
});

void t.test('a write whose connection breaks after it was sent has an unknown outcome', async (t) => {
  const cluster = await startEtcd(1);
  t.teardown(cluster.close);
  const member = cluster.members[0] as EtcdMember;
  const relay = await listenRelay(member.endpoint);
  t.teardown(relay.close);
  const client = createEtcdClient({ endpoints: [relay.endpoint] });
  t.teardown(client.close);
  await client.kv.put({ key: 'k', value: '1' });
  relay.holdAnswers();
  const put = client.kv.put({ key: 'k', value: '2' });
  await relay.heldAnswer;
  relay.cut();
  await t.rejects(put, { code: 'ETCD_UNKNOWN_OUTCOME' });
  const { kvs } = await client.kv.range({ key: 'k' });
  t.equal(Buffer.from(kvs[0]?.value ?? []).toString(), '2', 'this one happened');
});

void t.test('three members', async (t) => {
  const cluster = await startEtcd(3);
  t.teardown(cluster.close);

  await t.test('reads and writes go on when the member in use is killed', async (t) => {
    const client = createEtcdClient({ endpoints: cluster.endpoints, randomness: firstChoice });
    t.teardown(client.close);
    await client.kv.put({ key: 'count', value: '0' });
    const inUse = cluster.members[0] as EtcdMember;
    await inUse.kill();
    t.equal((await client.kv.range({ key: 'count' })).count, 1);
    await client.kv.put({ key: 'count', value: '1' });
    await inUse.start();
  });

  await t.test('a read leaves a member that hangs', async (t) => {
    const client = createEtcdClient({
      endpoints: cluster.endpoints,
      randomness: firstChoice,
      attemptTimeoutMs: 1000,
      timeoutMs: callMs,
    });
    t.teardown(client.close);
    await client.kv.put({ key: 'hang', value: '0' });
    const inUse = cluster.members[0] as EtcdMember;
    t.teardown(() => inUse.thaw());
    inUse.freeze();
    t.equal((await client.kv.range({ key: 'hang' })).count, 1);
  });

  await t.test('a stream of writes through the death of every member in turn loses nothing acknowledged', async (t) => {
    const client = createEtcdClient({ endpoints: cluster.endpoints, timeoutMs: callMs });
    t.teardown(client.close);
    const acknowledged = new Set<number>();
    const failures: unknown[] = [];
    const end = new AbortController();
    const writing = (async () => {
      for (let i = 0; !end.signal.aborted; i++) {
        await client.kv.put({ key: `w/${i}`, value: 'x' }).then(
          () => acknowledged.add(i),
          (error: unknown) => failures.push(codeOf(error)),
        );
      }
    })();
    t.teardown(() => end.abort());
    for (const member of cluster.members) {
      const before = acknowledged.size;
      await member.kill();
      await until(() => acknowledged.size > before + 20, end.signal);
      await member.start();
    }
    end.abort();
    await writing;
    t.same(
      failures.filter((code) => code !== 'ETCD_UNKNOWN_OUTCOME'),
      [],
      'what failed may have happened',
    );
    const { kvs } = await client.kv.range({ key: 'w/', rangeEnd: 'w0', keysOnly: true });
    const present = new Set(kvs.map(({ key }) => Number(Buffer.from(key).toString().slice(2))));
    t.same(
      [...acknowledged].filter((i) => !present.has(i)),
      [],
    );
  });
});

const firstChoice = { next: () => 0, bytes: (length: number) => new Uint8Array(length) };

/** Longer than any call takes on a busy machine: what ends one is never this. */
const callMs = 300_000;

/** A client of two endpoints that nobody listens on; `pass` lets time go by on its clock. */
function deadClient(onFailure: (failures: number) => void) {
  let failures = 0;
  let passedMs = 0;
  const client = createEtcdClient({
    endpoints: ['127.0.0.1:1', '127.0.0.1:2'],
    timeoutMs: callMs,
    attemptTimeoutMs: callMs,
    clock: { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + passedMs },
    // Told of each attempt that failed.
    logger: { ...silentLogger, info: () => onFailure(++failures) },
  });
  return { client, failures: () => failures, pass: (ms: number) => void (passedMs += ms) };
}

/** @throws when `end` is aborted before the condition holds: nobody waits for it any more. */
async function until(condition: () => boolean, end: AbortSignal): Promise<void> {
  while (!condition()) {
    end.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function listenOn(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Accepts connections and never writes a byte. */
async function listenMute(): Promise<{ endpoint: string; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  const endpoint = await listenOn(server);
  return {
    endpoint,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Passes bytes both ways; can hold back what the server answers, then cut all connections. */
async function listenRelay(target: string) {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  let holding = false;
  let held = (): void => undefined;
  const heldAnswer = new Promise<void>((resolve) => {
    held = resolve;
  });
  const server = createServer((near) => {
    const far = createConnection({ host, port: Number(port) });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.on('data', (bytes) => {
      if (holding) held();
      else near.write(bytes);
    });
  });
  const endpoint = await listenOn(server);
  const cut = (): void => {
    holding = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    endpoint,
    heldAnswer,
    holdAnswers() {
      holding = true;
    },
    cut,
    close() {
      cut();
      server.close();
    },
  };
}
