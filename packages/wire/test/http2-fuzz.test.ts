/** Our own server against bytes that no client would send, and against fields as other encoders write them. */
import http2 from 'node:http2';
import fc from 'fast-check';
import t from 'tap';
import { createRpcServer, etcdserverpb, kvService, watchService } from '@flotilla/wire';
import {
  Flag,
  FrameType,
  answerOf,
  connectRaw,
  data,
  frame,
  headers,
  message,
  preface,
  putFields,
  settings,
  words,
} from './raw-client.ts';
import { serve } from './rpc-fixture.ts';

t.setTimeout(0);

const put = message(etcdserverpb.PutRequest.encode({ value: Buffer.from('value') }).finish());

/** What a well-behaved client might send, a frame an element. */
const goodFrames: readonly Buffer[] = [
  settings({ 4: 100_000 }),
  headers(1),
  data(1, put),
  frame(FrameType.PING, 0, 0, Buffer.alloc(8)),
  frame(FrameType.WINDOW_UPDATE, 0, 0, words(1000)),
  headers(3, putFields, 0),
  frame(FrameType.CONTINUATION, Flag.END_HEADERS, 3),
  data(3, put.subarray(0, 4), 0),
  data(3, put.subarray(4)),
  headers(5, { ...putFields, ':path': '/etcdserverpb.Watch/Watch' }),
  data(5, message(etcdserverpb.WatchRequest.encode({ progress_request: {} }).finish()), 0),
  frame(FrameType.RST_STREAM, 0, 5, words(8)),
  headers(7, { ...putFields, 'grpc-encoding': 'gzip', 'grpc-timeout': '1H' }),
  data(7, Buffer.concat([Buffer.of(1), put.subarray(1)])),
];

const anyFrame = fc
  .record({
    type: fc.nat({ max: 11 }),
    flags: fc.nat({ max: 255 }),
    streamId: fc.nat({ max: 9 }),
    payload: fc.uint8Array({ maxLength: 40 }),
  })
  .map(({ type, flags, streamId, payload }) => frame(type, flags, streamId, payload));

/** The good frames, some of them dropped, repeated, moved, replaced or damaged. */
const session = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...goodFrames) },
      { weight: 2, arbitrary: anyFrame },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) },
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.constantFrom(...goodFrames), fc.nat(), fc.nat({ max: 255 }))
          .map(([good, at, byte]) => Buffer.from(good).fill(byte, at % good.length, (at % good.length) + 1)),
      },
    ),
    { maxLength: 40 },
  )
  .map((frames) => Buffer.concat([preface, settings(), ...frames]));

const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 8 });

t.test('no bytes crash the server, confuse other connections or make it write without end', async (t) => {
  const server = createRpcServer('flotilla', {
    maxReceiveBytes: 1_000_000,
    onBug: (_path, error) => {
      throw error;
    },
  });
  server.add(kvService, { Put: ({ value }) => ({ prev_kv: { value } }) });
  server.add(watchService, {
    async *Watch(requests) {
      for await (const _ of requests) yield {};
    },
  });
  const whole = Buffer.concat([preface, settings(), headers(1), data(1, put)]);
  await fc.assert(
    fc.asyncProperty(session, cuts, async (bytes, lengths) => {
      const connection = connectRaw(server);
      let at = 0;
      for (const length of lengths) {
        connection.send(bytes.subarray(at, at + length));
        at += length;
        await new Promise((resolve) => setImmediate(resolve));
      }
      connection.send(bytes.subarray(at));
      await new Promise((resolve) => setImmediate(resolve));
      const written = connection.frames.reduce((sum, { payload }) => sum + 9 + payload.length, 0);
      connection.close();
      const other = connectRaw(server);
      other.send(whole);
      await other.until(({ of }) => answerOf(of(1)).ended);
      const { fields } = answerOf(other.of(1));
      other.close();
      return fields['grpc-status'] === '0' && written < 1000 + 20 * bytes.length;
    }),
    { numRuns: 500 },
  );
  t.pass();
});

t.test("fields arrive as Node's encoder wrote them, whatever its table does", async (t) => {
  let seen: (key: string) => string | undefined = () => undefined;
  const { port } = await serve(t, 'flotilla', {
    kv: {
      Put(_request, context) {
        seen = (key) => context.metadata(key);
        return {};
      },
    },
  });
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.teardown(() => session.destroy());
  const call = (fields: Readonly<Record<string, string>>): Promise<string> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ...putFields, ':authority': `127.0.0.1:${port}`, ...fields });
      stream.on('trailers', (trailers) => resolve(String(trailers['grpc-status'])));
      stream.on('error', reject);
      stream.resume();
      stream.end(put);
    });
  const name = fc.stringMatching(/^[a-z0-9-]{1,20}$/).map((text) => `x-${text}`);
  // The whole of latin1 but control characters; no white space at the ends.
  const value = fc
    .array(
      fc.integer({ min: 0x20, max: 0xff }).filter((code) => code < 0x7f || code > 0x9f),
      { maxLength: 300 },
    )
    .map((codes) => String.fromCharCode(...codes).replace(/^[\s\u00a0]+|[\s\u00a0]+$/g, ''));
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 12 }), async (fields) => {
      const usable = Object.fromEntries(Object.entries(fields).filter(([key]) => !key.endsWith('-bin')));
      if ((await call(usable)) !== '0') return false;
      return Object.entries(usable).every(([key, text]) => seen(key) === text);
    }),
    { numRuns: 150 },
  );
  t.pass();
});
