/** The client for long streams, against both servers and against one that says every byte. */
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { Duplex } from 'node:stream';
import t from 'tap';
import {
  type BidiMethod,
  type ClientStream,
  type Codec,
  type Handlers,
  type RpcServer,
  type RpcServerKind,
  RpcError,
  StatusCode,
  type StreamOptions,
  connectService,
  createRpcServer,
  isRpcError,
  openChannel,
  openStream,
  pushed,
  rpcServerKinds,
} from '@flotilla/wire';
import { Flag, FrameType, block, data, frame, message, settings, words } from './raw-client.ts';
import { type Teardown, collect, deferred, iterate } from './rpc-fixture.ts';

t.setTimeout(0);

type Bytes = Codec<Uint8Array, Uint8Array>;
const bytes: Bytes = { encode: (plain) => plain, decode: (plain) => plain };
const exchange: BidiMethod<Uint8Array, Uint8Array, Uint8Array, Uint8Array> = {
  kind: 'bidi',
  path: '/test.Frames/Exchange',
  request: bytes,
  response: bytes,
};
const frames = { Exchange: exchange };

interface Served {
  readonly server: RpcServer;
  readonly port: number;
  /** Connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
}

async function listen(test: Teardown, onSocket: (socket: Socket) => void): Promise<Served['port']> {
  const listener: Server = createServer({ noDelay: true }, onSocket);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  test.teardown(() => void listener.close());
  return (listener.address() as AddressInfo).port;
}

async function serve(test: Teardown, kind: RpcServerKind, handlers: Handlers<typeof frames>): Promise<Served> {
  const server = createRpcServer(kind, {
    onBug: (_path, error) => {
      throw error;
    },
  });
  server.add(frames, handlers);
  const sockets = new Set<Socket>();
  const port = await listen(test, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    server.accept(socket);
  });
  test.teardown(() => server.close(0));
  return { server, port, sockets };
}

/** A stream, what came of it, and its end. */
interface Opened {
  readonly stream: ClientStream<Uint8Array>;
  readonly received: Buffer[];
  /** Resolves when so many messages are there. */
  arrived(count: number): Promise<void>;
  readonly end: Promise<Error | undefined>;
}

type Extra = Partial<StreamOptions<Uint8Array, Uint8Array>>;

function open(test: Teardown, port: number, extra: Extra = {}): Opened {
  const received: Buffer[] = [];
  const end = deferred<Error | undefined>();
  let wanted = Infinity;
  let wake = (): void => undefined;
  const stream = openStream({
    host: '127.0.0.1',
    port,
    method: exchange,
    onEnd: end.resolve,
    ...extra,
    onMessage(bytes) {
      received.push(Buffer.from(bytes));
      extra.onMessage?.(bytes);
      if (received.length >= wanted) wake();
    },
  });
  test.teardown(() => stream.close());
  const arrived = (count: number): Promise<void> =>
    new Promise((resolve) => {
      wanted = count;
      wake = resolve;
      if (received.length >= count) resolve();
    });
  return { stream, received, arrived, end: end.promise };
}

const echo: Handlers<typeof frames> = {
  Exchange: pushed(async (requests, sink) => {
    await requests.forEach((request) => void sink.write(request));
    sink.end();
  }),
};

/** Takes requests as slowly as told: none before `go`. */
function holding(go: Promise<void>, seen: { bytes: number }): Handlers<typeof frames> {
  return {
    async *Exchange(requests) {
      yield Buffer.from('ready');
      await go;
      for await (const request of requests) seen.bytes += request.length;
    },
  };
}

function statusAndText(error: unknown): unknown {
  return isRpcError(error) ? [error.status, error.message, error.trailers] : error;
}

for (const kind of rpcServerKinds) {
  t.test(`${kind}: messages travel both ways in order, and the end of both is OK`, async (t) => {
    const { port, sockets } = await serve(t, kind, echo);
    const { stream, received, arrived, end } = open(t, port);
    const sent = Array.from({ length: 500 }, (_, i) => Buffer.from(`message ${i}`));
    for (const one of sent.slice(0, 250)) t.equal(stream.write(one), true);
    await arrived(250);
    for (const one of sent.slice(250)) stream.writeNow(one);
    stream.end();
    t.equal(await end, undefined);
    t.strictSame(received, sent);
    t.equal(stream.waitingBytes, 0);
    t.equal(stream.write(Buffer.from('after the end')), true);
    await t.resolves(stream.drained());
    for (const socket of sockets) await new Promise((resolve) => socket.once('close', resolve));
  });

  t.test(`${kind}: a ping is answered at once, whatever the call does`, async (t) => {
    const { port } = await serve(t, kind, echo);
    const { stream, end } = open(t, port);
    await new Promise<void>((resolve) => stream.ping(resolve));
    await new Promise<void>((resolve) => stream.ping(resolve));
    stream.end();
    t.equal(await end, undefined);
    stream.ping(() => t.fail('nobody is there to answer'));
  });

  t.test(`${kind}: messages larger than every window arrive whole`, async (t) => {
    const { port } = await serve(t, kind, echo);
    const { stream, received, arrived, end } = open(t, port);
    const sent = [Buffer.alloc(20 * 1024 * 1024, 'a'), Buffer.alloc(0), Buffer.alloc(70_000, 'b'), Buffer.from('c')];
    for (const one of sent) stream.write(one);
    await arrived(4);
    for (const one of sent) stream.write(one);
    stream.end();
    t.equal(await end, undefined);
    t.strictSame(
      received.map((one) => one.length),
      [...sent, ...sent].map((one) => one.length),
    );
    t.ok([...sent, ...sent].every((one, i) => received[i]?.equals(one)));
  });

  t.test(`${kind}: a server that takes nothing holds up the writer until it does`, async (t) => {
    const go = deferred();
    const seen = { bytes: 0 };
    const { port } = await serve(t, kind, holding(go.promise, seen));
    const { stream, arrived, end } = open(t, port);
    await arrived(1);
    const piece = Buffer.alloc(64 * 1024);
    let written = piece.length;
    for (; stream.write(piece); written += piece.length) {
      if (written > 64 * 1024 * 1024) return t.fail('nothing holds up the writer');
    }
    t.ok(stream.waitingBytes > 0);
    go.resolve();
    await stream.drained();
    t.equal(stream.write(piece), true);
    stream.end();
    t.equal(await end, undefined);
    t.equal(seen.bytes, written + piece.length);
  });

  t.test(`${kind}: a failed call is told as the other client tells it`, async (t) => {
    const failure = new RpcError(StatusCode.DATA_LOSS, '100% lost: é\n', {
      trailers: { why: 'disk', 'detail-bin': Buffer.from([1, 2, 255]) },
    });
    const fail = (early: boolean): Handlers<typeof frames> => ({
      Exchange: pushed((_requests, sink) => {
        if (!early) sink.write(Buffer.from('before'));
        sink.end(failure);
      }),
    });
    for (const early of [true, false]) {
      const { port } = await serve(t, kind, fail(early));
      const { received, end } = open(t, port);
      const [status, text, trailers] = statusAndText(await end) as [unknown, unknown, Record<string, unknown>];
      t.equal(received.length, early ? 0 : 1);
      const channel = openChannel({ target: `127.0.0.1:${port}` });
      t.teardown(() => channel.close());
      const theirs = connectService(channel, frames).Exchange(iterate());
      const other: unknown = await collect(theirs).catch((error: unknown) => error);
      if (!isRpcError(other)) return t.fail('an RpcError was expected');
      t.strictSame([status, text], [other.status, other.message]);
      t.strictSame([status, text], [StatusCode.DATA_LOSS, '100% lost: é\n']);
      t.match(trailers, { why: 'disk', 'detail-bin': Buffer.from([1, 2, 255]) });
      t.strictSame(trailers['detail-bin'], other.trailers['detail-bin']);
      t.equal(trailers['why'], other.trailers['why']);
    }
  });

  t.test(`${kind}: a method that is not there is UNIMPLEMENTED`, async (t) => {
    const { port } = await serve(t, kind, {});
    t.ok(isRpcError(await open(t, port).end, StatusCode.UNIMPLEMENTED));
  });

  t.test(`${kind}: a signal, close and an error of the taker end the call at the server too`, async (t) => {
    const ends: (() => void)[] = [];
    const { port, sockets } = await serve(t, kind, {
      async *Exchange(_requests, context) {
        yield Buffer.from(context.metadata('who') ?? '');
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true }));
        ends.shift()?.();
      },
    });
    const ended = (): Promise<void> => new Promise((resolve) => ends.push(resolve));
    const controller = new AbortController();
    const aborted = open(t, port, { signal: controller.signal, metadata: { Who: 'me' } });
    await aborted.arrived(1);
    t.equal(aborted.received[0]?.toString(), 'me');
    let over = ended();
    controller.abort();
    t.ok(isRpcError(await aborted.end, StatusCode.CANCELLED));
    await over;

