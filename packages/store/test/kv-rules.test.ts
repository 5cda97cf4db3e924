/** The rules of Range, Put, DeleteRange, Txn and Compact, one by one (etcd's documented behaviour). */
import t from 'tap';
import { type etcdserverpb, fromId } from '@flotilla/wire';
import {
  type Store,
  checkPut,
  checkRange,
  checkTxn,
  createStore,
  isReadOnlyTxn,
  isSerializableTxn,
} from '@flotilla/store';
import { entryData, execute, nextEntry } from './server.ts';

type RangeRequest = etcdserverpb.RangeRequest.$Properties;
type RequestOp = etcdserverpb.RequestOp.$Properties;

const b = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('latin1');
const all = { key: b('\0'), range_end: b('\0') };

const put = (key: string, value = '', more: etcdserverpb.PutRequest.$Properties = {}): RequestOp => ({
  request_put: { key: b(key), value: b(value), ...more },
});
const remove = (key: string, rangeEnd = ''): RequestOp => ({
  request_delete_range: { key: b(key), range_end: b(rangeEnd) },
});
const get = (key: string, more: RangeRequest = {}): RequestOp => ({ request_range: { key: b(key), ...more } });
const nested = (success: RequestOp[], failure: RequestOp[] = []): RequestOp => ({ request_txn: { success, failure } });

/** A store to which the operations were applied, each an entry of its own. */
function storeWith(...ops: RequestOp[]): Store {
  const store = createStore();
  for (const op of ops) {
    if (op.request_put) execute(store, { type: 'put', request: op.request_put });
    if (op.request_delete_range) execute(store, { type: 'deleteRange', request: op.request_delete_range });
  }
  return store;
}

function rangeOf(store: Store, request: RangeRequest) {
  const outcome = execute(store, { type: 'range', request });
  if (!outcome.ok) return outcome.error.code;
  const { kvs, count, more } = outcome.response as etcdserverpb.RangeResponse;
  return { keys: (kvs ?? []).map(({ key }) => text(key)).join(' '), count, more };
}

function txnOf(store: Store, request: etcdserverpb.TxnRequest.$Properties) {
  const outcome = execute(store, { type: 'txn', request });
  return outcome.ok
    ? { revision: outcome.revision, response: outcome.response as etcdserverpb.TxnResponse.$Properties }
    : outcome.error.code;
}

const compact = (store: Store, revision: number) => {
  const outcome = execute(store, { type: 'compact', request: { revision } });
  return outcome.ok ? outcome.revision : outcome.error.code;
};

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

t.test('a txn is bounded by its widest part, and a nested one by what its parent left', (t) => {
  const puts = (count: number) => Array.from({ length: count }, (_, i) => put(`k${i}`));
  t.equal(checkTxn({ success: puts(3) }, 3), undefined);
  t.same(checkTxn({ success: puts(4) }, 3), { code: 'tooManyOperations' });
  t.same(checkTxn({ failure: puts(4) }, 3), { code: 'tooManyOperations' });
  t.same(checkTxn({ compare: [1, 2, 3, 4].map(() => ({ key: b('a') })) }, 3), { code: 'tooManyOperations' });
  t.equal(checkTxn({ success: [nested(puts(2))] }, 3), undefined);
  t.same(checkTxn({ success: [nested(puts(3))] }, 3), { code: 'tooManyOperations' });
  t.end();
});

t.test('an empty operation is "key not found", an empty key in a compare "not provided"', (t) => {
  t.same(checkTxn({ success: [{}] }, 128), { code: 'keyNotFound' });
  t.same(checkTxn({ compare: [{}] }, 128), { code: 'keyNotProvided' });
  t.same(checkTxn({ failure: [get('')] }, 128), { code: 'keyNotProvided' });
  t.end();
});

t.test('no branch may write a key twice', (t) => {
  const duplicate = { code: 'duplicateKey' };
  const check = (success: RequestOp[]) => [checkTxn({ success }, 128), checkTxn({ failure: success }, 128)];
  const refused = [duplicate, duplicate];
  const passes = [undefined, undefined];
  t.same(check([put('a'), put('a')]), refused, 'two puts');
  t.same(check([put('b'), remove('a', 'c')]), refused, 'a put inside a deleted range');
  t.same(check([remove('a', 'c'), put('b')]), refused, 'in any order');
  t.same(check([remove('a'), put('a')]), refused);
  t.same(check([remove('a', 'c'), remove('b', 'd'), remove('a', 'c')]), passes, 'deletes may overlap');
  t.same(check([nested([put('a')], [put('a')])]), passes, 'nested then and else');
  t.same(check([nested([put('a')]), put('a')]), refused, 'a nested put counts');
  t.same(check([nested([remove('a')]), put('a')]), refused, 'a nested delete counts');
  t.same(check([nested([put('a')]), nested([put('a')])]), refused, 'between siblings too');
  t.same(check([put('c'), remove('a', 'c')]), passes, 'the end is not inside');
  t.end();
});

