/** What our own server does with the bytes of HTTP/2, said frame by frame. */
import t from 'tap';
import { type Handlers, createRpcServer, etcdserverpb, kvService, pushed, watchService } from '@flotilla/wire';
import { aborted, deferred } from './rpc-fixture.ts';
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
import type { Teardown } from './rpc-fixture.ts';

t.setTimeout(0);

const echo: Handlers<typeof kvService> = { Put: ({ value }) => ({ prev_kv: { value } }) };
const hello = Buffer.concat([preface, settings()]);

function open(
  t: Teardown,
  kv: Handlers<typeof kvService> = echo,
  watch: Handlers<typeof watchService> = {},
): RawConnection {
  const server = createRpcServer('flotilla', {
    onBug: (_path, error) => {
      throw error;
    },
  });
  server.add(kvService, kv);
  server.add(watchService, watch);
  const connection = connectRaw(server);
  t.teardown(() => connection.close());
  return connection;
}

const put = (value: string): Buffer => message(etcdserverpb.PutRequest.encode({ value: Buffer.from(value) }).finish());
const valueOf = (body: Buffer): string =>
  Buffer.from(etcdserverpb.PutResponse.decode(body.subarray(5)).prev_kv?.value ?? []).toString();
const answered =
  (...streamIds: readonly number[]) =>
  (connection: RawConnection): boolean =>
    streamIds.every((streamId) => answerOf(connection.of(streamId)).ended);
const wasReset =
  (streamId: number) =>
  (connection: RawConnection): boolean =>
    answerOf(connection.of(streamId)).reset !== undefined;

/** Two calls in every way in which frames can be laid out. */
function session(): Buffer {
  const [first, second] = [put('first'), put('second, which comes in pieces')];
  const fields = block({ ...putFields, 'x-long': 'y'.repeat(200) });
  return Buffer.concat([
    hello,
    headers(1),
    data(1, first),
    frame(FrameType.HEADERS, 0, 3, fields.subarray(0, 50)),
    frame(FrameType.CONTINUATION, 0, 3, fields.subarray(50, 51)),
    frame(FrameType.CONTINUATION, Flag.END_HEADERS, 3, fields.subarray(51)),
    data(3, second.subarray(0, 3), 0),
    frame(FrameType.PING, 0, 0, Buffer.from('pingpong')),
    data(3, Buffer.alloc(0), 0),
    data(3, Buffer.concat([Buffer.of(2), second.subarray(3, 11), Buffer.alloc(2)]), Flag.PADDED),
    data(3, second.subarray(11), Flag.END_STREAM),
  ]);
}

t.test('a session is understood wherever its bytes are cut', async (t) => {
  const bytes = session();
  const failures: number[] = [];
  for (let cut = 1; cut < bytes.length; cut++) {
    const connection = open(t);
    connection.send(bytes.subarray(0, cut));
    // The first part is read on its own.
    await new Promise((resolve) => setImmediate(resolve));
    connection.send(bytes.subarray(cut));
    await connection.until((each) => answered(1, 3)(each) || each.ended);
    const values = [1, 3].map((streamId) => valueOf(answerOf(connection.of(streamId)).body));
    if (values.join() !== 'first,second, which comes in pieces') failures.push(cut);
    connection.close();
  }
  t.same(failures, []);
});

t.test('a session is understood byte by byte', async (t) => {
  const connection = open(t);
  for (const byte of session()) {
    connection.send(Buffer.of(byte));
    await new Promise((resolve) => process.nextTick(resolve));
  }
  await connection.until(answered(1, 3));
  t.equal(valueOf(answerOf(connection.of(3)).body), 'second, which comes in pieces');
  const pong = connection.frames.find(({ type, flags }) => type === FrameType.PING && flags === Flag.ACK);
  t.equal(pong?.payload.toString(), 'pingpong');
});

t.test('the answers of one turn leave in one write', async (t) => {
  const connection = open(t);
  connection.send(hello, ...[1, 3, 5].flatMap((streamId) => [headers(streamId), data(streamId, put(`${streamId}`))]));
  t.equal(connection.frames.length, 0, 'nothing before the end of the turn');
  await connection.until(answered(1, 3, 5));
  t.same(
    [1, 3, 5].map((streamId) => valueOf(answerOf(connection.of(streamId)).body)),
    ['1', '3', '5'],
  );
});