    over = ended();
    const closed = open(t, port, { onEnd: () => t.fail('the owner closed it itself') });
    await closed.arrived(1);
    closed.stream.close();
    await over;

    over = ended();
    const broken = open(t, port, {
      onMessage: () => {
        throw new TypeError('not welcome');
      },
    });
    t.match(await broken.end, new TypeError('not welcome'));
    await over;
    const late = open(t, port, { signal: AbortSignal.abort() });
    t.ok(isRpcError(await late.end, StatusCode.CANCELLED));
    for (const socket of sockets) await new Promise((resolve) => socket.once('close', resolve));
  });

  t.test(`${kind}: a server that shuts down lets a stream come to its end`, async (t) => {
    const { port, server } = await serve(t, kind, echo);
    const { stream, received, arrived, end } = open(t, port);
    stream.write(Buffer.from('before'));
    await arrived(1);
    const closing = server.close(3_600_000);
    stream.write(Buffer.from('after'));
    await arrived(2);
    stream.end();
    t.equal(await end, undefined);
    t.strictSame(received.map(String), ['before', 'after']);
    await closing;
  });

  t.test(`${kind}: a server that stops cuts the stream, and that is an error`, async (t) => {
    const { port, server } = await serve(t, kind, echo);
    const { stream, arrived, end } = open(t, port);
    stream.write(Buffer.from('before'));
    await arrived(1);
    await server.close(0);
    t.ok(isRpcError(await end, StatusCode.UNAVAILABLE));
  });

  t.test(`${kind}: a connection that breaks is UNAVAILABLE`, async (t) => {
    const { port, sockets } = await serve(t, kind, echo);
    const { stream, arrived, end } = open(t, port);
    stream.write(Buffer.from('before'));
    await arrived(1);
    for (const socket of sockets) socket.resetAndDestroy();
    t.ok(isRpcError(await end, StatusCode.UNAVAILABLE));
  });

  t.test(`${kind}: a connection that is there already is used`, async (t) => {
    const { port } = await serve(t, kind, echo);
    const socket = connect({ host: '127.0.0.1', port });
    const { stream, received, end } = open(t, port, { socket });
    stream.write(Buffer.from('over a given socket'));
    stream.end();
    t.equal(await end, undefined);
    t.strictSame(received.map(String), ['over a given socket']);
    t.equal(socket.destroyed, true);
    const dead = open(t, port, { socket });
    t.ok(isRpcError(await dead.end, StatusCode.UNAVAILABLE));
  });
}

