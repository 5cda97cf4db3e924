/** Answers of many parts, larger than a window, a frame and what a socket takes at once, arrive whole. */
import { once } from 'node:events';
import http2 from 'node:http2';
import t from 'tap';
import { Encoded, etcdserverpb, rpcServerKinds, toSafeInteger } from '@flotilla/wire';
import { encode, serve } from './rpc-fixture.ts';

t.setTimeout(0);

const { RangeRequest, RangeResponse } = etcdserverpb;
const largestWindow = 2 ** 31 - 1;

/** So many keys, a part each, and the count in a part of its own. */
function answerOf(keys: number, valueBytes: number): Encoded {
  const value = Buffer.alloc(valueBytes, 'v');
  const kvs = Array.from({ length: keys }, (_, i) =>
    RangeResponse.encode({ kvs: [{ key: encode(`key ${i}`), value }] }).finish(),
  );
  return new Encoded(...kvs, RangeResponse.encode({ count: keys }).finish());
}

for (const kind of rpcServerKinds) {
  t.test(`${kind}: the parts of an answer are one message`, async (t) => {
    for (const [keys, valueBytes] of [
      [3, 10],
      [200, 10_000],
      [2, 1_000_000],
    ] as const) {
      const { kv } = await serve(t, kind, { kv: { Range: () => Promise.resolve(answerOf(keys, valueBytes)) } });
      const { kvs, count } = await kv.Range({ key: encode('a') });
      t.equal(toSafeInteger(count), keys);
      t.ok(
        kvs.every(
          ({ key, value }, i) => Buffer.from(key ?? []).toString() === `key ${i}` && value?.length === valueBytes,
        ),
      );
    }
  });
}

t.test('a client that gives every window and reads late gets all of a large answer, then its status', async (t) => {
  const answer = answerOf(100, 500_000);
  const { port } = await serve(t, 'flotilla', { kv: { Range: () => Promise.resolve(answer) } });
  const session = http2.connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: largestWindow } });
  t.teardown(() => session.close());
  await once(session, 'connect');
  session.setLocalWindowSize(largestWindow);
  const call = session.request({
    ':method': 'POST',
    ':path': '/etcdserverpb.KV/Range',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const request = RangeRequest.encode({ key: encode('a') }).finish();
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(request.length, 1);
  call.end(Buffer.concat([prefix, request]));
  await once(call, 'response');
  let status: unknown;
  call.on('trailers', (trailers: http2.IncomingHttpHeaders) => {
    status = trailers['grpc-status'];
  });
  const chunks: Buffer[] = [];
  for await (const chunk of call) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  t.equal(body.readUInt32BE(1), body.length - 5);
  t.ok(body.subarray(5).equals(answer.bytes));
  t.equal(status, '0');
});
