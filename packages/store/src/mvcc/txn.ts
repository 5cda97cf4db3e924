/**
 * Txn: choose the path, check it, run it. The path is chosen and checked against the state before the txn, so a
 * refusal means that nothing happened; the operations then run in order and see each other's writes.
 */
import { clampInteger, etcdserverpb, toId } from '@flotilla/wire';
import { assert } from '@flotilla/base';
import { compareBytes, noBytes } from '../bytes.ts';
import type { StoreErrorCode } from '../errors.ts';
import { type Interval, contains, intervalOf } from '../interval.ts';
import { type Outcome, refuse } from '../outcome.ts';
import type { KeyId } from './key-table.ts';
import type { Keyspace } from './keyspace.ts';
import { type RangeRequest, type ReadView, range } from './range.ts';
import { WriteTxn } from './write-txn.ts';

type TxnRequest = etcdserverpb.TxnRequest.$Properties;
export type TxnResponse = etcdserverpb.TxnResponse.$Properties;
type RequestOp = etcdserverpb.RequestOp.$Properties;
type ResponseOp = etcdserverpb.ResponseOp.$Properties;
type Compare = etcdserverpb.Compare.$Properties;
type PutRequest = etcdserverpb.PutRequest.$Properties;

/** The branch that a txn takes, with those of its nested txns. */
interface Branch {
  readonly succeeded: boolean;
  readonly ops: readonly RequestOp[];
  /** By operation, what a nested txn takes; absent when there is none. */
  readonly nested: readonly (Branch | undefined)[] | undefined;
}

const { CompareResult, CompareTarget } = etcdserverpb.Compare;

/** Runs a txn that `checkTxn` let pass and that changes nothing. */
export function applyReadOnlyTxn(view: ReadView, request: TxnRequest): Outcome<TxnResponse> {
  const branch = chooseBranch(view, request);
  const refused = refusedOperation(view, branch);
  const outcome = refused ? refuse(refused) : runBranch(view, branch);
  view.keyspace.counts.endRun();
  return outcome;
}

/** Runs a txn that `checkTxn` let pass. */
export function applyTxn(view: ReadView, request: TxnRequest): Outcome<TxnResponse> {
  const { counts } = view.keyspace;
  const branch = chooseBranch(view, request);
  const refused = refusedOperation(view, branch) ?? refusedAfterDelete(branch, []);
  counts.endRun();
  if (refused) return refuse(refused);
  const outcome = runBranch(view, branch);
  counts.endRun();
  return outcome;
}

function runBranch(view: ReadView, branch: Branch): Outcome<TxnResponse> {
  const txn = new WriteTxn(view);
  const response = run(txn, branch);
  return { ok: true, response, revision: txn.revision };
}

/** Why a put by itself is refused, if it is. */
export function refusedSinglePut(view: ReadView, put: PutRequest): StoreErrorCode | undefined {
  const refused = refusedLease(view, put);
  if (refused || hasWhatItKeeps(view, put)) return refused;
  view.keyspace.counts.ranges++;
  return 'keyNotFound';
}

function chooseBranch(view: ReadView, request: TxnRequest): Branch {
  const succeeded = (request.compare ?? []).every((compare) => holds(view, compare));
  const ops = (succeeded ? request.success : request.failure) ?? [];
  const hasNested = ops.some((op) => Boolean(op.request_txn));
  const nested = hasNested ? ops.map((op) => op.request_txn && chooseBranch(view, op.request_txn)) : undefined;
  return { succeeded, ops, nested: nested?.map((branch) => branch ?? undefined) };
}

/** A compare on an interval must hold for every key in it; no key at all is one key whose numbers are 0. */
function holds({ keyspace }: ReadView, compare: Compare): boolean {
  keyspace.counts.ranges++;
  if (!compare.range_end || compare.range_end.length === 0) {
    return holdsFor(keyspace, compare, keyspace.findLive(compare.key ?? noBytes));
  }
  const { start, end } = intervalOf(compare.key, compare.range_end);
  let found = false;
  let all = true;
  keyspace.order.scan(start, end, (id) => {
    if (!keyspace.table.isLive(id)) return true;
    found = true;
    all = holdsFor(keyspace, compare, id);
    return all;
  });
  return found ? all : holdsFor(keyspace, compare, undefined);
}

/** @param id of a key that lives; undefined: there is none, and a comparison with its value fails. */
function holdsFor(keyspace: Keyspace, compare: Compare, id: KeyId | undefined): boolean {
  if (id === undefined && compare.target === CompareTarget.VALUE) return false;
  const difference = differenceOf(keyspace, compare, id);
  switch (compare.result ?? CompareResult.EQUAL) {
    case CompareResult.EQUAL:
      return difference === 0;
    case CompareResult.NOT_EQUAL:
      return difference !== 0;
    case CompareResult.GREATER:
      return difference > 0;
    case CompareResult.LESS:
      return difference < 0;
    default:
      return true;
  }
}