t.test('a port that refuses is UNAVAILABLE, and says so', async (t) => {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  const { stream, end } = open(t, port);
  stream.write(Buffer.from('lost'));
  const error = await end;
  t.ok(isRpcError(error, StatusCode.UNAVAILABLE));
  t.match(error?.message, `connect ECONNREFUSED 127.0.0.1:${port}`);
  t.equal(stream.waitingBytes, 0);
});

/** A server by hand: what it says once the request is there, and what its client says. */
async function openByHand(test: Teardown, says: readonly Buffer[], extra: Extra = {}): Promise<Opened & Peer> {
  const heard: Buffer[] = [];
  const accepted = deferred<Socket>();
  const closed = deferred();
  const port = await listen(test, (socket) => {
    socket.on('data', (chunk) => heard.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => closed.resolve());
    socket.once('data', () => socket.write(Buffer.concat([settings(), ...says])));
    accepted.resolve(socket);
  });
  const opened = open(test, port, extra);
  const socket = await accepted.promise;
  test.teardown(() => void socket.destroy());
  return { ...opened, socket, heard, closed: closed.promise };
}

interface Peer {
  readonly socket: Socket;
  readonly heard: readonly Buffer[];
  readonly closed: Promise<void>;
}

const headBlock = block({ ':status': '200', 'content-type': 'application/grpc' });
const head = frame(FrameType.HEADERS, Flag.END_HEADERS, 1, headBlock);
const hello = data(1, message(Buffer.from('hello')), 0);
const trailers = (fields: Readonly<Record<string, string>>): Buffer =>
  frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1, block(fields));
