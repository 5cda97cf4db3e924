/** What a peer can make our own server do or keep is bounded. */
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import {
  type Handlers,
  type RpcServerOptions,
  createRpcServer,
  etcdserverpb,
  kvService,
  pushed,
  watchService,
} from '@flotilla/wire';
import {
  ErrorCode,
  Flag,
  FrameType,
  type RawConnection,
  answerOf,
  block,
  connectRaw,
  data,
  frame,
  goAwayCode,
  headers,
  message,
  preface,
  putFields,
  settings,
  words,
} from './raw-client.ts';
import { type Teardown, deferred } from './rpc-fixture.ts';

t.setTimeout(0);

const hello = Buffer.concat([preface, settings()]);
const put = (value: Uint8Array): Buffer => message(etcdserverpb.PutRequest.encode({ value }).finish());
const stopped = (connection: RawConnection): boolean => connection.ended;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Setting {
  readonly kv?: Handlers<typeof kvService>;
  readonly watch?: Handlers<typeof watchService>;
  readonly options?: RpcServerOptions;
  readonly stalled?: boolean;
}

function open(
  t: Teardown,
  { kv = { Put: () => ({}) }, watch = {}, options = {}, stalled = false }: Setting = {},
): RawConnection {
  const server = createRpcServer('flotilla', {
    onBug: (_path, error) => {
      throw error;
    },
    ...options,
  });
  server.add(kvService, kv);
  server.add(watchService, watch);
  const connection = connectRaw(server, { stalled });
  t.teardown(() => connection.close());
  return connection;
}

/** Sends until the server has had enough; answers how often. */
async function flood(connection: RawConnection, bytes: (i: number) => Buffer): Promise<number> {
  for (let sent = 0; ; sent++) {
    if (connection.ended) return sent;
    if (sent > 100_000) throw new Error('nothing stops it');
    connection.send(bytes(sent));
    if (sent % 100 === 0) await turn();
  }
}

const floods: Readonly<Record<string, (i: number) => Buffer>> = {
  'streams that are opened and reset': (i) =>
    Buffer.concat([headers(2 * i + 3), frame(FrameType.RST_STREAM, 0, 2 * i + 3, words(8))]),
  settings: () => settings(),
  pings: () => frame(FrameType.PING, 0, 0, Buffer.alloc(8)),
  priorities: () => frame(FrameType.PRIORITY, 0, 3, Buffer.alloc(5)),
  'frames of an unknown type': () => frame(99, 0, 0),
  'empty DATA': () => data(1, Buffer.alloc(0), 0),
  'malformed requests': (i) => headers(2 * i + 3, { ':method': 'POST' }),
  'DATA of streams that are over': (i) =>
    Buffer.concat([headers(2 * i + 3, { ...putFields, ':path': '/none/None' }), data(2 * i + 3, Buffer.alloc(1), 0)]),
};

for (const [what, bytes] of Object.entries(floods)) {
  t.test(`a flood is ended: ${what}`, async (t) => {
    const connection = open(t);
    connection.send(hello, headers(1));
    t.ok((await flood(connection, bytes)) > 2, 'a few are nothing');
    t.equal(goAwayCode(connection.frames), ErrorCode.ENHANCE_YOUR_CALM);
  });
}

t.test('a header block without end is ended', async (t) => {
  for (const piece of [Buffer.alloc(0), block({ a: 'x'.repeat(10_000) })]) {
    const connection = open(t);
    connection.send(hello, headers(1, putFields, 0));
    const sent = await flood(connection, () => frame(FrameType.CONTINUATION, 0, 1, piece));
    t.ok(sent < 200, `${sent} frames`);
    t.equal(goAwayCode(connection.frames), ErrorCode.ENHANCE_YOUR_CALM);
  }
});

t.test('a list of fields that is too long is refused, and the next call is served', async (t) => {
  const connection = open(t);
  // Each of a few bytes refers to a field of 4,000.
  const indexed = Buffer.concat([
    Buffer.of(0x40, 1),
    Buffer.from('x'),
    Buffer.of(127, 0xa1, 0x1e),
    Buffer.alloc(4000, 'v'),
  ]);
  const bomb = Buffer.concat([block(putFields), indexed, Buffer.alloc(3000, 0xbe)]);
  connection.send(hello, frame(FrameType.HEADERS, Flag.END_HEADERS, 1, bomb), data(1, put(Buffer.alloc(1))));
  await connection.until(({ of }) => answerOf(of(1)).ended);
  t.equal(answerOf(connection.of(1)).fields['grpc-status'], '8');
  connection.send(headers(3), data(3, put(Buffer.alloc(1))));
  await connection.until(({ of }) => answerOf(of(3)).ended);
  t.equal(answerOf(connection.of(3)).fields['grpc-status'], '0');
});

