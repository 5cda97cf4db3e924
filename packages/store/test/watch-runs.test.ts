/** What many watchers of a stream get is sent at once, and each gets just what it would have got by itself. */
import t from 'tap';
import { clampInteger } from '@flotilla/wire';
import { createStore } from '@flotilla/store';
import { execute } from './server.ts';
import { type WatchResponse, createOpenSink, createTestHub } from './watching.ts';

const everything = { key: Buffer.of(0), range_end: Buffer.of(0) };
const header = () => ({ clusterId: 11n, memberId: 12n, raftTerm: 3 });
const watchers = 200;

/** Revisions of the events of each watch, by id. */
function revisionsById(responses: readonly WatchResponse[]): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  for (const { watch_id, events } of responses) {
    const id = clampInteger(watch_id);
    const revisions = found.get(id) ?? [];
    revisions.push(...events.map(({ kv }) => clampInteger(kv?.mod_revision)));
    found.set(id, revisions);
  }
  return found;
}

function setup() {
  const store = createStore();
  const test = createTestHub(store);
  const put = (value: Uint8Array) => execute(store, { type: 'put', request: { key: Buffer.from('a'), value } });
  const open = () => {
    const sink = createOpenSink();
    const stream = test.hub.openStream({ header, maxFragmentBytes: 2 * 1024 * 1024, sink });
    const create = (request: object = {}): void => stream.receive({ create_request: { ...everything, ...request } });
    return { sink, stream, create };
  };
  return { store, test, put, open };
}

t.test('watchers of one stream get a change in one run, two streams each in their own', (t) => {
  const { put, open } = setup();
  const streams = [open(), open()];
  for (const { create } of streams) for (let i = 0; i < watchers; i++) create();
  put(Buffer.from('one'));
  put(Buffer.from('two'));
  for (const { sink } of streams) {
    t.equal(sink.runCount, 2);
    const found = revisionsById(sink.responses);
    t.equal(found.size, watchers);
    for (const revisions of found.values()) t.same(revisions, [2, 3]);
  }
  t.end();
});

t.test('those that want less, later or in fragments get theirs beside the others', (t) => {
  const { test, put, open } = setup();
  const { sink, create } = open();
  for (let i = 0; i < 10; i++) create();
  create({ start_revision: 3 });
  create({ fragment: true });
  create({ filters: [0] });
  put(Buffer.from('one'));
  put(Buffer.from('two'));
  test.runSlices();
  const found = revisionsById(sink.responses);
  for (let id = 0; id < 10; id++) t.same(found.get(id), [2, 3]);
  t.same([found.get(10), found.get(11), found.get(12)], [[3], [2, 3], []]);
  t.end();
});

t.test('large changes are not gathered, and a stream that is closed meanwhile gets no more', (t) => {
  const { put, open } = setup();
  const { sink, stream, create } = open();
  for (let i = 0; i < 3; i++) create();
  put(Buffer.alloc(100_000));
  t.equal(sink.runCount, 0);
  t.same([...revisionsById(sink.responses).values()], [[2], [2], [2]]);
  stream.close();
  put(Buffer.from('later'));
  t.equal(sink.responses.length, 6);
  t.end();
});