const reset = (code: number): Buffer => frame(FrameType.RST_STREAM, 0, 1, words(code));
const goAway = (lastStreamId: number, text = ''): Buffer =>
  frame(FrameType.GOAWAY, 0, 0, Buffer.concat([words(lastStreamId, 0), Buffer.from(text)]));
const padded = (plain: Buffer): Buffer => data(1, Buffer.concat([Buffer.of(3), plain, Buffer.alloc(3)]), Flag.PADDED);

const wellFormed: Readonly<Record<string, readonly Buffer[]>> = {
  plain: [head, hello, trailers({ 'grpc-status': '0' })],
  'something provisional first': [
    frame(FrameType.HEADERS, Flag.END_HEADERS, 1, block({ ':status': '103' })),
    head,
    hello,
    trailers({ 'grpc-status': '0' }),
  ],
  'a head in pieces, padding, empty DATA, frames of no meaning': [
    frame(FrameType.HEADERS, 0, 1, headBlock.subarray(0, 5)),
    frame(FrameType.CONTINUATION, Flag.END_HEADERS, 1, headBlock.subarray(5)),
    frame(99, 0, 7, Buffer.from('?')),
    data(1, Buffer.alloc(0), 0),
    padded(message(Buffer.from('hello')).subarray(0, 4)),
    data(1, message(Buffer.from('hello')).subarray(4), 0),
    frame(FrameType.PRIORITY, 0, 1, words(0, 0).subarray(0, 5)),
    trailers({ 'grpc-status': '0' }),
  ],
  'GOAWAY with the stream on its way': [head, goAway(1), hello, trailers({ 'grpc-status': '0' })],
};

for (const [name, says] of Object.entries(wellFormed)) {
  t.test(`an answer is understood: ${name}`, async (t) => {
    const { received, end, closed } = await openByHand(t, says);
    t.equal(await end, undefined);
    t.strictSame(received.map(String), ['hello']);
    await closed;
  });
}

