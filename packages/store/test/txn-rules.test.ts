/** The rules of Txn, one by one (etcd's documented behaviour). */
import t from 'tap';
import { type etcdserverpb } from '@flotilla/wire';
import { checkTxn, isReadOnlyTxn, isSerializableTxn } from '@flotilla/store';
import {
  type RequestOp,
  b,
  text,
  all,
  put,
  remove,
  get,
  nested,
  storeWith,
  rangeOf,
  txnOf,
  compact,
} from './kv-harness.ts';
import { execute } from './server.ts';

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

t.test('the first operation with a fault decides, and of a put its lease before its key', (t) => {
  const store = storeWith(put('a'), put('a'), put('a'));
  compact(store, 3);
  const future = get('a', { revision: 9 });
  const compacted = get('a', { revision: 1 });
  const noKey = put('b', '', { ignore_value: true });
  const noLease = put('c', '', { lease: 9 });
  const neither = put('d', '', { lease: 9, ignore_value: true });
  const codes: readonly (readonly [string, RequestOp])[] = [
    ['futureRevision', future],
    ['compacted', compacted],
    ['keyNotFound', noKey],
    ['leaseNotFound', noLease],
    ['leaseNotFound', neither],
  ];
  for (const [code, first] of codes) {
    for (const [, second] of codes) {
      if (first === second && !first.request_range) continue;
      t.equal(txnOf(store, { success: [put('e'), first, second] }), code);
      t.equal(txnOf(store, { success: [put('e'), nested([first]), second] }), code, 'a nested one in its place');
      t.equal(txnOf(store, { success: [remove('e'), first, nested([], [second])] }), code);
    }
  }
  t.equal(txnOf(store, { success: [future, compacted] }), 'futureRevision', 'one that only reads too');
  t.equal(txnOf(store, { success: [compacted, future] }), 'compacted');
  t.equal(txnOf(store, { success: [put('e'), get('e', { revision: 5 })] }), 'futureRevision', 'as of before the txn');
  t.equal(store.revision, 4);
  t.end();
});

t.test('a put that is alone is asked for its lease first too', (t) => {
  const request = { key: b('d'), lease: 9, ignore_value: true };
  const outcome = execute(storeWith(), { type: 'put', request });
  t.match(outcome, { ok: false, error: { code: 'leaseNotFound' } });
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