t.test('an answer keeps within the windows, and its trailers come last', async (t) => {
  const connection = open(t);
  const value = 'z'.repeat(100_000);
  connection.send(
    preface,
    settings({ 4: 10 }),
    headers(1),
    ...pieces(put(value)).map((piece) => data(1, piece, 0)),
    data(1, Buffer.alloc(0)),
  );
  const received = (): number => answerOf(connection.of(1)).body.length;
  await connection.until(() => received() === 10);
  connection.send(frame(FrameType.WINDOW_UPDATE, 0, 1, words(50)));
  await connection.until(() => received() === 60);
  // The stream's window opens wide, that of the connection has 65,535 in all.
  connection.send(settings({ 4: 1_000_000 }));
  await connection.until(() => received() === 65_535);
  t.equal(answerOf(connection.of(1)).ended, false);
  t.ok(connection.of(1).every(({ payload }) => payload.length <= 16_384));
  connection.send(frame(FrameType.WINDOW_UPDATE, 0, 0, words(1_000_000)));
  await connection.until(answered(1));
  t.equal(valueOf(answerOf(connection.of(1)).body), value);
});

t.test('streams that wait for the window share it', async (t) => {
  const connection = open(t);
  const big = put('b'.repeat(200_000));
  connection.send(preface, settings({ 4: 1_000_000 }));
  for (const streamId of [1, 3]) {
    const body = pieces(big).map((piece) => data(streamId, piece, 0));
    connection.send(headers(streamId), ...body, data(streamId, Buffer.alloc(0)));
  }
  const received = (streamId: number): number => answerOf(connection.of(streamId)).body.length;
  await connection.until(() => received(1) + received(3) === 65_535);
  connection.send(frame(FrameType.WINDOW_UPDATE, 0, 0, words(100_000)));
  await connection.until(() => received(1) + received(3) === 165_535);
  t.ok(received(3) > 32_768, 'the second stream is not starved');
});

t.test('windows that are used are given back', async (t) => {
  const connection = open(t);
  const value = 'v'.repeat(3_000_000);
  connection.send(hello, frame(FrameType.WINDOW_UPDATE, 0, 0, words(10_000_000)), headers(1));
  for (const piece of pieces(put(value))) connection.send(data(1, piece, 0));
  await connection.until(() => given(connection, 1) >= 1_000_000);
  connection.send(frame(FrameType.WINDOW_UPDATE, 0, 1, words(10_000_000)), data(1, Buffer.alloc(0)));
  await connection.until(answered(1));
  t.equal(valueOf(answerOf(connection.of(1)).body), value);
});

t.test('a client that sends beyond a window is stopped', async (t) => {
  const connection = open(
    t,
    {},
    {
      Watch: pushed(async (_requests, sink, { signal }) => {
        await aborted(signal);
        sink.end();
      }),
    },
  );
  const fields = { ...putFields, ':path': '/etcdserverpb.Watch/Watch' };
  connection.send(hello, headers(1, fields));
  const request = message(etcdserverpb.WatchRequest.encode({ create_request: { key: Buffer.alloc(15_000) } }).finish());
  for (let sent = 0; sent < 2 * 1024 * 1024; sent += request.length) connection.send(data(1, request, 0));
  await connection.until(wasReset(1));
  t.equal(answerOf(connection.of(1)).reset, ErrorCode.FLOW_CONTROL_ERROR);
});

t.test('a table that a client makes smaller is emptied before the next block', async (t) => {
  const connection = open(t);
  connection.send(preface, settings({ 1: 0 }), headers(1), data(1, put('x')), headers(3), data(3, put('y')));
  await connection.until(answered(1, 3));
  const firstBytes = connection.frames
    .filter(({ type }) => type === FrameType.HEADERS)
    .map(({ payload }) => payload[0]);
  t.same(firstBytes, [0x20, 0, 0x88, 0], 'an update, trailers, a status, trailers');
});

