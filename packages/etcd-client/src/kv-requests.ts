/** Key-value requests to the wire. What a request leaves out is null here, and encodes to nothing. */
import { assert } from '@flotilla/base';
import { etcdserverpb, fromId } from '@flotilla/wire';
import { toBytes } from './key-range.ts';
import type {
  BytesLike,
  Compare,
  CompareResult,
  DeleteRangeRequest,
  KeyRange,
  Operation,
  PutRequest,
  RangeRequest,
  SortOrder,
  SortTarget,
  TxnRequest,
} from './kv-shapes.ts';

const wireOrder = etcdserverpb.RangeRequest.SortOrder;
const wireTarget = etcdserverpb.RangeRequest.SortTarget;
const wireResult = etcdserverpb.Compare.CompareResult;
const wireCompareTarget = etcdserverpb.Compare.CompareTarget;

const sortOrders: Readonly<Record<SortOrder, etcdserverpb.RangeRequest.SortOrder>> = {
  none: wireOrder.NONE,
  ascend: wireOrder.ASCEND,
  descend: wireOrder.DESCEND,
};

const sortTargets: Readonly<Record<SortTarget, etcdserverpb.RangeRequest.SortTarget>> = {
  key: wireTarget.KEY,
  version: wireTarget.VERSION,
  create: wireTarget.CREATE,
  mod: wireTarget.MOD,
  value: wireTarget.VALUE,
};

const compareResults: Readonly<Record<CompareResult, etcdserverpb.Compare.CompareResult>> = {
  equal: wireResult.EQUAL,
  greater: wireResult.GREATER,
  less: wireResult.LESS,
  notEqual: wireResult.NOT_EQUAL,
};

/** The wire's fields of a range of keys. */
export function rangeToWire(range: KeyRange): { key: Uint8Array; range_end: Uint8Array | null } {
  return { key: toBytes(range.key), range_end: optionalBytes(range.rangeEnd) };
}

export function rangeRequestToWire(request: RangeRequest): etcdserverpb.RangeRequest.$Properties {
  return {
    ...rangeToWire(request),
    limit: optionalInteger(request.limit),
    revision: optionalInteger(request.revision),
    sort_order: request.sortOrder === undefined ? null : sortOrders[request.sortOrder],
    sort_target: request.sortTarget === undefined ? null : sortTargets[request.sortTarget],
    serializable: request.serializable ?? null,
    keys_only: request.keysOnly ?? null,
    count_only: request.countOnly ?? null,
    min_mod_revision: optionalInteger(request.minModRevision),
    max_mod_revision: optionalInteger(request.maxModRevision),
    min_create_revision: optionalInteger(request.minCreateRevision),
    max_create_revision: optionalInteger(request.maxCreateRevision),
  };
}

export function putRequestToWire(request: PutRequest): etcdserverpb.PutRequest.$Properties {
  return {
    key: toBytes(request.key),
    value: optionalBytes(request.value),
    lease: request.lease === undefined ? null : fromId(request.lease),
    prev_kv: request.prevKv ?? null,
    ignore_value: request.ignoreValue ?? null,
    ignore_lease: request.ignoreLease ?? null,
  };
}

export function deleteRangeRequestToWire(request: DeleteRangeRequest): etcdserverpb.DeleteRangeRequest.$Properties {
  return { ...rangeToWire(request), prev_kv: request.prevKv ?? null };
}

export function txnRequestToWire(request: TxnRequest): etcdserverpb.TxnRequest.$Properties {
  return {
    compare: (request.compare ?? []).map(compareToWire),
    success: (request.success ?? []).map(operationToWire),
    failure: (request.failure ?? []).map(operationToWire),
  };
}

/** Whether the transaction can change nothing, whichever branch runs. */
export function isReadOnly(request: TxnRequest): boolean {
  return [...(request.success ?? []), ...(request.failure ?? [])].every(
    (operation) => operation.type === 'range' || (operation.type === 'txn' && isReadOnly(operation)),
  );
}

function compareToWire(compare: Compare): etcdserverpb.Compare.$Properties {
  const common = { ...rangeToWire(compare), result: compareResults[compare.result] };
  switch (compare.target) {
    case 'version':
      return { ...common, target: wireCompareTarget.VERSION, version: integer(compare.operand) };
    case 'createRevision':
      return { ...common, target: wireCompareTarget.CREATE, create_revision: integer(compare.operand) };
    case 'modRevision':
      return { ...common, target: wireCompareTarget.MOD, mod_revision: integer(compare.operand) };
    case 'value':
      return { ...common, target: wireCompareTarget.VALUE, value: toBytes(compare.operand) };
    case 'lease':
      return { ...common, target: wireCompareTarget.LEASE, lease: fromId(compare.operand) };
  }
}

function operationToWire(operation: Operation): etcdserverpb.RequestOp.$Properties {
  switch (operation.type) {
    case 'range':
      return { request_range: rangeRequestToWire(operation) };
    case 'put':
      return { request_put: putRequestToWire(operation) };
    case 'deleteRange':
      return { request_delete_range: deleteRangeRequestToWire(operation) };
    case 'txn':
      return { request_txn: txnRequestToWire(operation) };
  }
}

/** A number of a caller, checked: a fraction or a number beyond 2^53 would silently become another one. */
export function integer(value: number): number {
  assert(Number.isSafeInteger(value), `${value} is not a safe integer`);
  return value;
}

function optionalInteger(value: number | undefined): number | null {
  return value === undefined ? null : integer(value);
}

function optionalBytes(bytes: BytesLike | undefined): Uint8Array | null {
  return bytes === undefined ? null : toBytes(bytes);
}
