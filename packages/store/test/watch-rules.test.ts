/** The rules of Watch, one by one (etcd's documented behaviour). */
import t from 'tap';
import { clampInteger, etcdserverpb } from '@flotilla/wire';
import { type Store, createStore } from '@flotilla/store';
import { entryData, execute, nextEntry } from './server.ts';
import { type WatchResponse, createTestHub } from './watching.ts';

const b = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const everything = { key: b('\0'), range_end: b('\0') };

const put = (store: Store, key: string, value = '') =>
  execute(store, { type: 'put', request: { key: b(key), value: b(value) } });
const remove = (store: Store, key: string) => execute(store, { type: 'deleteRange', request: { key: b(key) } });
const compact = (store: Store, revision: number) => execute(store, { type: 'compact', request: { revision } });

/** A response in one line: revision, id, what it says, events. */
function line(response: WatchResponse): string {
  const flags = [
    response.created ? 'created' : '',
    response.canceled ? 'canceled' : '',
    response.fragment ? 'fragment' : '',
    response.cancel_reason,
    clampInteger(response.compact_revision) > 0 ? `compacted ${clampInteger(response.compact_revision)}` : '',
    ...response.events.map(eventText),
  ];
  return [`${clampInteger(response.header?.revision)} #${clampInteger(response.watch_id)}`, ...flags]
    .filter(Boolean)
    .join(' ');
}

function eventText({ type, kv, prev_kv }: WatchResponse['events'][number]): string {
  const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('latin1');
  const before = prev_kv ? `<${text(prev_kv.value)}>` : '';
  return `${type === 1 ? '-' : '+'}${text(kv?.key)}=${text(kv?.value)}${before}@${clampInteger(kv?.mod_revision)}`;
}

function setup(options: Parameters<typeof createTestHub>[1] = {}) {
  const store = createStore();
  const test = createTestHub(store, options);
  const stream = test.open();
  const lines = async (): Promise<string[]> => (await stream.all()).map(line);
  return { store, test, stream, lines };
}

t.test('the server picks the next free id from 0, a client any other', async (t) => {
  const { stream, lines } = setup();
  stream.create(everything);
  stream.create({ ...everything, watch_id: 1 });
  stream.create(everything);
  stream.create({ ...everything, watch_id: 2 });
  t.same(await lines(), [
    '1 #0 created',
    '1 #1 created',
    '1 #2 created',
    '1 #-1 created canceled mvcc: duplicate watch ID provided on the WatchStream',
  ]);
});

t.test('an empty interval and a negative start are refused with id -1', async (t) => {
  const { stream, lines } = setup();
  stream.create({ key: b('b'), range_end: b('a') });
  stream.create({ key: b('b'), range_end: b('b') });
  stream.create({ key: b('b'), start_revision: -1 });
  t.same(await lines(), [
    '1 #-1 created canceled mvcc: watcher range is empty',
    '1 #-1 created canceled mvcc: watcher range is empty',
    '1 #-1 created canceled etcdserver: mvcc: required revision has been compacted',
  ]);
});

t.test('an empty key is the smallest, and a range_end of a zero byte is everything from the key', async (t) => {
  const { store, stream, lines } = setup();
  stream.create({ key: b(''), range_end: b('\0') });
  stream.create({ key: b('b'), range_end: b('\0') });
  put(store, 'a');
  put(store, 'c');
  t.same((await lines()).slice(2), ['2 #0 +a=@2', '3 #0 +c=@3', '3 #1 +c=@3']);
});

t.test('a watch of start 0 begins after the created header', async (t) => {
  const { store, stream, lines } = setup();
  put(store, 'a', '1');
  stream.create({ key: b('a') });
  put(store, 'a', '2');
  put(store, 'b');
  t.same(await lines(), ['2 #0 created', '3 #0 +a=2@3']);
});

t.test('a watch from an old revision is caught up, with the newest revision in the header', async (t) => {
  const { store, test, stream, lines } = setup();
  for (const value of ['1', '2', '3']) put(store, 'a', value);
  remove(store, 'a');
  stream.create({ key: b('a'), start_revision: 3 });
  t.same(await lines(), ['5 #0 created']);
  test.runSlices();
  t.same(await lines(), ['5 #0 +a=2@3 +a=3@4 -a=@5']);
  put(store, 'a', '4');
  t.same(await lines(), ['6 #0 +a=4@6']);
});

