/**
 * Random client operations, as fast-check arbitraries. Revisions are drawn relative to the newest one and made
 * absolute when the operation runs, so that a sequence keeps its meaning while it is shrunk.
 */
import fc from 'fast-check';
import { etcdserverpb, fromId } from '@flotilla/wire';

type RangeRequest = etcdserverpb.RangeRequest.$Properties;
type PutRequest = etcdserverpb.PutRequest.$Properties;
type DeleteRangeRequest = etcdserverpb.DeleteRangeRequest.$Properties;
type TxnRequest = etcdserverpb.TxnRequest.$Properties;

export type Operation =
  | { readonly type: 'put'; readonly request: PutRequest }
  | { readonly type: 'deleteRange'; readonly request: DeleteRangeRequest }
  | { readonly type: 'range'; readonly request: RangeRequest }
  | { readonly type: 'txn'; readonly request: TxnRequest }
  | { readonly type: 'compact'; readonly request: etcdserverpb.CompactionRequest.$Properties }
  | { readonly type: 'leaseGrant'; readonly request: etcdserverpb.LeaseGrantRequest.$Properties }
  | { readonly type: 'leaseRevoke'; readonly request: etcdserverpb.LeaseRevokeRequest.$Properties };

/** An operation that waits for the newest revision. */
export type OperationAt = (revision: number) => Operation;

export const text = (value: string): Uint8Array => Buffer.from(value);

const keys = ['a', 'aa', 'ab', 'b', 'b\0', 'ba', 'c', 'd', '\xff'].map((key) => Buffer.from(key, 'latin1'));
const key = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(...keys) },
  { weight: 1, arbitrary: fc.constant(text('')) },
);
export const rangeEnd = fc.oneof(
  { weight: 5, arbitrary: fc.constant(text('')) },
  { weight: 3, arbitrary: fc.constantFrom(...keys) },
  { weight: 2, arbitrary: fc.constant(Buffer.from([0])) },
);
const value = fc.constantFrom('', 'x', 'y', 'zz', 'value').map(text);
const leaseId = fc.constantFrom(0, 0, 0, 7, 8, 9);
const rarely = fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

/** 0, a revision near the newest, or something odd. */
export const revision = fc.oneof(
  { weight: 6, arbitrary: fc.constant(() => 0) },
  { weight: 6, arbitrary: fc.integer({ min: -2, max: 12 }).map((back) => (newest: number) => newest - back) },
  { weight: 1, arbitrary: fc.constantFrom(-1, -7).map((odd) => () => odd) },
);
const filter = fc.oneof({ weight: 9, arbitrary: fc.constant(() => 0) }, { weight: 1, arbitrary: revision });

export type At<T> = (newest: number) => T;

const put: fc.Arbitrary<At<PutRequest>> = fc
  .record({ key, value, lease: leaseId, prev_kv: fc.boolean(), ignore_value: rarely, ignore_lease: rarely })
  .map((drawn) => {
    // Mostly requests that the checks let pass.
    const request = {
      ...drawn,
      value: drawn.ignore_value && drawn.value.length < 3 ? text('') : drawn.value,
      lease: drawn.ignore_lease && drawn.lease !== 9 ? 0 : drawn.lease,
    };
    return () => request;
  });

const deleteRange: fc.Arbitrary<At<DeleteRangeRequest>> = fc
  .record({ key, range_end: rangeEnd, prev_kv: fc.boolean() })
  .map((request) => () => request);

const range: fc.Arbitrary<At<RangeRequest>> = fc
  .record({
    key,
    range_end: rangeEnd,
    limit: fc.constantFrom(0, 0, 0, 1, 2, 3, -1),
    revision,
    sort_order: fc.constantFrom(0, 0, 1, 2),
    sort_target: fc.constantFrom(0, 0, 0, 1, 2, 3, 4),
    serializable: fc.boolean(),
    keys_only: rarely,
    count_only: rarely,
    min_mod_revision: filter,
    max_mod_revision: filter,
    min_create_revision: filter,
    max_create_revision: filter,
  })
  .map((drawn) => (newest) => ({
    ...drawn,
    revision: drawn.revision(newest),
    min_mod_revision: drawn.min_mod_revision(newest),
    max_mod_revision: drawn.max_mod_revision(newest),
    min_create_revision: drawn.min_create_revision(newest),
    max_create_revision: drawn.max_create_revision(newest),
  }));

