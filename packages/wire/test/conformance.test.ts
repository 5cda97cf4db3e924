/** The cases of gRPC's interoperability tests that apply to our kinds of calls, over each server, with grpc-js as the client. */
import * as grpcjs from '@grpc/grpc-js';
import t, { type Test } from 'tap';
import {
  type CallContext,
  RpcError,
  type RpcServerKind,
  StatusCode,
  etcdserverpb,
  isRpcError,
  kvService,
  pushed,
  rpcServerKinds,
  toSafeInteger,
} from '@flotilla/wire';
import {
  type Fixture,
  type Teardown,
  aborted,
  collect,
  deferred,
  encode,
  iterate,
  iterateAndHold,
  serve,
  statusOf,
} from './rpc-fixture.ts';

t.setTimeout(0);

/** A put whose previous value is the value that was put: an echo. */
const echo = { Put: ({ value }: { value: Uint8Array }) => ({ prev_kv: { value } }) };

const sizes = [31_415, 9, 2653, 58_979];

/** A client of its own, with options that channels don't have. */
function rawClient(t: Teardown, { port }: Fixture, options: grpcjs.ClientOptions): grpcjs.Client {
  const client = new grpcjs.Client(`127.0.0.1:${port}`, grpcjs.credentials.createInsecure(), options);
  t.teardown(() => client.close());
  return client;
}

interface RawAnswer {
  readonly status: number;
  readonly details: string;
  readonly size: number;
}

function rawPut(
  client: grpcjs.Client,
  value: Uint8Array,
  { path = kvService.Put.path, metadata = new grpcjs.Metadata() }: { path?: string; metadata?: grpcjs.Metadata } = {},
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      (request: etcdserverpb.PutRequest.$Properties) => Buffer.from(etcdserverpb.PutRequest.encode(request).finish()),
      (bytes: Buffer) => etcdserverpb.PutResponse.decode(bytes),
      { value },
      metadata,
      (error, response) => {
        const { code, details } = error ?? { code: 0, details: '' };
        resolve({ status: code, details, size: response?.prev_kv?.value?.length ?? 0 });
      },
    );
  });
}

for (const kind of rpcServerKinds) t.test(kind, async (t) => await conformance(t, kind));

