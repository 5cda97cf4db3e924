/**
 * Random operations with several faults each, as fast-check arbitraries: what is asked first shows only where two things are
 * wrong.
 */
import fc from 'fast-check';
import type { etcdserverpb } from '@flotilla/wire';
import { type At, type OperationAt, operation, rangeEnd, text, typed } from './operations.ts';

type RequestOp = etcdserverpb.RequestOp.$Properties;
type TxnRequest = etcdserverpb.TxnRequest.$Properties;

/** Of now, of the future, or mostly compacted. */
const revision = fc.constantFrom(
  () => 0,
  (newest: number) => newest + 5,
  () => 1,
);
const missing = Array.from({ length: 12 }, (_, i) => `missing ${i}`);
const key = fc.constantFrom('', 'a', 'a', 'b', 'b', 'c', 'd', 'ab', 'aa', ...missing, ...missing).map(text);
/** 9 is no order, nor a target of one. */
const sort = fc.constantFrom(...Array.from({ length: 15 }, () => 0 as const), 9 as 0);

const put = fc
  .record({
    key,
    value: fc.constantFrom('', '', '', '', '', '', '', 'x').map(text),
    lease: fc.constantFrom(0, 0, 7, 404, 404),
    prev_kv: fc.boolean(),
    ignore_value: fc.boolean(),
    ignore_lease: fc.constantFrom(false, false, false, false, false, true),
  })
  .map((request) => () => request);

const range = fc
  .record({ key, range_end: rangeEnd, sort_order: sort, sort_target: sort, revision })
  .map((drawn) => (newest: number) => ({ ...drawn, revision: drawn.revision(newest) }));

const deleteRange = fc.record({ key, range_end: rangeEnd }).map((request) => () => request);

function requestOp(depth: number): fc.Arbitrary<At<RequestOp>> {
  const simple = [
    { weight: 16, arbitrary: put.map((at) => () => ({ request_put: at() })) },
    { weight: 12, arbitrary: range.map((at) => (newest: number) => ({ request_range: at(newest) })) },
    { weight: 3, arbitrary: deleteRange.map((at) => () => ({ request_delete_range: at() })) },
    { weight: 1, arbitrary: fc.constant(() => ({})) },
  ];
  if (depth === 0) return fc.oneof(...simple);
  const nested = txn(depth - 1).map((at) => (newest: number) => ({ request_txn: at(newest) }));
  return fc.oneof(...simple, { weight: 10, arbitrary: nested });
}

/** A few, or now and then so many that they come near the limit of a txn. */
function ops(depth: number): fc.Arbitrary<readonly At<RequestOp>[]> {
  const few = { weight: 60, arbitrary: fc.constant(0) };
  const count = fc.oneof(few, { weight: 1, arbitrary: fc.constantFrom(64, 127, 128, 129) });
  return fc.tuple(fc.array(requestOp(depth), { maxLength: 4 }), count).map(([drawn, count]) => {
    const [last] = drawn.slice(-1);
    return last ? [...drawn, ...Array.from({ length: Math.max(0, count - drawn.length) }, () => last)] : drawn;
  });
}

function txn(depth: number): fc.Arbitrary<At<TxnRequest>> {
  const compare = fc.record({ key, target: fc.constant(0), version: fc.constant(0) });
  return fc
    .record({ compare: fc.array(compare, { maxLength: 1 }), success: ops(depth), failure: ops(depth) })
    .map((drawn) => (newest) => ({
      compare: drawn.compare,
      success: drawn.success.map((at) => at(newest)),
      failure: drawn.failure.map((at) => at(newest)),
    }));
}

/** Mostly a txn, and mostly wrong; some others keep the store moving. */
export const faultyOperation: fc.Arbitrary<OperationAt> = fc.oneof(
  { weight: 2, arbitrary: operation },
  { weight: 2, arbitrary: typed('put', put) },
  { weight: 2, arbitrary: typed('range', range) },
  { weight: 1, arbitrary: typed('deleteRange', deleteRange) },
  { weight: 10, arbitrary: typed('txn', txn(2)) },
);