t.test('a start in the future sees only what comes from there', async (t) => {
  const { store, stream, lines } = setup();
  stream.create({ key: b('a'), start_revision: 4 });
  for (const value of ['2', '3', '4']) put(store, 'a', value);
  t.same(await lines(), ['1 #0 created', '4 #0 +a=4@4']);
});

t.test('a compacted start is created first, then cancelled without reason and revision', async (t) => {
  const { store, test, stream, lines } = setup();
  for (const value of ['1', '2', '3']) put(store, 'a', value);
  compact(store, 3);
  stream.create({ key: b('a'), start_revision: 2 });
  stream.create({ key: b('a'), start_revision: 3 });
  test.runSlices();
  t.same(await lines(), ['4 #0 created', '4 #1 created', '0 #0 canceled compacted 3', '4 #1 +a=2@3 +a=3@4']);
  t.equal(test.hub.watcherCount, 1);
});

t.test('a client cancels a watch once; an unknown id has no answer', async (t) => {
  const { store, stream, lines } = setup();
  stream.create({ key: b('a') });
  stream.cancel(7);
  stream.cancel(0);
  stream.cancel(0);
  put(store, 'a');
  t.same(await lines(), ['1 #0 created', '1 #0 canceled']);
});

t.test('an invalid request is ignored', async (t) => {
  const { stream, lines } = setup();
  stream.stream.receive({});
  stream.create({ key: b('a') });
  t.same(await lines(), ['1 #0 created']);
});

t.test('prev_kv is the value before the revision, absent for a create and where it is compacted', async (t) => {
  const { store, test, stream, lines } = setup();
  stream.create({ key: b('a'), prev_kv: true });
  put(store, 'a', '1');
  put(store, 'a', '2');
  remove(store, 'a');
  t.same(await lines(), ['1 #0 created', '2 #0 +a=1@2', '3 #0 +a=2<1>@3', '4 #0 -a=<2>@4']);
  compact(store, 3);
  stream.create({ key: b('a'), prev_kv: true, start_revision: 3 });
  test.runSlices();
  t.same((await lines()).slice(1), ['4 #1 +a=2@3 -a=<2>@4']);
});

t.test('filters drop puts or deletes, and an empty batch is not sent', async (t) => {
  const { store, test, stream, lines } = setup();
  const { NOPUT, NODELETE } = etcdserverpb.WatchCreateRequest.FilterType;
  stream.create({ key: b('a'), filters: [NOPUT] });
  stream.create({ key: b('a'), filters: [NODELETE] });
  put(store, 'a');
  remove(store, 'a');
  test.runSlices();
  t.same((await lines()).slice(2), ['2 #1 +a=@2', '3 #0 -a=@3']);
});

t.test('a revision of several changes is one response, in order of the changes', async (t) => {
  const { store, stream, lines } = setup();
  stream.create(everything);
  const puts = ['b', 'a', 'c'].map((key) => ({ request_put: { key: b(key) } }));
  execute(store, { type: 'txn', request: { success: puts } });
  execute(store, { type: 'deleteRange', request: everything });
  t.same((await lines()).slice(1), ['2 #0 +b=@2 +a=@2 +c=@2', '3 #0 -a=@3 -b=@3 -c=@3']);
});

t.test('a revision is one response however large, and revisions beside it go separately', async (t) => {
  const { store, test, stream } = setup();
  const value = b('x'.repeat(300 * 1024));
  const puts = ['a', 'b', 'c'].map((key) => ({ request_put: { key: b(key), value } }));
  for (let i = 0; i < 2; i++) execute(store, { type: 'txn', request: { success: puts } });
  stream.create({ ...everything, start_revision: 1 });
  test.runSlices();
  t.same(
    (await stream.all()).map(({ events }) => events.length),
    [0, 3, 3],
  );
});

t.test('the events of one call of apply leave together, under the revision of the last', async (t) => {
  const { store, stream, lines } = setup();
  stream.create(everything);
  const entries = ['a', 'b'].map((key, i) => nextEntry(store, entryData('put', { key: b(key) }), i));
  store.apply(entries);
  t.same((await lines()).slice(1), ['3 #0 +a=@2 +b=@3']);
});

t.test('large responses are fragmented only for those who ask, and only between events', async (t) => {
  const { store, test } = setup();
  const stream = test.open(100);
  stream.create({ ...everything, fragment: true });
  stream.create(everything);
  const value = b('x'.repeat(60));
  const puts = ['a', 'b', 'c'].map((key) => ({ request_put: { key: b(key), value } }));
  execute(store, { type: 'txn', request: { success: puts } });
  const shapes = (await stream.all())
    .slice(2)
    .map(({ watch_id, fragment, events }) => [Number(watch_id), fragment, events.length]);
  t.same(shapes, [
    [0, true, 1],
    [0, true, 1],
    [0, false, 1],
    [1, false, 3],
  ]);
});