async function conformance(t: Test, kind: RpcServerKind): Promise<void> {
  await t.test('empty_unary', async (t) => {
    const { kv } = await serve(t, kind, { kv: { Put: () => ({}) } });
    t.same(await kv.Put({}), etcdserverpb.PutResponse.create());
  });

  await t.test('large_unary', async (t) => {
    const response = Buffer.alloc(314_159, 1);
    let size = 0;
    const { kv } = await serve(t, kind, {
      kv: {
        Put({ value }) {
          size = value.length;
          return { prev_kv: { value: response } };
        },
      },
    });
    const { prev_kv } = await kv.Put({ value: Buffer.alloc(271_828, 2) });
    t.equal(size, 271_828);
    t.ok(response.equals(prev_kv?.value ?? Buffer.alloc(0)));
  });

  await t.test('server_streaming', async (t) => {
    const { kv } = await serve(t, kind, {
      kv: {
        async *RangeStream() {
          for (const size of sizes)
            yield await Promise.resolve({ range_response: { kvs: [{ key: Buffer.alloc(size) }] } });
        },
      },
    });
    const responses = await collect(kv.RangeStream({ key: encode('a') }));
    t.same(
      responses.map(({ range_response }) => range_response?.kvs?.[0]?.key?.length),
      sizes,
    );
  });

  await t.test('client_streaming: many requests, one answer at their end', async (t) => {
    const { watch } = await serve(t, kind, {
      watch: {
        Watch: pushed(async (requests, sink) => {
          let sum = 0;
          await requests.forEach(({ create_request }) => {
            sum += create_request?.key?.length ?? 0;
          });
          sink.write({ watch_id: sum });
          sink.end();
        }),
      },
    });
    const requests = iterate(...sizes.map((size) => ({ create_request: { key: Buffer.alloc(size) } })));
    const [response, ...more] = await collect(watch.Watch(requests));
    t.equal(toSafeInteger(response?.watch_id), 31_415 + 9 + 2653 + 58_979);
    t.same(more, []);
  });

  await t.test('ping_pong', async (t) => {
    const { watch } = await serve(t, kind, {
      watch: {
        async *Watch(requests) {
          for await (const { create_request } of requests) {
            yield { cancel_reason: 'x'.repeat(create_request?.key?.length ?? 0) };
          }
        },
      },
    });
    const received: number[] = [];
    let turn = deferred();
    async function* requests(): AsyncGenerator<etcdserverpb.WatchRequest.$Properties, void> {
      for (const size of sizes) {
        turn = deferred();
        yield { create_request: { key: Buffer.alloc(size) } };
        await turn.promise;
      }
    }
    for await (const { cancel_reason } of watch.Watch(requests())) {
      received.push(cancel_reason?.length ?? 0);
      turn.resolve();
    }
    t.same(received, sizes);
  });

  await t.test('empty_stream', async (t) => {
    const { watch } = await serve(t, kind, {
      watch: {
        async *Watch(requests) {
          for await (const _ of requests) yield {};
        },
      },
    });
    t.same(await collect(watch.Watch(iterate())), []);
  });

  await t.test('cancel_after_begin', async (t) => {
    const began = deferred<AbortSignal>();
    const { watch, bugs } = await serve(t, kind, {
      watch: {
        Watch: pushed((_requests, sink, { signal }) => {
          began.resolve(signal);
          signal.addEventListener('abort', () => sink.end(), { once: true });
        }),
      },
    });
    const controller = new AbortController();
    const call = collect(watch.Watch(iterateAndHold(controller.signal), { signal: controller.signal }));
    const signal = await began.promise;
    t.equal(signal.aborted, false);
    controller.abort();
    t.equal(await statusOf(call), StatusCode.CANCELLED);
    await aborted(signal);
    t.same(bugs, []);
  });

  await t.test('cancel_after_first_response', async (t) => {
    const over = deferred<AbortSignal>();
    const { watch } = await serve(t, kind, {
      watch: {
        async *Watch(requests, { signal }) {
          for await (const _ of requests) yield { watch_id: 1 };
          over.resolve(signal);
        },
      },
    });
    const controller = new AbortController();
    const responses = watch.Watch(iterateAndHold(controller.signal, {}), { signal: controller.signal });
    const read = async (): Promise<void> => {
      for await (const _ of responses) controller.abort();
    };
    t.equal(await statusOf(read()), StatusCode.CANCELLED);
    await aborted(await over.promise);
  });

  await t.test('cancelling a unary call aborts its handler, whose late answer harms nothing', async (t) => {
    const began = deferred<AbortSignal>();
    const late = deferred();
    const { kv, bugs } = await serve(t, kind, {
      kv: {
        async Range(_request, { signal }) {
          began.resolve(signal);
          await late.promise;
          return {};
        },
        ...echo,
      },
    });
    const controller = new AbortController();
    const call = kv.Range({}, { signal: controller.signal });
    const signal = await began.promise;
    controller.abort();
    t.equal(await statusOf(call), StatusCode.CANCELLED);
    await aborted(signal);
    late.resolve();
    t.equal((await kv.Put({ value: encode('x') })).prev_kv?.value?.length, 1);
    t.same(bugs, []);
  });

  await t.test('timeout_on_sleeping_server', async (t) => {
    let began: AbortSignal | undefined;
    const { watch } = await serve(t, kind, {
      watch: {
        Watch: pushed((_requests, sink, { signal }) => {
          began = signal;
          signal.addEventListener('abort', () => sink.end(), { once: true });
        }),
      },
    });
    const controller = new AbortController();
    // On a busy machine the time may be over before the server hears of the call.
    for (let timeoutMs = 40; !began; timeoutMs *= 2) {
      const call = collect(watch.Watch(iterateAndHold(controller.signal), { timeoutMs }));
      t.equal(await statusOf(call), StatusCode.DEADLINE_EXCEEDED);
    }
    await aborted(began);
    controller.abort();
  });

  await t.test('status_code_and_message, and special_status_message', async (t) => {
    for (const message of [
      'test status message',
      '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n',
      '100 %',
    ]) {
      const refuse = (): never => {
        throw new RpcError(StatusCode.UNKNOWN, message);
      };
      const { kv, bugs } = await serve(t, kind, {
        kv: {
          Put: refuse,
          async *RangeStream() {
            yield await Promise.resolve({});
            refuse();
          },
        },
      });
      t.match(await kv.Put({}).catch((error: unknown) => error), { status: StatusCode.UNKNOWN, message });
      const streaming = collect(kv.RangeStream({})).catch((error: unknown) => error);
      t.match(await streaming, { status: StatusCode.UNKNOWN, message });
      t.same(bugs, []);
    }
  });

  await t.test('unimplemented_method, unimplemented_service', async (t) => {
    const fixture = await serve(t, kind, { kv: echo });
    const client = rawClient(t, fixture, {});
    for (const path of ['/etcdserverpb.KV/Range', '/etcdserverpb.KV/Nothing', '/no.such.Service/Put']) {
      t.match(await rawPut(client, encode('x'), { path }), { status: StatusCode.UNIMPLEMENTED }, path);
    }
    t.match(await rawPut(client, encode('x')), { status: StatusCode.OK, size: 1 }, 'the connection goes on');
  });

  await t.test('custom_metadata: what the client sends is read, trailers come back', async (t) => {
    let context: Pick<CallContext, 'metadata'> | undefined;
    const trailers = { 'x-echo-trailing': 'text', 'x-echo-trailing-bin': Uint8Array.of(0xab, 0xab, 0xab, 0, 255) };
    const fixture = await serve(t, kind, {
      kv: {
        Put(_request, given) {
          context = given;
          throw new RpcError(StatusCode.ABORTED, 'see the trailers', { trailers });
        },
      },
    });
    const metadata = new grpcjs.Metadata();
    metadata.set('x-echo-initial', 'test_initial_metadata_value');
    metadata.set('x-echo-bin', Buffer.from('bytes, ☺'));
    t.match(await rawPut(rawClient(t, fixture, {}), encode('x'), { metadata }), { status: StatusCode.ABORTED });
    t.equal(context?.metadata('x-echo-initial'), 'test_initial_metadata_value');
    t.equal(context?.metadata('x-echo-bin'), 'bytes, ☺');
    t.equal(context?.metadata('x-absent'), undefined);
    const error: unknown = await fixture.kv.Put({}).catch((thrown: unknown) => thrown);
    if (!isRpcError(error)) return t.fail('an RpcError was expected');
    t.equal(error.trailers['x-echo-trailing'], 'text');
    t.same(error.trailers['x-echo-trailing-bin'], Buffer.from(trailers['x-echo-trailing-bin']));
  });

  await t.test('client_compressed_unary', async (t) => {
    const fixture = await serve(t, kind, { kv: echo });
    for (const algorithm of [grpcjs.compressionAlgorithms.gzip, grpcjs.compressionAlgorithms.deflate]) {
      const client = rawClient(t, fixture, { 'grpc.default_compression_algorithm': algorithm });
      for (const size of [0, 10, 271_828]) {
        t.match(await rawPut(client, Buffer.alloc(size, 3)), { status: StatusCode.OK, size });
      }
    }
  });

  await t.test('messages above the limit are refused, compressed or not, and the connection goes on', async (t) => {
    const fixture = await serve(t, kind, { kv: echo }, { maxReceiveBytes: 100_000 });
    const plain = rawClient(t, fixture, {});
    const gzip = rawClient(t, fixture, { 'grpc.default_compression_algorithm': grpcjs.compressionAlgorithms.gzip });
    for (const client of [plain, gzip]) {
      const tooLarge = await rawPut(client, Buffer.alloc(100_001));
      t.match(tooLarge, { status: StatusCode.RESOURCE_EXHAUSTED, details: /larger than/ });
      t.match(await rawPut(client, Buffer.alloc(99_000)), { status: StatusCode.OK, size: 99_000 });
    }
  });

  await t.test('four hundred streams on one connection, each answered in order', async (t) => {
    const { watch } = await serve(t, kind, {
      watch: {
        Watch: pushed(async (requests, sink) => {
          await requests.forEach(({ cancel_request }) => sink.write({ watch_id: cancel_request?.watch_id ?? 0 }));
          sink.end();
        }),
      },
    });
    const ids = async (stream: number): Promise<number[]> => {
      const requests = iterate({ cancel_request: { watch_id: stream } }, { cancel_request: { watch_id: stream + 1 } });
      return (await collect(watch.Watch(requests))).map(({ watch_id }) => toSafeInteger(watch_id));
    };
    const all = await Promise.all(Array.from({ length: 400 }, (_, stream) => ids(stream)));
    t.ok(
      all.every(([first, second, ...more], stream) => first === stream && second === stream + 1 && more.length === 0),
    );
  });

  await t.test('a thousand calls at once get their own answers', async (t) => {
    const { kv } = await serve(t, kind, { kv: echo });
    const values = Array.from({ length: 1000 }, (_, i) => encode(`value ${i}`));
    const answers = await Promise.all(values.map((value) => kv.Put({ value })));
    t.ok(answers.every(({ prev_kv }, i) => Buffer.from(values[i] ?? []).equals(prev_kv?.value ?? Buffer.alloc(0))));
  });

  await t.test('a handler that takes nothing holds up its client', async (t) => {
    const began = deferred();
    const release = deferred();
    const { watch } = await serve(t, kind, {
      watch: {
        Watch: pushed(async (requests, sink) => {
          began.resolve();
          await release.promise;
          let count = 0;
          await requests.forEach(() => void count++);
          sink.write({ watch_id: count });
          sink.end();
        }),
      },
    });
    const total = 400;
    let produced = 0;
    async function* requests(): AsyncGenerator<etcdserverpb.WatchRequest.$Properties, void> {
      for (; produced < total; produced++)
        yield await Promise.resolve({ create_request: { key: Buffer.alloc(64 * 1024) } });
    }
    const answer = collect(watch.Watch(requests()));
    await began.promise;
    // The client goes on until windows are full; then its count stands still between turns.
    for (let before = -1; produced !== before;) {
      before = produced;
      for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    t.ok(produced < total, `${produced} of ${total} requests were sent to a handler that took none`);
    release.resolve();
    t.equal(toSafeInteger((await answer)[0]?.watch_id), total);
  });

  await t.test('a server that closes lets calls under way finish and takes no more', async (t) => {
    const began = deferred();
    const release = deferred();
    const { kv, server, listener } = await serve(t, kind, {
      kv: {
        async Range() {
          began.resolve();
          await release.promise;
          return { count: 7 };
        },
        ...echo,
      },
    });
    const call = kv.Range({});
    await began.promise;
    listener.close();
    const closed = server.close(60_000);
    // What was on its way is still served.
    let status: unknown;
    do status = await statusOf(kv.Put({}));
    while (typeof status !== 'number');
    t.equal(status, StatusCode.UNAVAILABLE);
    release.resolve();
    t.equal(toSafeInteger((await call).count), 7);
    await closed;
  });

  await t.test('a server that closes ends what lasts longer than the grace, and tells the handlers', async (t) => {
    const began = deferred<AbortSignal>();
    const { watch, server, listener } = await serve(t, kind, {
      watch: {
        Watch: pushed((_requests, sink, { signal }) => {
          began.resolve(signal);
          sink.write({ watch_id: 1 });
          signal.addEventListener('abort', () => sink.end(), { once: true });
        }),
      },
    });
    const controller = new AbortController();
    const responses = watch.Watch(iterateAndHold(controller.signal))[Symbol.asyncIterator]();
    await responses.next();
    listener.close();
    await server.close(20);
    const status = await statusOf(responses.next());
    t.ok(status === StatusCode.UNAVAILABLE || status === StatusCode.CANCELLED, `status ${String(status)}`);
    await aborted(await began.promise);
    controller.abort();
  });

  await t.test('calls are counted when their handlers begin and end', async (t) => {
    const counts: string[] = [];
    const fixture = await serve(
      t,
      kind,
      {
        kv: {
          ...echo,
          Range: () => Promise.reject(new RpcError(StatusCode.NOT_FOUND, 'none')),
          async *RangeStream() {
            yield await Promise.resolve({});
          },
        },
        watch: {
          async *Watch(requests) {
            for await (const _ of requests) yield {};
            throw new RpcError(StatusCode.ABORTED, 'no');
          },
        },
      },
      {
        observe: ({ path }) => ({
          started: () => counts.push(`${path.split('/').at(-1)} started`),
          received: () => counts.push(`${path.split('/').at(-1)} received`),
          sent: (count) => counts.push(`${path.split('/').at(-1)} sent ${count}`),
          ended: (status) => counts.push(`${path.split('/').at(-1)} ${status}`),
        }),
      },
    );
    await fixture.kv.Put({ value: encode('x') });
    await statusOf(fixture.kv.Range({}));
    await collect(fixture.kv.RangeStream({}));
    await statusOf(collect(fixture.watch.Watch(iterate({}))));
    await statusOf(fixture.kv.Compact({}));
    const unary = ['Put started', 'Put 0', 'Range started', 'Range 5'];
    const stream = ['RangeStream started', 'RangeStream sent 1', 'RangeStream 0'];
    t.same(counts, [...unary, ...stream, 'Watch started', 'Watch received', 'Watch sent 1', 'Watch 10']);
  });
}