t.test('a client that never reads its answers is not served more and more', async (t) => {
  let served = 0;
  const value = Buffer.alloc(100_000);
  const connection = open(t, {
    stalled: true,
    kv: {
      Put() {
        served++;
        return { prev_kv: { value } };
      },
    },
  });
  connection.send(preface, settings({ 4: 0x7fff_ffff }), frame(FrameType.WINDOW_UPDATE, 0, 0, words(0x7fff_0000)));
  const total = 2000;
  for (let i = 0; i < total; i++) {
    connection.send(headers(2 * i + 1), data(2 * i + 1, put(Buffer.alloc(1))));
    await turn();
  }
  t.ok(served < 50, `${served} of ${total} calls were served into memory`);
});

t.test('a stream that writes more than is read learns it, and when it may go on', async (t) => {
  const wrote = deferred<number>();
  const connection = open(t, {
    watch: {
      Watch: pushed(async (_requests, sink) => {
        let count = 0;
        while (sink.write({ cancel_reason: 'x'.repeat(10_000) })) count++;
        wrote.resolve(count);
        await sink.drained();
        sink.end();
      }),
    },
  });
  connection.send(hello, headers(1, { ...putFields, ':path': '/etcdserverpb.Watch/Watch' }));
  const count = await wrote.promise;
  t.ok(count < 100, `${count} responses of 10,000 bytes`);
  connection.send(settings({ 4: 0x7fff_ffff }), frame(FrameType.WINDOW_UPDATE, 0, 0, words(10_000_000)));
  await connection.until(({ of }) => answerOf(of(1)).ended);
});

t.test('requests that are begun and never finished are bounded over all streams', async (t) => {
  const connection = open(t, { options: { maxReceiveBytes: 2 * 1024 * 1024 } });
  connection.send(hello);
  const beginning = Buffer.concat([Buffer.of(0), words(1_500_000), Buffer.alloc(16_000)]);
  let accepted = 0;
  for (let streamId = 1; ; streamId += 2) {
    connection.send(headers(streamId), data(streamId, beginning, 0));
    for (let i = 0; i < 60; i++) connection.send(data(streamId, Buffer.alloc(16_000), 0));
    await turn();
    if (answerOf(connection.of(streamId)).reset !== undefined || connection.ended) break;
    accepted++;
  }
  t.ok(accepted > 10 && accepted < 100, `${accepted} of about a megabyte each`);
});

t.test('memory for a message grows with what has come, not with what was announced', async (t) => {
  const connection = open(t);
  connection.send(hello);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 500; i++) {
    connection.send(
      headers(2 * i + 1),
      data(2 * i + 1, Buffer.concat([Buffer.of(0), words(0x7fff_ffff), Buffer.alloc(1)]), 0),
    );
  }
  await turn();
  const grown = process.memoryUsage().arrayBuffers - before;
  t.ok(grown < 64 * 1024 * 1024, `${grown} bytes for 500 messages of 2 GiB each of which one byte came`);
});

t.test('pings that come too early are forgiven by one that does not', async (t) => {
  const connection = open(t, { options: { minPingIntervalMs: 200 } });
  connection.send(hello);
  const ping = floods['pings'] as (i: number) => Buffer;
  const answers = (): number =>
    connection.frames.filter(({ type, flags }) => type === FrameType.PING && flags === Flag.ACK).length;
  for (let i = 1; i <= 4; i++) {
    connection.send(Buffer.concat([ping(0), ping(0)]));
    await connection.until(() => answers() === 2 * i);
    await delay(250);
  }
  t.equal(connection.ended, false);
});

t.test('a client that is silent and does not answer a ping is given up', async (t) => {
  const alive = setInterval(() => undefined, 1000);
  t.teardown(() => clearInterval(alive));
  const connection = open(t, { options: { keepaliveMs: 10, keepaliveTimeoutMs: 10 } });
  connection.send(hello);
  await connection.until(({ frames }) => frames.some(({ type, flags }) => type === FrameType.PING && flags === 0));
  await connection.until(stopped);
});

t.test('a silent client that answers pings is kept', async (t) => {
  const alive = setInterval(() => undefined, 1000);
  t.teardown(() => clearInterval(alive));
  const connection = open(t, { options: { keepaliveMs: 5, keepaliveTimeoutMs: 60_000 } });
  connection.send(hello);
  const pings = (): readonly Buffer[] =>
    connection.frames.filter(({ type, flags }) => type === FrameType.PING && flags === 0).map(({ payload }) => payload);
  for (let i = 0; i < 5; i++) {
    await connection.until(() => pings().length > i);
    connection.send(frame(FrameType.PING, Flag.ACK, 0, pings()[i]));
  }
  t.equal(connection.ended, false);
});
