/**
 * Clients that take and never give: connections that say half of something, thousands of streams that do nothing, readers that
 * never read. The member goes on serving, and its memory does not grow from one time to the next.
 */
import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { type Socket, connect as connectTcp } from 'node:net';
import t, { type Test } from 'tap';
import { connect } from '@flotilla/brain/test/cluster';
import { etcdserverpb } from '@flotilla/wire';
import { framed, openSession } from './raw-calls.ts';
import { type Victim, startVictim } from './victim.ts';

t.setTimeout(0);

/** What may be in use after the last of several equal times and was not after the second. */
const slackMebibytes = 8;
/** No attack of these may make a member grow to this. */
const residentMaxMebibytes = 700;
const times = 4;

/** Does the same several times; after the first, memory must not grow any more. */
async function again(t: Test, victim: Victim, attack: () => Promise<void>): Promise<void> {
  const [memory, resident]: [number[], number[]] = [[], []];
  for (let time = 0; time < times; time++) {
    await attack();
    await victim.probe();
    resident.push(victim.residentMebibytes());
    memory.push(await victim.usedMebibytes());
  }
  const text = (values: readonly number[]): string => values.map((value) => value.toFixed(0)).join(', ');
  t.comment(`in use: ${text(memory)} MiB; resident: ${text(resident)} MiB`);
  const [, second = 0] = memory;
  t.ok((memory.at(-1) ?? Infinity) < second + slackMebibytes, 'memory does not grow');
  t.ok(Math.max(...resident) < residentMaxMebibytes, 'memory is bounded');
  t.strictSame(victim.bugs(), []);
}

async function openSocket(port: number, bytes: Uint8Array | string): Promise<Socket> {
  const socket = connectTcp({ host: '127.0.0.1', port });
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
/** A frame that announces more than ever comes. */
const halfFrame = Buffer.from([0, 255, 255, 0, 0, 0, 0, 0, 1, 1, 2, 3]);
const halves: readonly (Uint8Array | string)[] = [
  '',
  'P',
  preface.slice(0, 10),
  preface,
  Buffer.concat([Buffer.from(preface), emptySettings]),
  Buffer.concat([Buffer.from(preface), emptySettings, halfFrame]),
  'GET /health HTTP/1.1\r\nHost:',
  'POST /v3/kv/put HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{"key":',
  'POST /v3/kv/put HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n{',
  Buffer.alloc(5000, 0xff),
];

t.test('what is only half said holds up nobody', async (t) => {
  const victim = await startVictim(t);
  await again(t, victim, async () => {
    const sockets = await Promise.all(
      Array.from({ length: 500 }, (_, i) =>
        openSocket(i % 5 === 4 ? victim.peerPort : victim.clientPort, halves[i % halves.length] ?? ''),
      ),
    );
    await victim.probe();
    for (const socket of sockets) socket.destroy();
  });
});

t.test('thousands of streams that do nothing cost little, and nothing once they are gone', async (t) => {
  const victim = await startVictim(t);
  const watch = framed(
    etcdserverpb.WatchRequest.encode({
      create_request: { key: Buffer.from('idle'), range_end: Buffer.from('idlf') },
    }).finish(),
  );
  await again(t, victim, async () => {
    const sessions = await Promise.all(Array.from({ length: 20 }, () => openSession(victim.clientPort)));
    await Promise.all(sessions.map((session) => openStreams(session, watch, 150)));
    await victim.probe();
    for (const session of sessions) session.destroy();
  });
});

/** Watches, half of them without even a request; resolves when those that asked were answered. */
async function openStreams(session: ClientHttp2Session, watch: Uint8Array, count: number): Promise<void> {
  const answered = Array.from({ length: count }, async (_, i) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': i % 2 === 0 ? '/etcdserverpb.Watch/Watch' : '/etcdserverpb.Lease/LeaseKeepAlive',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    stream.resume();
    if (i % 2 !== 0) return;
    stream.write(watch);
    // A stream that the member refuses is as good.
    await Promise.race([once(stream, 'response'), once(stream, 'close')]);
  });
  await Promise.all(answered);
}

t.test('readers that never read are not given more than a bound', async (t) => {
  const victim = await startVictim(t);
  const client = connect(victim.plan.endpoints[0] ?? '');
  t.teardown(async () => client.close());
  const value = Buffer.alloc(200_000, 'v');
  for (let i = 0; i < 40; i++) await client.kv.Put({ key: Buffer.from(`large/${i}`), value });
  const everything = framed(
    etcdserverpb.RangeRequest.encode({ key: Buffer.from('large/'), range_end: Buffer.from('large0') }).finish(),
  );
  const watch = framed(
    etcdserverpb.WatchRequest.encode({
      create_request: { key: Buffer.from('large/'), range_end: Buffer.from('large0'), start_revision: 1 },
    }).finish(),
  );
  await again(t, victim, async () => {
    const sessions = await Promise.all(Array.from({ length: 20 }, () => openSession(victim.clientPort)));
    for (const session of sessions) {
      for (const [path, request] of [
        ['/etcdserverpb.KV/Range', everything],
        ['/etcdserverpb.KV/RangeStream', everything],
        ['/etcdserverpb.Watch/Watch', watch],
        ['/etcdserverpb.Maintenance/Snapshot', framed(Buffer.alloc(0))],
      ] as const) {
        const stream = session.request({
          ':method': 'POST',
          ':path': path,
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        stream.on('error', () => undefined);
        // Nobody reads: only what fits the windows may come.
        stream.write(request);
      }
    }
    for (let i = 0; i < 20; i++) await client.kv.Put({ key: Buffer.from(`large/${i}`), value: Buffer.from('small') });
    await victim.probe();
    t.comment(`resident while they are there: ${victim.residentMebibytes().toFixed(0)} MiB`);
    for (const session of sessions) session.destroy();
  });
});
