/**
 * Random histories with watchers that begin anywhere, are read slowly and outrun compactions: each must see every change
 * once, in order, whole, or be told that it cannot.
 */
import fc from 'fast-check';
import t from 'tap';
import { clampInteger } from '@flotilla/wire';
import { createStore } from '@flotilla/store';
import { Model, type ModelChange } from './model.ts';
import { type OperationAt, write } from './operations.ts';
import { checkOperation, execute } from './server.ts';
import { type TestStream, type WatchResponse, createTestHub } from './watching.ts';

interface WatcherPlan {
  readonly stream: number;
  readonly key: string;
  readonly rangeEnd: string;
  /** Start revision relative to the newest; undefined: 0. */
  readonly back: number | undefined;
  readonly prevKv: boolean;
  readonly fragment: boolean;
  readonly filters: readonly number[];
}

type Step =
  | { readonly type: 'write'; readonly at: OperationAt }
  | { readonly type: 'compact'; readonly back: number }
  | { readonly type: 'watch'; readonly plan: WatcherPlan }
  | { readonly type: 'read'; readonly stream: number; readonly count: number }
  | { readonly type: 'slice' };

const streamCount = 3;
const stream = fc.integer({ min: 0, max: streamCount - 1 });
const plan: fc.Arbitrary<WatcherPlan> = fc.record({
  stream,
  key: fc.constantFrom('', 'a', 'b'),
  rangeEnd: fc.constantFrom('', '\0', 'c'),
  back: fc.option(fc.integer({ min: -3, max: 20 }), { nil: undefined }),
  prevKv: fc.boolean(),
  fragment: fc.boolean(),
  filters: fc.constantFrom([], [], [0], [1]),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: write.map((at) => ({ type: 'write' as const, at })) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const), back: fc.nat({ max: 10 }) }) },
  { weight: 3, arbitrary: plan.map((drawn) => ({ type: 'watch' as const, plan: drawn })) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('read' as const), stream, count: fc.nat({ max: 4 }) }) },
  { weight: 3, arbitrary: fc.constant({ type: 'slice' as const }) },
);

interface Watched {
  readonly plan: WatcherPlan;
  readonly start: number;
  readonly responses: WatchResponse[];
}

/** Runs a plan to its end; throws on the first broken promise. */
async function run(steps: readonly Step[]): Promise<void> {
  const store = createStore();
  const model = new Model();
  // A queue of a few hundred bytes: every stream is slow.
  const test = createTestHub(store, { maxQueuedBytes: 300 });
  const streams: TestStream[] = Array.from({ length: streamCount }, () => test.open(200));
  const watched: Watched[][] = streams.map(() => []);
  const take = async (index: number): Promise<boolean> => {
    const response = await streams[index]?.next();
    if (response) watched[index]?.[clampInteger(response.watch_id)]?.responses.push(response);
    return response !== undefined;
  };

  for (const each of steps) {
    if (each.type === 'write') {
      const asked = each.at(model.revision);
      if (checkOperation(asked)) continue;
      model.execute(asked);
      execute(store, asked);
    } else if (each.type === 'compact') {
      const asked = { type: 'compact' as const, request: { revision: model.revision - each.back } };
      model.execute(asked);
      execute(store, asked);
    } else if (each.type === 'watch') {
      const { plan: drawn } = each;
      const start = drawn.back === undefined ? 0 : Math.max(1, model.revision - drawn.back);
      if (drawn.rangeEnd === 'c' || drawn.rangeEnd !== '' || drawn.key !== '') {
        watched[drawn.stream]?.push({ plan: drawn, start: start || model.revision + 1, responses: [] });
        streams[drawn.stream]?.create({
          key: Buffer.from(drawn.key),
          range_end: Buffer.from(drawn.rangeEnd),
          start_revision: start,
          prev_kv: drawn.prevKv,
          fragment: drawn.fragment,
          filters: [...drawn.filters],
        });
      }
    } else if (each.type === 'read') {
      for (let i = 0; i < each.count; i++) if (!(await take(each.stream))) break;
    } else {
      test.runSlice();
    }
  }
  for (let busy = true; busy;) {
    busy = test.runSlice();
    for (let index = 0; index < streamCount; index++) while (await take(index)) busy = true;
  }
  for (const each of watched.flat()) check(each, model);
  test.hub.close();
}

function check({ plan: drawn, start, responses }: Watched, model: Model): void {
  const [created, ...rest] = responses;
  expect(created?.created === true && created.events.length === 0, 'created comes first');
  const canceled = rest.at(-1)?.canceled === true ? rest.pop() : undefined;
  const wanted = expectedChanges(drawn, start, model);
  const events = rest.flatMap((response) => response.events);
  if (canceled) {
    const next = wanted[events.length]?.main ?? Infinity;
    expect(clampInteger(canceled.compact_revision) > 0 && next !== 0, 'a compacted watcher is told the revision');
    expect(
      canceled.cancel_reason === '' && clampInteger(canceled.header?.revision) === 0,
      'without reason or revision',
    );
  } else {
    expect(events.length === wanted.length, `every event: ${events.length} of ${wanted.length}`);
  }
  events.forEach((event, i) => checkEvent(event, { change: wanted[i], drawn, model }));
  checkResponses(rest, drawn);
}

function expectedChanges(drawn: WatcherPlan, start: number, model: Model): ModelChange[] {
  const key = drawn.key === '' ? '\0' : drawn.key;
  const isIn = (each: string): boolean =>
    drawn.rangeEnd === '' ? each === key : each >= key && (drawn.rangeEnd === '\0' || each < drawn.rangeEnd);
  return model.changes.filter(
    (change) => change.main >= start && isIn(change.key) && !drawn.filters.includes(change.isDelete ? 1 : 0),
  );
}

function checkEvent(
  event: WatchResponse['events'][number],
  { change, drawn, model }: { change: ModelChange | undefined; drawn: WatcherPlan; model: Model },
): void {
  const kv = event.kv;
  expect(Buffer.from(kv?.key ?? []).toString('latin1') === change?.key, 'keys in order');
  expect(clampInteger(kv?.mod_revision) === change?.main, 'revisions in order');
  expect((event.type === 1) === change?.isDelete, 'puts and deletes as they were');
  expect(Buffer.from(kv?.value ?? []).toString('latin1') === change?.value, 'values as they were');
  const before = change.main - 1;
  const isCreate = !change.isDelete && change.create === change.main;
  const previous = drawn.prevKv && !isCreate ? model.at(change.key, before) : undefined;
  if (event.prev_kv) expect(clampInteger(event.prev_kv.mod_revision) === previous?.main, 'the previous version');
  else expect(!previous || before < model.compacted, 'a previous version unless it is compacted');
}

function checkResponses(responses: readonly WatchResponse[], drawn: WatcherPlan): void {
  let last = 0;
  let isOpen = false;
  for (const response of responses) {
    const revisions = response.events.map((event) => clampInteger(event.kv?.mod_revision));
    expect(revisions.length > 0, 'no empty response');
    expect(clampInteger(response.header?.revision) >= Math.max(...revisions), 'the header is not before the events');
    expect((revisions[0] ?? 0) > last || isOpen, 'a revision is never split');
    expect(!response.fragment || drawn.fragment, 'fragments only where asked for');
    isOpen = response.fragment;
    last = revisions.at(-1) ?? 0;
  }
  expect(!isOpen, 'the last fragment says so');
}

function expect(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Error(`broken: ${promise}`);
}

t.test('every watcher sees every change once, in order and whole, or learns that it cannot', async (t) => {
  const check = fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), run);
  await t.resolves(fc.assert(check, { numRuns: 300 }));
});