const compare: fc.Arbitrary<At<etcdserverpb.Compare.$Properties>> = fc
  .record({
    result: fc.constantFrom(0, 1, 2, 3),
    target: fc.constantFrom(0, 1, 2, 3, 4),
    key,
    range_end: rangeEnd,
    number: revision,
    small: fc.integer({ min: 0, max: 3 }),
    value,
    lease: leaseId,
  })
  .map((drawn) => (newest) => {
    const { result, target, range_end } = drawn;
    const compared = { result, target, key: drawn.key, range_end };
    switch (target) {
      case 0:
        return { ...compared, version: drawn.small };
      case 1:
        return { ...compared, create_revision: drawn.number(newest) };
      case 2:
        return { ...compared, mod_revision: drawn.number(newest) };
      case 3:
        return { ...compared, value: drawn.value };
      default:
        return { ...compared, lease: drawn.lease };
    }
  });

function requestOp(depth: number): fc.Arbitrary<At<etcdserverpb.RequestOp.$Properties>> {
  const simple = [
    { weight: 4, arbitrary: put.map((at) => (newest: number) => ({ request_put: at(newest) })) },
    { weight: 4, arbitrary: range.map((at) => (newest: number) => ({ request_range: at(newest) })) },
    { weight: 2, arbitrary: deleteRange.map((at) => (newest: number) => ({ request_delete_range: at(newest) })) },
  ];
  if (depth === 0) return fc.oneof(...simple);
  const nested = txn(depth - 1).map((at) => (newest: number) => ({ request_txn: at(newest) }));
  return fc.oneof(...simple, { weight: 2, arbitrary: nested });
}

function txn(depth: number): fc.Arbitrary<At<TxnRequest>> {
  const ops = fc.array(requestOp(depth), { maxLength: 3 });
  return fc
    .record({ compare: fc.array(compare, { maxLength: 2 }), success: ops, failure: ops })
    .map((drawn) => (newest) => ({
      compare: drawn.compare.map((at) => at(newest)),
      success: drawn.success.map((at) => at(newest)),
      failure: drawn.failure.map((at) => at(newest)),
    }));
}

const compact = fc.integer({ min: -1, max: 15 }).map((back) => (newest: number) => ({ revision: newest - back }));
const grant = fc.constantFrom(7n, 8n).map((id) => () => ({ ID: fromId(id), TTL: 9000 }));
const revoke = fc.constantFrom(7n, 8n, 9n).map((id) => () => ({ ID: fromId(id) }));

export function typed<T extends Operation['type']>(
  type: T,
  arbitrary: fc.Arbitrary<At<unknown>>,
): fc.Arbitrary<OperationAt> {
  return arbitrary.map((at) => (newest) => ({ type, request: at(newest) }) as Operation);
}

/** One operation of a client. */
export const operation: fc.Arbitrary<OperationAt> = fc.oneof(
  { weight: 24, arbitrary: typed('put', put) },
  { weight: 6, arbitrary: typed('deleteRange', deleteRange) },
  { weight: 16, arbitrary: typed('range', range) },
  { weight: 16, arbitrary: typed('txn', txn(2)) },
  { weight: 2, arbitrary: typed('compact', compact) },
  { weight: 2, arbitrary: typed('leaseGrant', grant) },
  { weight: 1, arbitrary: typed('leaseRevoke', revoke) },
);

/** Only what writes keys, for histories. */
export const write: fc.Arbitrary<OperationAt> = fc.oneof(
  { weight: 10, arbitrary: typed('put', put) },
  { weight: 4, arbitrary: typed('deleteRange', deleteRange) },
  { weight: 6, arbitrary: typed('txn', txn(1)) },
  { weight: 1, arbitrary: typed('leaseGrant', grant) },
  { weight: 1, arbitrary: typed('leaseRevoke', revoke) },
);
