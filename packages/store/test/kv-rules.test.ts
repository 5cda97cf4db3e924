/** The rules of Range, Put, DeleteRange and Compact, one by one (etcd's documented behaviour). */
import t from 'tap';
import { fromId } from '@flotilla/wire';
import { checkPut, checkRange, createStore } from '@flotilla/store';
import { type RangeRequest, b, text, all, put, remove, storeWith, rangeOf, compact } from './kv-harness.ts';
import { entryData, execute, nextEntry } from './server.ts';

t.test('a fresh store is at revision 1 and its first write makes 2', (t) => {
  const store = createStore();
  t.equal(store.revision, 1);
  t.match(execute(store, { type: 'put', request: { key: b('a') } }), { ok: true, revision: 2 });
  t.equal(store.compactRevision, -1);
  t.end();
});

t.test('a range needs a key and known sort options', (t) => {
  t.same(checkRange({}), { code: 'keyNotProvided' });
  t.same(checkRange({ key: b('a'), sort_order: 9 as never }), { code: 'invalidSortOption' });
  t.same(checkRange({ key: b('a'), sort_target: 9 as never }), { code: 'invalidSortOption' });
  t.equal(checkRange({ key: b('a') }), undefined);
  t.end();
});

t.test('range_end decides the interval', (t) => {
  const store = storeWith(put('a'), put('ab'), put('b'), put('c'));
  t.same(rangeOf(store, { key: b('a') }), { keys: 'a', count: 1, more: false }, 'none: the one key');
  t.same(
    rangeOf(store, { key: b('ab'), range_end: b('\0') }),
    { keys: 'ab b c', count: 3, more: false },
    'zero byte: all from it',
  );
  t.same(rangeOf(store, all), { keys: 'a ab b c', count: 4, more: false }, 'both zero bytes: everything');
  t.same(rangeOf(store, { key: b('a'), range_end: b('b') }), { keys: 'a ab', count: 2, more: false });
  t.same(rangeOf(store, { key: b('b'), range_end: b('a') }), { keys: '', count: 0, more: false }, 'backwards: empty');
  t.same(rangeOf(store, { key: b('b'), range_end: b('b') }), { keys: '', count: 0, more: false });
  t.end();
});

t.test('revisions are read as long as they are not compacted', (t) => {
  const store = storeWith(put('a', '1'), put('a', '2'), put('a', '3'));
  t.equal(rangeOf(store, { key: b('a'), revision: 5 }), 'futureRevision');
  t.match(rangeOf(store, { key: b('a'), revision: -5 }), { count: 1 }, 'a negative one is the newest');
  t.equal(compact(store, 3), 4);
  t.equal(rangeOf(store, { key: b('a'), revision: 2 }), 'compacted');
  t.match(rangeOf(store, { key: b('a'), revision: 3 }), { count: 1 }, 'the compacted one itself is readable');
  const outcome = store.range({ key: b('a'), revision: 3 });
  t.match(outcome, { ok: true, revision: 4 }, 'the header has the newest revision');
  t.equal(outcome.ok && text(outcome.response.kvs?.[0]?.value), '2');
  t.end();
});

t.test('a target without an order sorts ascending, but the limit takes the first keys', (t) => {
  const store = storeWith(put('a', '3'), put('b', '1'), put('c', '2'));
  const byValue = { ...all, sort_target: 4 } as const;
  t.match(rangeOf(store, byValue), { keys: 'b c a' });
  t.match(rangeOf(store, { ...byValue, limit: 1 }), { keys: 'b', more: true }, 'of a and b, the first two keys');
  t.match(rangeOf(store, { ...byValue, sort_order: 1, limit: 1 }), { keys: 'b', more: true });
  t.match(rangeOf(store, { ...byValue, sort_order: 2, limit: 1 }), { keys: 'a', more: true });
  t.match(rangeOf(store, { ...all, sort_order: 2 }), { keys: 'c b a' });
  t.match(rangeOf(storeWith(put('a', '3'), put('b', '2'), put('c', '1')), { ...byValue, limit: 1 }), { keys: 'b' });
  t.end();
});

t.test('count is of the interval, whatever the limit and the filters', (t) => {
  const store = storeWith(put('a'), put('b'), put('c'), put('c'));
  t.same(rangeOf(store, { ...all, limit: 2 }), { keys: 'a b', count: 3, more: true });
  t.same(rangeOf(store, { ...all, limit: 3 }), { keys: 'a b c', count: 3, more: false });
  t.same(rangeOf(store, { ...all, min_mod_revision: 4 }), { keys: 'c', count: 3, more: false });
  t.same(rangeOf(store, { ...all, max_mod_revision: 3 }), { keys: 'a b', count: 3, more: false });
  t.same(rangeOf(store, { ...all, min_create_revision: 3, max_create_revision: 3 }), {
    keys: 'b',
    count: 3,
    more: false,
  });
  t.same(rangeOf(store, { ...all, count_only: true, limit: 1 }), { keys: '', count: 3, more: false });
  t.end();
});