/** Order of what the key has and what the compare names. An unknown target differs from nothing, as in etcd. */
function differenceOf(keyspace: Keyspace, compare: Compare, id: KeyId | undefined): number {
  const { table, leases } = keyspace;
  switch (compare.target ?? CompareTarget.VERSION) {
    case CompareTarget.VERSION:
      return (id === undefined ? 0 : table.version(id)) - clampInteger(compare.version);
    case CompareTarget.CREATE:
      return (id === undefined ? 0 : table.createRevision(id)) - clampInteger(compare.create_revision);
    case CompareTarget.MOD:
      return (id === undefined ? 0 : table.modRevision(id)) - clampInteger(compare.mod_revision);
    case CompareTarget.VALUE:
      return compareBytes(id === undefined ? noBytes : keyspace.newest(id).value, compare.value ?? noBytes);
    case CompareTarget.LEASE: {
      const asked = toId(compare.lease);
      const lease = id === undefined ? 0n : leases.idOf(table.leaseSlot(id));
      return lease === asked ? 0 : lease < asked ? -1 : 1;
    }
    default:
      return 0;
  }
}

/**
 * Why the path is refused: the first fault of its operations in their order, those of a nested txn in its place. A put asks
 * for its lease before its key. Each is held against the state before the txn; a delete has nothing to be refused for.
 */
function refusedOperation(view: ReadView, branch: Branch): StoreErrorCode | undefined {
  for (let i = 0; i < branch.ops.length; i++) {
    const op = branch.ops[i] as RequestOp;
    const nested = branch.nested?.[i];
    const refused = nested ? refusedOperation(view, nested) : refusedAlone(view, op);
    if (refused) return refused;
  }
  return undefined;
}

function refusedAlone(
  view: ReadView,
  { request_put: put, request_range: request }: RequestOp,
): StoreErrorCode | undefined {
  if (put) {
    const refused = refusedLease(view, put);
    if (refused) return refused;
    if (keeps(put) || put.prev_kv === true) view.keyspace.counts.ranges++;
    return hasWhatItKeeps(view, put) ? undefined : 'keyNotFound';
  }
  return request ? refusedRevision(view, request) : undefined;
}

/** A put that keeps the value or the lease needs a key to keep it of. */
function hasWhatItKeeps({ keyspace }: ReadView, put: PutRequest): boolean {
  return !keeps(put) || keyspace.findLive(put.key ?? noBytes) !== undefined;
}

function keeps(put: PutRequest): boolean {
  return put.ignore_value === true || put.ignore_lease === true;
}

/**
 * A put that keeps something of a key which the txn itself has deleted before. etcd notices it only while it runs the
 * operations, so it comes after all other refusals.
 * @param deleted what the path deletes before the step at hand; grows
 */
function refusedAfterDelete(branch: Branch, deleted: Interval[]): StoreErrorCode | undefined {
  for (let i = 0; i < branch.ops.length; i++) {
    const op = branch.ops[i] as RequestOp;
    const nested = branch.nested?.[i];
    const put = op.request_put;
    if (put && keeps(put) && deleted.some((interval) => contains(interval, put.key ?? noBytes))) return 'keyNotFound';
    const refused = nested && refusedAfterDelete(nested, deleted);
    if (refused) return refused;
    const request = op.request_delete_range;
    if (request) deleted.push(intervalOf(request.key, request.range_end));
  }
  return undefined;
}

function refusedLease(view: ReadView, put: PutRequest): StoreErrorCode | undefined {
  if (!put.lease) return undefined;
  const id = toId(put.lease);
  return id !== 0n && !view.keyspace.leases.get(id) ? 'leaseNotFound' : undefined;
}

/** Inside a txn only 0 means the newest revision: a negative one is compared like any other. */
function refusedRevision(view: ReadView, request: RangeRequest): StoreErrorCode | undefined {
  const revision = clampInteger(request.revision);
  if (revision > view.revision) return 'futureRevision';
  return revision !== 0 && revision < view.compactRevision ? 'compacted' : undefined;
}

function run(txn: WriteTxn, { succeeded, ops, nested }: Branch): TxnResponse {
  return { succeeded, responses: ops.map((op, i) => runOp(txn, op, nested?.[i])) };
}

/** Nested headers carry the revision alone; a nested txn's is empty. */
function runOp(txn: WriteTxn, op: RequestOp, nested: Branch | undefined): ResponseOp {
  if (nested) return { response_txn: { header: {}, ...run(txn, nested) } };
  if (op.request_put) {
    const response = txn.put(op.request_put);
    return response.prev_kv
      ? { response_put: { header: { revision: txn.revision }, ...response } }
      : txn.plainPutResponse;
  }
  if (op.request_delete_range) {
    const response = txn.deleteRange(op.request_delete_range);
    return { response_delete_range: { header: { revision: txn.revision }, ...response } };
  }
  assert(Boolean(op.request_range), 'a txn holds an empty operation');
  txn.keyspace.counts.ranges++;
  const outcome = range(txn, op.request_range ?? {});
  assert(outcome.ok, 'a range that was checked is refused');
  return { response_range: { header: { revision: outcome.revision }, ...outcome.response } };
}