t.test('malformed requests end their stream and no other', async (t) => {
  const without = (name: string): Record<string, string> =>
    Object.fromEntries(Object.entries(putFields).filter(([key]) => key !== name));
  const malformed: Readonly<Record<string, Buffer>> = {
    'no path': block(without(':path')),
    'no method': block(without(':method')),
    'a pseudo-header field after another': Buffer.concat([block(without(':path')), block({ ':path': '/x' })]),
    'an unknown pseudo-header field': block({ ':odd': '1', ...putFields }),
    'a repeated path': Buffer.concat([block({ ':path': '/x' }), block(putFields)]),
    'an upper-case name': block({ ...putFields, 'X-Upper': '1' }),
    'a name with a space': block({ ...putFields, 'x y': '1' }),
    'a value with a line feed': block({ ...putFields, x: 'a\nb' }),
    'a connection header': block({ ...putFields, connection: 'close' }),
    'te other than trailers': block({ ...putFields, te: 'gzip' }),
    'a content-length that is none': block({ ...putFields, 'content-length': 'many' }),
  };
  const connection = open(t);
  connection.send(hello);
  let streamId = 1;
  for (const [what, bytes] of Object.entries(malformed)) {
    connection.send(frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, streamId, bytes));
    await connection.until(wasReset(streamId));
    t.equal(answerOf(connection.of(streamId)).reset, ErrorCode.PROTOCOL_ERROR, what);
    streamId += 2;
  }
  connection.send(headers(streamId), data(streamId, put('fine')));
  await connection.until(answered(streamId));
  t.equal(valueOf(answerOf(connection.of(streamId)).body), 'fine');
});

t.test('what is no call is refused with the status of HTTP and of gRPC', async (t) => {
  const cases: readonly (readonly [Record<string, string>, string, string])[] = [
    [{ 'content-type': 'text/plain' }, '415', '3'],
    [{ 'content-type': 'application/grpcx' }, '415', '3'],
    [{ ':method': 'GET' }, '405', '13'],
    [{ 'grpc-timeout': 'soon' }, '400', '13'],
    [{ 'grpc-encoding': 'br' }, '200', '12'],
    [{ ':path': '/etcdserverpb.KV/None' }, '200', '12'],
    [{ ':path': 'nonsense' }, '200', '12'],
    [{ 'x-large': 'x'.repeat(16_000), 'y-large': 'y'.repeat(100) }, '200', '0'],
  ];
  const connection = open(t);
  connection.send(hello);
  for (const [i, [change, status, grpcStatus]] of cases.entries()) {
    const streamId = 2 * i + 1;
    connection.send(headers(streamId, { ...putFields, ...change }), data(streamId, put('x')));
    await connection.until(answered(streamId));
    t.match(
      answerOf(connection.of(streamId)).fields,
      { ':status': status, 'grpc-status': grpcStatus },
      JSON.stringify(change).slice(0, 60),
    );
  }
});

t.test('the texts of refusals are those of other gRPC servers', async (t) => {
  const texts: Readonly<Record<string, string>> = {
    '/etcdserverpb.KV/Range': 'method Range not implemented',
    '/etcdserverpb.KV/None': 'unknown method None for service etcdserverpb.KV',
    '/no.Service/None': 'unknown service no.Service',
    nonsense: 'malformed method name: "nonsense"',
  };
  const connection = open(t);
  connection.send(hello);
  for (const [i, [path, text]] of Object.entries(texts).entries()) {
    const streamId = 2 * i + 1;
    connection.send(headers(streamId, { ...putFields, ':path': path }), data(streamId, put('x')));
    await connection.until(answered(streamId));
    t.equal(answerOf(connection.of(streamId)).fields['grpc-message'], text);
  }
});

t.test('a body that is not as long as was announced ends its stream', async (t) => {
  const connection = open(t);
  connection.send(hello, headers(1, { ...putFields, 'content-length': '3' }), data(1, put('longer')));
  await connection.until(wasReset(1));
  t.equal(answerOf(connection.of(1)).reset, ErrorCode.PROTOCOL_ERROR);
});

t.test('requests that are no whole message fail, and say so', async (t) => {
  const connection = open(t);
  const whole = put('x');
  const bodies = [
    Buffer.alloc(0),
    whole.subarray(0, 3),
    whole.subarray(0, -1),
    Buffer.concat([whole, whole]),
    message(Buffer.of(0xff)),
  ];
  connection.send(hello);
  for (const [i, body] of bodies.entries()) {
    const streamId = 2 * i + 1;
    connection.send(headers(streamId), data(streamId, body));
    await connection.until(answered(streamId));
    t.equal(answerOf(connection.of(streamId)).fields['grpc-status'], '13');
  }
});