t.test('count is exact over more keys than a block of the index holds', (t) => {
  const store = createStore();
  const keys = Array.from({ length: 3000 }, (_, i) => `k${String((i * 7919) % 3000).padStart(4, '0')}`);
  store.apply(keys.map((key, i) => nextEntry(store, entryData('put', { key: b(key) }), i)));
  for (const key of keys.slice(0, 1000)) execute(store, { type: 'deleteRange', request: { key: b(key) } });
  const deleted = new Set(keys.slice(0, 1000));
  const live = keys.filter((key) => !deleted.has(key));
  for (const [from, to] of [
    ['k', 'l'],
    ['k0500', 'k2500'],
    ['k0001', 'k0003'],
    ['k1000', ''],
  ] as const) {
    const inside = live.filter((key) => key >= from && (to === '' || key < to));
    const request = { key: b(from), range_end: b(to || '\0') };
    t.match(rangeOf(store, { ...request, limit: 1 }), { count: inside.length });
    t.match(rangeOf(store, { ...request, count_only: true }), { count: inside.length });
    t.match(rangeOf(store, request), { count: inside.length, keys: inside.sort().join(' ') });
  }
  t.end();
});

t.test('keys_only leaves out the value, and the lease unless values decide the order', (t) => {
  const store = createStore();
  execute(store, { type: 'leaseGrant', request: { ID: fromId(7n), TTL: 60 } });
  execute(store, { type: 'put', request: { key: b('a'), value: b('v'), lease: 7 } });
  const kv = (request: RangeRequest) => {
    const outcome = store.range({ key: b('a'), keys_only: true, ...request });
    const found = outcome.ok ? outcome.response.kvs?.[0] : undefined;
    return { value: text(found?.value), lease: String(found?.lease) };
  };
  t.same(kv({}), { value: '', lease: '0' });
  t.same(kv({ sort_target: 4 }), { value: '', lease: '7' });
  t.end();
});

t.test('a version starts at 1, grows, and starts anew after a delete', (t) => {
  const store = storeWith(put('a'), put('a'), remove('a'), put('a'));
  const at = (revision: number) => {
    const outcome = store.range({ key: b('a'), revision });
    const kv = outcome.ok ? outcome.response.kvs?.[0] : undefined;
    return kv && [kv.create_revision, kv.mod_revision, kv.version];
  };
  t.same([at(2), at(3), at(4), at(5)], [[2, 2, 1], [2, 3, 2], undefined, [5, 5, 1]]);
  t.end();
});

t.test('ignore flags keep what is there, and need a key', (t) => {
  t.same(checkPut({}), { code: 'keyNotProvided' });
  t.same(checkPut({ key: b('a'), value: b('v'), ignore_value: true }), { code: 'valueProvided' });
  t.same(checkPut({ key: b('a'), lease: 1, ignore_lease: true }), { code: 'leaseProvided' });
  const store = storeWith(put('a', 'kept'));
  t.match(execute(store, { type: 'put', request: { key: b('x'), ignore_value: true } }), {
    error: { code: 'keyNotFound' },
  });
  t.match(execute(store, { type: 'put', request: { key: b('x'), lease: 9 } }), { error: { code: 'leaseNotFound' } });
  t.equal(store.revision, 2, 'a refusal changes nothing');
  execute(store, { type: 'put', request: { key: b('a'), ignore_value: true } });
  const outcome = store.range({ key: b('a') });
  t.equal(outcome.ok && text(outcome.response.kvs?.[0]?.value), 'kept');
  t.end();
});

t.test('a delete of several keys makes one revision, one of none makes no revision', (t) => {
  const store = storeWith(put('a'), put('b'));
  const outcome = execute(store, { type: 'deleteRange', request: { ...all, prev_kv: true } });
  t.match(outcome, { ok: true, revision: 4, response: { deleted: 2 } });
  t.match(execute(store, { type: 'deleteRange', request: all }), { revision: 4, response: { deleted: 0 } });
  t.end();
});

t.test('a compaction must go forward and not beyond the newest revision', (t) => {
  const store = storeWith(put('a'), put('a'));
  t.equal(compact(store, 4), 'futureRevision');
  t.equal(compact(store, 2), 3);
  t.equal(compact(store, 2), 'compacted');
  t.equal(compact(store, 1), 'compacted');
  t.equal(store.compactRevision, 2);
  t.end();
});

t.test('a compaction keeps the newest version of each key at or under it', (t) => {
  const store = storeWith(put('a', '1'), put('b', '1'), put('a', '2'), remove('b'), put('c'));
  compact(store, 5);
  t.match(rangeOf(store, { ...all, revision: 5 }), { keys: 'a', count: 1 });
  t.match(rangeOf(store, { ...all, revision: 6 }), { keys: 'a c', count: 2 });
  compact(store, 6);
  t.match(rangeOf(store, { ...all, revision: 6 }), { keys: 'a c', count: 2 });
  execute(store, { type: 'put', request: { key: b('b') } });
  const outcome = store.range({ key: b('b') });
  t.equal(outcome.ok && outcome.response.kvs?.[0]?.version, 1, 'a key that was forgotten is born again');
  t.end();
});
