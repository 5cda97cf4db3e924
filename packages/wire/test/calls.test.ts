import t from 'tap';
import {
  type CallContext,
  Encoded,
  RpcError,
  StatusCode,
  connectService,
  etcdserverpb,
  fromId,
  isRpcError,
  kvService,
  openChannel,
  pushed,
  rpcServerKinds,
  toId,
  toSafeInteger,
} from '@flotilla/wire';
import { encode, iterate, iterateAndHold, serve, statusOf } from './rpc-fixture.ts';

t.setTimeout(0);

for (const kind of rpcServerKinds) {
  t.test(`${kind}: a unary handler gets the decoded request, its own bytes and the metadata`, async (t) => {
    let seen: { key: string; bytes: Uint8Array; user: string | undefined } | undefined;
    const { kv } = await serve(t, kind, {
      kv: {
        Put(request, context: CallContext) {
          seen = {
            key: Buffer.from(request.key).toString(),
            bytes: context.requestBytes,
            user: context.metadata('user'),
          };
          return { header: { revision: 7, member_id: fromId(2n ** 62n) } };
        },
      },
    });
    const response = await kv.Put({ key: encode('a'), value: encode('b') }, { metadata: { user: 'ann' } });
    t.equal(toSafeInteger(response.header?.revision), 7);
    t.equal(toId(response.header?.member_id), 2n ** 62n);
    t.equal(seen?.key, 'a');
    t.equal(seen?.user, 'ann');
    t.same(seen?.bytes, etcdserverpb.PutRequest.encode({ key: encode('a'), value: encode('b') }).finish());
  });

  t.test(`${kind}: a response that was encoded already travels as it is`, async (t) => {
    const bytes = etcdserverpb.RangeResponse.encode({ count: 3 }).finish();
    const { kv } = await serve(t, kind, { kv: { Range: () => Promise.resolve(new Encoded(bytes)) } });
    t.equal(toSafeInteger((await kv.Range({ key: encode('a') })).count), 3);
  });

  t.test(`${kind}: an RpcError arrives with its status, text and trailers`, async (t) => {
    const { kv, bugs } = await serve(t, kind, {
      kv: {
        Put: () => {
          throw new RpcError(StatusCode.INVALID_ARGUMENT, 'etcdserver: key is not provided', {
            trailers: { 'detail-bin': encode('why') },
          });
        },
      },
    });
    const error: unknown = await kv.Put({}).catch((thrown: unknown) => thrown);
    if (!isRpcError(error)) return t.fail('an RpcError was expected');
    t.equal(error.status, StatusCode.INVALID_ARGUMENT);
    t.equal(error.message, 'etcdserver: key is not provided');
    t.same(error.trailers['detail-bin'], Buffer.from('why'));
    t.same(bugs, []);
  });

  t.test(`${kind}: any other error is INTERNAL and is reported as a bug`, async (t) => {
    const { kv, bugs } = await serve(t, kind, { kv: { Put: () => Promise.reject(new TypeError('oops')) } });
    t.equal(await statusOf(kv.Put({ key: encode('a') })), StatusCode.INTERNAL);
    t.equal(bugs[0]?.path, '/etcdserverpb.KV/Put');
  });

  t.test(`${kind}: a method without a handler answers UNIMPLEMENTED`, async (t) => {
    const { kv } = await serve(t, kind, {});
    t.equal(await statusOf(kv.Compact({ revision: 1 })), StatusCode.UNIMPLEMENTED);
  });

  t.test(
    `${kind}: a call that waits past its time-out fails with DEADLINE_EXCEEDED and aborts its handler`,
    async (t) => {
      let aborted: Promise<unknown> = Promise.resolve();
      const { kv } = await serve(t, kind, {
        kv: {
          Put(_request, { signal }) {
            aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
            return new Promise(() => undefined);
          },
        },
      });
      t.equal(await statusOf(kv.Put({ key: encode('a') }, { timeoutMs: 50 })), StatusCode.DEADLINE_EXCEEDED);
      await aborted;
    },
  );

  t.test(`${kind}: a stream of responses arrives in order and ends`, async (t) => {
    const { kv } = await serve(t, kind, {
      kv: {
        async *RangeStream() {
          for (let count = 1; count <= 3; count++) yield await Promise.resolve({ range_response: { count } });
        },
      },
    });
    const counts: number[] = [];
    for await (const { range_response } of kv.RangeStream({ key: encode('a') })) {
      counts.push(toSafeInteger(range_response?.count));
    }
    t.same(counts, [1, 2, 3]);
  });

  t.test(`${kind}: a slow reader holds up the handler instead of filling memory`, async (t) => {
    let produced = 0;
    const total = 2000;
    const blob = new Uint8Array(64 * 1024);
    const { kv } = await serve(t, kind, {
      kv: {
        async *RangeStream() {
          for (; produced < total; produced++) {
            yield await Promise.resolve({ range_response: { kvs: [{ key: blob }] } });
          }
        },
      },
    });
    const responses = kv.RangeStream({ key: encode('a') })[Symbol.asyncIterator]();
    await responses.next();
    // The handler goes on until buffers are full; then its count stands still between turns.
    let before = -1;
    while (produced !== before) {
      before = produced;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    t.ok(produced < total, `${produced} of ${total} messages were produced for one that was read`);
    await responses.return?.(undefined);
  });

  t.test(`${kind}: a bidirectional stream answers each request`, async (t) => {
    const { watch } = await serve(t, kind, {
      watch: {
        async *Watch(requests) {
          for await (const request of requests) yield { watch_id: request.cancel_request?.watch_id ?? 0 };
        },
      },
    });
    const ids: number[] = [];
    const requests = iterate({ cancel_request: { watch_id: 4 } }, { cancel_request: { watch_id: 5 } });
    for await (const { watch_id } of watch.Watch(requests)) ids.push(toSafeInteger(watch_id));
    t.same(ids, [4, 5]);
  });

  t.test(`${kind}: a pushed handler answers from a sink, and takes each request without iterating`, async (t) => {
    const { watch, bugs } = await serve(t, kind, {
      watch: {
        Watch: pushed(async (requests, sink) => {
          await requests.forEach(({ cancel_request }) => sink.write({ watch_id: cancel_request?.watch_id ?? 0 }));
          sink.write(new Encoded(etcdserverpb.WatchResponse.encode({ watch_id: 9 }).finish()));
          sink.end();
        }),
      },
    });
    const ids: number[] = [];
    const requests = iterate({ cancel_request: { watch_id: 4 } }, { cancel_request: { watch_id: 5 } });
    for await (const { watch_id } of watch.Watch(requests)) ids.push(toSafeInteger(watch_id));
    t.same(ids, [4, 5, 9]);
    t.same(bugs, []);
  });

  t.test(`${kind}: a pushed handler that fails ends its call with the status of its error`, async (t) => {
    const refuse = (): never => {
      throw new RpcError(StatusCode.FAILED_PRECONDITION, 'no');
    };
    const { watch, kv } = await serve(t, kind, {
      watch: { Watch: pushed(async (requests) => await requests.forEach(refuse)) },
      kv: { RangeStream: pushed((_request, sink) => sink.end(new RpcError(StatusCode.NOT_FOUND, 'none'))) },
    });
    const drain = async (responses: AsyncIterable<unknown>): Promise<void> => {
      for await (const _ of responses) t.fail('no response was expected');
    };
    t.equal(await statusOf(drain(watch.Watch(iterate({ progress_request: {} })))), StatusCode.FAILED_PRECONDITION);
    t.equal(await statusOf(drain(kv.RangeStream({ key: encode('a') }))), StatusCode.NOT_FOUND);
  });

  t.test(`${kind}: a client that leaves a stream aborts its handler and ends its requests`, async (t) => {
    let finished: () => void = () => undefined;
    const handlerFinished = new Promise<void>((resolve) => {
      finished = resolve;
    });
    const { watch, bugs } = await serve(t, kind, {
      watch: {
        async *Watch(requests) {
          for await (const request of requests) yield { watch_id: request.cancel_request?.watch_id ?? 0 };
          finished();
        },
      },
    });
    const controller = new AbortController();
    const requests = iterateAndHold(controller.signal, { cancel_request: { watch_id: 1 } });
    for await (const response of watch.Watch(requests)) {
      t.equal(toSafeInteger(response.watch_id), 1);
      break;
    }
    await handlerFinished;
    controller.abort();
    t.same(bugs, []);
  });

  t.test(`${kind}: an aborted signal cancels a stream of the client`, async (t) => {
    const { watch } = await serve(t, kind, {
      watch: {
        async *Watch(requests) {
          for await (const _request of requests) yield { watch_id: 1 };
        },
      },
    });
    const controller = new AbortController();
    const requests = iterateAndHold(controller.signal, { progress_request: {} });
    const read = async (): Promise<void> => {
      for await (const _response of watch.Watch(requests, { signal: controller.signal })) controller.abort();
    };
    t.equal(await statusOf(read()), StatusCode.CANCELLED);
  });
}

t.test('a target that refuses connections fails the call as UNAVAILABLE', async (t) => {
  const channel = openChannel({ target: '127.0.0.1:1' });
  t.teardown(() => channel.close());
  t.equal(await statusOf(connectService(channel, kvService).Range({ key: encode('a') })), StatusCode.UNAVAILABLE);
});