t.test('progress on request has id -1, and comes only when every watcher of the stream is synced', async (t) => {
  const { store, test, stream, lines } = setup();
  stream.requestProgress();
  t.same(await lines(), [], 'none without watchers');
  put(store, 'a');
  stream.create({ key: b('a') });
  stream.requestProgress();
  t.same(await lines(), ['2 #0 created', '2 #-1']);
  stream.create({ key: b('a'), start_revision: 1 });
  stream.requestProgress();
  t.same(await lines(), ['2 #1 created'], 'dropped, not queued');
  test.runSlices();
  t.same(await lines(), ['2 #1 +a=@2']);
  stream.requestProgress();
  t.same(await lines(), ['2 #-1']);
});

t.test('progress is withheld until the store has reached every start', async (t) => {
  const { store, stream, lines } = setup();
  stream.create({ key: b('a'), start_revision: 3 });
  stream.requestProgress();
  put(store, 'b');
  stream.requestProgress();
  t.same(await lines(), ['1 #0 created']);
  put(store, 'b');
  stream.requestProgress();
  t.same(await lines(), ['3 #-1']);
});

t.test('progress comes by itself to watchers that asked and were sent nothing since the last time', async (t) => {
  const { store, test, stream, lines } = setup({ progressIntervalMs: 1000 });
  stream.create({ key: b('a'), progress_notify: true });
  stream.create({ key: b('a') });
  await lines();
  test.clock.advance(1100);
  t.same(await lines(), ['1 #0']);
  put(store, 'a');
  await lines();
  test.clock.advance(1100);
  t.same(await lines(), [], 'an event told it already');
  test.clock.advance(1100);
  t.same(await lines(), ['2 #0']);
});

t.test('a slow stream is bounded, catches up when it is read, and holds up nobody', async (t) => {
  const { store, test, stream } = setup({ maxQueuedBytes: 1000 });
  const fast = test.open();
  stream.create(everything);
  fast.create(everything);
  await fast.all();
  const seen: number[] = [];
  for (let i = 0; i < 5000; i++) {
    put(store, `k${i % 10}`, 'value');
    for (const { events } of await (i % 100 === 0 ? fast.all() : Promise.resolve([]))) {
      seen.push(...events.map(({ kv }) => clampInteger(kv?.mod_revision)));
    }
  }
  const revisions: number[] = [];
  let responses = 0;
  do {
    for (const { events } of await stream.all()) {
      responses++;
      revisions.push(...events.map(({ kv }) => clampInteger(kv?.mod_revision)));
    }
  } while (test.runSlice());
  const expected = Array.from({ length: 5000 }, (_, i) => i + 2);
  t.same(revisions, expected, 'every event once, in order');
  t.ok(responses < 500, `${responses} responses: most were caught up in bulk`);
  t.same(seen, expected.slice(0, seen.length), 'the fast one lacks nothing');
});

t.test('a client that asks without reading is cut off', async (t) => {
  const { stream, test } = setup();
  // The first answer waits in the sink.
  for (let i = 0; i < 10_002; i++) stream.create(everything);
  t.match(stream.ended?.error?.message, /too many requests/);
  t.equal(test.hub.streamCount, 0);
});

t.test('closing ends the responses, and takes the watchers with it', async (t) => {
  const { test, stream } = setup();
  stream.create(everything);
  t.equal(test.hub.watcherCount, 1);
  await stream.all();
  test.hub.close();
  t.equal(test.hub.watcherCount, 0);
  t.strictSame(stream.ended, { error: undefined });
});

t.test('after a received snapshot watchers go on, or learn that they cannot', async (t) => {
  const { store, test, stream, lines } = setup();
  put(store, 'a', '1');
  stream.create({ key: b('a') });
  const other = createStore();
  for (const value of ['1', '2', '3', '4']) put(other, 'a', value);
  test.hub.replaceStore(other);
  test.runSlices();
  t.same(await lines(), ['2 #0 created', '5 #0 +a=2@3 +a=3@4 +a=4@5']);
  const later = createStore();
  for (let i = 0; i < 8; i++) put(later, 'a');
  compact(later, 8);
  test.hub.replaceStore(later);
  test.runSlices();
  t.same(await lines(), ['0 #0 canceled compacted 8']);
});