t.test('compares are all decided before the first write', (t) => {
  const store = storeWith(put('a', '1'));
  const outcome = txnOf(store, {
    compare: [{ key: b('a'), target: 3, value: b('1') }],
    success: [
      put('a', '2'),
      {
        request_txn: { compare: [{ key: b('a'), target: 3, value: b('1') }], success: [put('b')], failure: [put('c')] },
      },
    ],
  });
  t.match(outcome, { revision: 3, response: { succeeded: true } });
  t.match(rangeOf(store, all), { keys: 'a b' });
  t.end();
});

t.test('a missing key compares as zeros, and never by value', (t) => {
  const succeeded = (compare: etcdserverpb.Compare.$Properties, store = storeWith(put('x', 'v'))) => {
    const outcome = txnOf(store, { compare: [compare] });
    return typeof outcome === 'object' && outcome.response.succeeded;
  };
  t.equal(succeeded({ key: b('no'), target: 1, create_revision: 0 }), true);
  t.equal(succeeded({ key: b('no'), target: 0, result: 1, version: 0 }), false);
  t.equal(succeeded({ key: b('no'), target: 3, result: 3, value: b('v') }), false, 'not even as different');
  t.equal(succeeded({ key: b('a'), range_end: b('b'), target: 2, mod_revision: 0 }), true, 'an empty interval too');
  const store = storeWith(put('a', '1'), put('b', '2'));
  t.equal(succeeded({ ...all, target: 0, version: 1 }, store), true, 'every key of the interval');
  t.equal(succeeded({ ...all, target: 3, value: b('1') }, store), false);
  t.end();
});

t.test('operations see earlier writes of their txn, and share its revision', (t) => {
  const store = storeWith(put('a', 'old'), put('b', 'old'));
  const outcome = txnOf(store, {
    success: [get('a'), put('a', 'new'), get('a'), get('a', { revision: 2 }), remove('b'), get('b')],
  });
  if (typeof outcome === 'string') return (t.fail(outcome), t.end());
  const answers = outcome.response.responses?.map(({ response_range: range }) => range && text(range.kvs?.[0]?.value));
  t.same(answers, ['old', undefined, 'new', 'old', undefined, '']);
  const revisions = outcome.response.responses?.map(
    (op) => (op.response_range ?? op.response_put ?? op.response_delete_range)?.header?.revision,
  );
  t.same(revisions, [3, 4, 4, 4, 4, 4]);
  t.equal(store.revision, 4);
  t.end();
});

t.test('a txn that is refused has changed nothing', (t) => {
  const store = storeWith(put('a'));
  t.equal(txnOf(store, { success: [put('b'), get('a', { revision: 9 })] }), 'futureRevision');
  t.equal(txnOf(store, { success: [put('b'), put('c', '', { lease: 9 })] }), 'leaseNotFound');
  t.equal(txnOf(store, { success: [put('b'), put('c', '', { ignore_value: true })] }), 'keyNotFound');
  compact(store, 2);
  t.equal(txnOf(store, { success: [put('b'), get('a', { revision: 1 })] }), 'compacted');
  t.equal(txnOf(store, { success: [put('b'), get('a', { revision: -1 })] }), 'compacted', 'negative is compared');
  t.equal(
    txnOf(store, { success: [remove('a', '\0'), put('a', '', { ignore_value: true })] }),
    'keyNotFound',
    'also where an etcd would crash',
  );
  t.equal(store.revision, 2);
  t.match(rangeOf(store, all), { keys: 'a' });
  t.end();
});

t.test('a txn that changes nothing makes no revision', (t) => {
  const store = storeWith(put('a'));
  t.match(txnOf(store, { success: [remove('x')] }), { revision: 2 });
  t.match(txnOf(store, {}), { revision: 2, response: { succeeded: true } });
  t.end();
});

t.test('a txn is read-only if every branch only reads, serializable if every range is', (t) => {
  const serializable = get('a', { serializable: true });
  t.equal(isReadOnlyTxn({ success: [get('a')], failure: [get('b')] }), true);
  t.equal(isReadOnlyTxn({ success: [get('a')], failure: [put('b')] }), false);
  t.equal(isReadOnlyTxn({ success: [nested([get('a')])] }), false, 'a nested txn goes through the log');
  t.equal(isReadOnlyTxn({}), true);
  t.equal(isSerializableTxn({}), true);
  t.equal(isSerializableTxn({ success: [serializable] }), true);
  t.equal(isSerializableTxn({ success: [serializable, get('a')] }), false);
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