t.test('a broken rule of the connection ends it, with the code of the rule', async (t) => {
  const cases: Readonly<Record<string, readonly [number, Buffer]>> = {
    'another preface': [ErrorCode.PROTOCOL_ERROR, Buffer.from('GET / HTTP/1.1\r\nhost: test\r\n\r\n')],
    'no SETTINGS first': [ErrorCode.PROTOCOL_ERROR, Buffer.concat([preface, headers(1)])],
    'a frame that is too large': [
      ErrorCode.FRAME_SIZE_ERROR,
      Buffer.concat([hello, Buffer.of(1, 0, 0, 0, 0, 0, 0, 0, 1)]),
    ],
    'DATA of no stream': [ErrorCode.PROTOCOL_ERROR, Buffer.concat([hello, data(5, put('x'))])],
    'an even stream': [ErrorCode.PROTOCOL_ERROR, Buffer.concat([hello, headers(2)])],
    'a stream that goes back': [
      ErrorCode.STREAM_CLOSED,
      Buffer.concat([hello, headers(5), data(5, put('x')), headers(3)]),
    ],
    'a frame within a header block': [
      ErrorCode.PROTOCOL_ERROR,
      Buffer.concat([hello, headers(1, putFields, 0), settings()]),
    ],
    'an index that means nothing': [
      ErrorCode.COMPRESSION_ERROR,
      Buffer.concat([hello, frame(FrameType.HEADERS, Flag.END_HEADERS, 1, Buffer.of(0xff, 0x20))]),
    ],
    'a push promise': [ErrorCode.PROTOCOL_ERROR, Buffer.concat([hello, frame(5, Flag.END_HEADERS, 1)])],
    'a window that overflows': [
      ErrorCode.FLOW_CONTROL_ERROR,
      Buffer.concat([hello, frame(FrameType.WINDOW_UPDATE, 0, 0, words(0x7fff_ffff))]),
    ],
    'a window widened by nothing': [
      ErrorCode.PROTOCOL_ERROR,
      Buffer.concat([hello, frame(FrameType.WINDOW_UPDATE, 0, 0, words(0))]),
    ],
    'a ping of a wrong size': [
      ErrorCode.FRAME_SIZE_ERROR,
      Buffer.concat([hello, frame(FrameType.PING, 0, 0, words(1))]),
    ],
    'settings of a wrong size': [
      ErrorCode.FRAME_SIZE_ERROR,
      Buffer.concat([hello, frame(FrameType.SETTINGS, 0, 0, words(1))]),
    ],
    'a setting that may not be': [ErrorCode.PROTOCOL_ERROR, Buffer.concat([preface, settings({ 5: 1 })])],
  };
  for (const [what, [code, bytes]] of Object.entries(cases)) {
    const connection = open(t);
    connection.send(bytes);
    await connection.until(({ ended }) => ended);
    t.equal(goAwayCode(connection.frames), code, what);
  }
});

t.test('a client that resets its stream aborts the handler', async (t) => {
  const began = deferred<AbortSignal>();
  const connection = open(t, {
    Put(_request, { signal }) {
      began.resolve(signal);
      return new Promise(() => undefined);
    },
  });
  connection.send(hello, headers(1), data(1, put('x')));
  const signal = await began.promise;
  connection.send(frame(FrameType.RST_STREAM, 0, 1, words(8)));
  await aborted(signal);
  t.same(connection.of(1), []);
});

t.test('a deadline is kept by the server itself', async (t) => {
  // No socket keeps this process alive meanwhile.
  const alive = setInterval(() => undefined, 1000);
  t.teardown(() => clearInterval(alive));
  const began = deferred<AbortSignal>();
  const connection = open(t, {
    Put(_request, { signal }) {
      began.resolve(signal);
      return new Promise(() => undefined);
    },
  });
  connection.send(hello, headers(1, { ...putFields, 'grpc-timeout': '20m' }), data(1, put('x')));
  await connection.until(answered(1));
  t.match(answerOf(connection.of(1)).fields, { 'grpc-status': '4', 'grpc-message': 'context deadline exceeded' });
  await aborted(await began.promise);
});

function pieces(bytes: Buffer): readonly Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / 16_384) }, (_, i) =>
    bytes.subarray(16_384 * i, 16_384 * (i + 1)),
  );
}

/** How much the server has added to a window. */
function given(connection: RawConnection, streamId: number): number {
  const updates = connection.of(streamId).filter(({ type }) => type === FrameType.WINDOW_UPDATE);
  return updates.reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
}
