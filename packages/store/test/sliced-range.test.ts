/** A range that is answered in slices is as of its first step, whatever is applied between two of them. */
import fc from 'fast-check';
import t from 'tap';
import { clampInteger, etcdserverpb } from '@flotilla/wire';
import { type Outcome, type Store, createStore } from '@flotilla/store';
import { operation } from './operations.ts';
import { execute } from './server.ts';

type RangeRequest = etcdserverpb.RangeRequest.$Properties;
type RangeResponse = etcdserverpb.RangeResponse.$Properties;

const headerOf = (revision: number) => etcdserverpb.ResponseHeader.encode({ revision }).finish();
const everything = { key: Buffer.of(0), range_end: Buffer.of(0) };

/** Runs a range to its end; `between` does something else after each step but the last. */
function run(
  store: Store,
  request: RangeRequest,
  { keys, between }: { readonly keys: number; readonly between: (step: number) => void },
): Outcome<readonly Uint8Array[]> {
  const slices = store.slicedRange(request, headerOf, { limits: { keys, bytes: 1024 * 1024 } });
  for (let steps = 1; ; steps++) {
    const step = slices.next();
    if (step.done === true) return step.value;
    between(steps);
  }
}

const bytesOf = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString('hex');
const request = fc.record({
  key: fc.constantFrom('a', 'aa', 'b', '\0').map((key) => Buffer.from(key)),
  range_end: fc.constantFrom('b', 'c', '\0').map((key) => Buffer.from(key)),
  limit: fc.constantFrom(0, 0, 1, 2, 5),
  keys_only: fc.boolean(),
  count_only: fc.constantFrom(false, false, true),
  sort_order: fc.constantFrom(0, 0, 0, 1, 2),
  back: fc.integer({ min: 0, max: 3 }),
});

t.test('it is the range of its first step, or later because of a compaction', (t) => {
  const seen = { same: 0, sliced: 0, refused: 0, later: 0 };
  const property = fc.property(
    fc.array(operation, { minLength: 1, maxLength: 30 }),
    request,
    fc.array(operation, { minLength: 1, maxLength: 20 }),
    fc.integer({ min: 1, max: 3 }),
    (before, { back, ...asked }, meanwhile, keys) => {
      const store = createStore();
      for (const key of ['a', 'aa', 'ab', 'b', 'ba', 'c']) {
        execute(store, { type: 'put', request: { key: Buffer.from(key), value: Buffer.from('first') } });
      }
      for (const operationAt of before) execute(store, operationAt(store.revision));
      const revision = back === 0 ? 0 : Math.max(0, store.revision - back);
      const wanted = { ...asked, revision };
      const first = store.encodedRange(wanted, headerOf);
      const startRevision = store.revision;
      let steps = 0;
      const found = run(store, wanted, {
        keys,
        between(step) {
          steps = step;
          const operationAt = meanwhile[step % meanwhile.length];
          if (operationAt) execute(store, operationAt(store.revision));
        },
      });
      if (steps > 0) seen.sliced++;
      if (!first.ok) return !found.ok && found.error.code === first.error.code;
      if (!found.ok) {
        seen.refused++;
        return found.error.code === 'compacted' && revision > 0 && revision < store.compactRevision;
      }
      if (bytesOf(found.response) === bytesOf([first.response])) {
        seen.same++;
        return found.revision === startRevision;
      }
      // Begun anew after a compaction: then it is a range of the revision that it names.
      seen.later++;
      const { response } = store.range({ ...asked, revision: found.revision }) as { response: RangeResponse };
      const { header, kvs, count } = etcdserverpb.RangeResponse.decode(Buffer.concat(found.response));
      const isThat = kvs.length === (response.kvs ?? []).length && clampInteger(count) === clampInteger(response.count);
      return (
        revision === 0 && clampInteger(header?.revision) === found.revision && found.revision > startRevision && isThat
      );
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2000 }));
  t.ok(seen.sliced > 300 && seen.same > 1000, JSON.stringify(seen));
  t.end();
});

t.test('a compaction meanwhile: the newest revision begins anew, one that was asked for is refused', (t) => {
  const store = createStore();
  const put = (key: string): void => void execute(store, { type: 'put', request: { key: Buffer.from(key) } });
  for (const key of ['a', 'b', 'c', 'd']) put(key);
  const overtake = (step: number): void => {
    if (step !== 1) return;
    put('d');
    execute(store, { type: 'compact', request: { revision: store.revision } });
  };
  const newest = run(store, everything, { keys: 2, between: overtake });
  t.ok(newest.ok);
  t.equal(newest.ok && newest.revision, 6);
  const asked = run(store, { ...everything, revision: 6 }, { keys: 2, between: overtake });
  t.equal(!asked.ok && asked.error.code, 'compacted');
  t.end();
});

t.test('compactions that come all the time do not keep it from an end', (t) => {
  const store = createStore();
  const put = (key: string): void => void execute(store, { type: 'put', request: { key: Buffer.from(key) } });
  for (let i = 0; i < 20; i++) put(`key ${i}`);
  let steps = 0;
  const compactEachTime = (): void => {
    steps++;
    put('key 0');
    execute(store, { type: 'compact', request: { revision: store.revision } });
  };
  t.ok(run(store, everything, { keys: 2, between: compactEachTime }).ok);
  t.ok(steps < 10, `${steps} steps`);
  t.end();
});