const endings: Readonly<Record<string, readonly [says: readonly Buffer[], status: StatusCode]>> = {
  'a reset by CANCEL': [[head, reset(8)], StatusCode.CANCELLED],
  'a refused stream': [[reset(7)], StatusCode.UNAVAILABLE],
  'a reset for want of calm': [[head, hello, reset(11)], StatusCode.RESOURCE_EXHAUSTED],
  'a reset without an error': [[head, hello, reset(0)], StatusCode.INTERNAL],
  'GOAWAY that leaves the stream out': [[goAway(0, 'too busy')], StatusCode.UNAVAILABLE],
  'no status': [[head, hello, trailers({})], StatusCode.INTERNAL],
  'the end without trailers': [[head, data(1, Buffer.alloc(0))], StatusCode.INTERNAL],
  'an end within a message': [
    [head, hello, data(1, Buffer.of(0, 0), 0), trailers({ 'grpc-status': '0' })],
    StatusCode.INTERNAL,
  ],
  'a status nobody knows': [[head, trailers({ 'grpc-status': '99' })], StatusCode.UNKNOWN],
  'an answer of HTTP alone': [[trailers({ ':status': '503' })], StatusCode.UNAVAILABLE],
  'an answer of HTTP with a body': [
    [frame(FrameType.HEADERS, Flag.END_HEADERS, 1, block({ ':status': '404' })), data(1, Buffer.from('no such page'))],
    StatusCode.UNIMPLEMENTED,
  ],
  'DATA before a head': [[hello], StatusCode.INTERNAL],
  'a stream that was never opened': [[data(3, Buffer.from('x'))], StatusCode.INTERNAL],
  'a promise': [[frame(FrameType.PUSH_PROMISE, Flag.END_HEADERS, 1, words(2))], StatusCode.INTERNAL],
  'a window that is too large': [[frame(FrameType.WINDOW_UPDATE, 0, 1, words(0x7fff_ffff))], StatusCode.INTERNAL],
  'a frame that is too large': [[head, Buffer.of(0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1)], StatusCode.INTERNAL],
};

for (const [name, [says, status]] of Object.entries(endings)) {
  t.test(`the stream ends with a status, and the connection with it: ${name}`, async (t) => {
    const { end, closed } = await openByHand(t, says);
    const error = await end;
    t.ok(isRpcError(error, status), String(error));
    await closed;
  });
}

t.test('a server that keeps asking and brings nothing is left', async (t) => {
  const pings = Array.from({ length: 10_000 }, () => frame(FrameType.PING, 0, 0, Buffer.alloc(8)));
  const { end, closed } = await openByHand(t, [head, ...pings]);
  t.ok(isRpcError(await end, StatusCode.INTERNAL));
  await closed;
});

t.test('a ping is answered, and a server that answers none is given up', async (t) => {
  const ping = frame(FrameType.PING, 0, 0, Buffer.from('pingpong'));
  const { end, heard, closed } = await openByHand(t, [head, ping], { keepaliveMs: 20, keepaliveTimeoutMs: 20 });
  const error = await end;
  t.ok(isRpcError(error, StatusCode.UNAVAILABLE));
  t.equal(error?.message, 'the server does not answer');
  await closed;
  const all = Buffer.concat(heard);
  t.ok(all.includes(frame(FrameType.PING, Flag.ACK, 0, Buffer.from('pingpong'))));
  t.ok(all.includes(frame(FrameType.PING, 0, 0, words(0, 1))));
});

t.test('a turn is one write, and what is urgent leaves at once', async (t) => {
  const chunks: string[] = [];
  const written = deferred();
  const socket = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, callback) {
      chunks.push(chunk.toString('latin1'));
      callback();
      if (chunks.some((text) => text.includes('third'))) written.resolve();
    },
  });
  const { stream } = open(t, 1, { socket });
  stream.writeNow(Buffer.from('first'));
  t.match(chunks.at(-1), 'first');
  const before = chunks.length;
  stream.write(Buffer.from('second'));
  stream.write(Buffer.from('third'));
  t.equal(chunks.length, before);
  await written.promise;
  t.equal(chunks.length, before + 1);
  t.match(chunks.at(-1), 'second');
  stream.write(Buffer.from('fourth'));
  stream.writeNow(Buffer.from('fifth'));
  t.equal(chunks.length, before + 2);
  t.ok(chunks.at(-1)?.includes('fourth') === true && chunks.at(-1)?.includes('fifth') === true);
  stream.close();
  t.equal(socket.destroyed, true);
});

t.test('a name whose addresses all refuse is told with what each said', async (t) => {
  const socket = new Duplex({ read: () => undefined, write: () => undefined });
  const { end } = open(t, 1, { socket });
  socket.destroy(new AggregateError([new Error('first address'), new Error('second address')]));
  const error = await end;
  t.ok(isRpcError(error, StatusCode.UNAVAILABLE));
  t.equal(error?.message, 'first address, second address');
});
