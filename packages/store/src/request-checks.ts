/**
 * What can be said of a request without state: handlers ask before they propose. Each check returns the
 * refusal, or undefined when the request is sound. Order of the checks is etcd's (`v3rpc/key.go`), because
 * a request with two faults answers with the first.
 */
import { clampInteger, etcdserverpb } from '@flotilla/wire';
import type { StoreError, StoreErrorCode } from './errors.ts';
import { findDuplicateKey } from './txn-intervals.ts';

type RangeRequest = etcdserverpb.RangeRequest.$Properties;
type PutRequest = etcdserverpb.PutRequest.$Properties;
type DeleteRangeRequest = etcdserverpb.DeleteRangeRequest.$Properties;
type TxnRequest = etcdserverpb.TxnRequest.$Properties;
type RequestOp = etcdserverpb.RequestOp.$Properties;
type LeaseGrantRequest = etcdserverpb.LeaseGrantRequest.$Properties;

/** The longest TTL that etcd grants, seconds. */
export const maxLeaseTtlSeconds = 9_000_000_000;

const { SortOrder, SortTarget } = etcdserverpb.RangeRequest;

const error = (code: StoreErrorCode): StoreError => ({ code });
const isEmpty = (bytes: Uint8Array | null | undefined): boolean => !bytes || bytes.length === 0;

export function checkRange(request: RangeRequest): StoreError | undefined {
  if (isEmpty(request.key)) return error('keyNotProvided');
  if (SortOrder[request.sort_order ?? 0] === undefined) return error('invalidSortOption');
  if (SortTarget[request.sort_target ?? 0] === undefined) return error('invalidSortOption');
  return undefined;
}

export function checkPut(request: PutRequest): StoreError | undefined {
  if (isEmpty(request.key)) return error('keyNotProvided');
  if (request.ignore_value === true && !isEmpty(request.value)) return error('valueProvided');
  if (request.ignore_lease === true && clampInteger(request.lease) !== 0) return error('leaseProvided');
  return undefined;
}

export function checkDeleteRange(request: DeleteRangeRequest): StoreError | undefined {
  return isEmpty(request.key) ? error('keyNotProvided') : undefined;
}

/** @param maxTxnOps the most compares or operations of one branch; a nested txn gets what its parent left. */
export function checkTxn(request: TxnRequest, maxTxnOps: number): StoreError | undefined {
  return checkTxnShape(request, maxTxnOps) ?? findDuplicateKey(request);
}

function checkTxnShape(request: TxnRequest, maxTxnOps: number): StoreError | undefined {
  const { compare, success, failure } = branchesOf(request);
  const widest = Math.max(compare.length, success.length, failure.length);
  if (widest > maxTxnOps) return error('tooManyOperations');
  if (compare.some(({ key }) => isEmpty(key))) return error('keyNotProvided');
  for (const op of [...success, ...failure]) {
    const found = checkOp(op, maxTxnOps - widest);
    if (found) return found;
  }
  return undefined;
}

function checkOp(op: RequestOp, maxTxnOps: number): StoreError | undefined {
  if (op.request_range) return checkRange(op.request_range);
  if (op.request_put) return checkPut(op.request_put);
  if (op.request_delete_range) return checkDeleteRange(op.request_delete_range);
  if (op.request_txn) return checkTxnShape(op.request_txn, maxTxnOps);
  return error('keyNotFound');
}

/** A grant as a client sends it; id and TTL may still be completed by `completeLeaseGrant`. */
export function checkLeaseGrant(request: LeaseGrantRequest): StoreError | undefined {
  return clampInteger(request.TTL) > maxLeaseTtlSeconds ? error('leaseTtlTooLarge') : undefined;
}

/** Whether no branch can write: such a txn needs no entry. A nested txn always goes through the log, as in etcd. */
export function isReadOnlyTxn(request: TxnRequest): boolean {
  return opsOf(request).every((op) => Boolean(op.request_range));
}

/** Whether the txn may be answered from local state without a quorum: every operation is a serializable range. */
export function isSerializableTxn(request: TxnRequest): boolean {
  return opsOf(request).every((op) => op.request_range?.serializable === true);
}

function opsOf(request: TxnRequest): readonly RequestOp[] {
  const { success, failure } = branchesOf(request);
  return [...success, ...failure];
}

function branchesOf({ compare, success, failure }: TxnRequest): {
  readonly compare: readonly etcdserverpb.Compare.$Properties[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
} {
  return { compare: compare ?? [], success: success ?? [], failure: failure ?? [] };
}
