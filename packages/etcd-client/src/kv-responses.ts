/** Key-value answers from the wire. */
import { OperatingError } from '@flotilla/base';
import { type etcdserverpb, toSafeInteger } from '@flotilla/wire';
import { headerOf, keyValueOf, optionalKeyValueOf } from './header.ts';
import type { DeleteRangeResponse, OperationResponse, PutResponse, RangeResponse, TxnResponse } from './kv-shapes.ts';

export function rangeResponseOf(response: etcdserverpb.RangeResponse.$Properties): RangeResponse {
  return {
    header: headerOf(response.header),
    kvs: (response.kvs ?? []).map(keyValueOf),
    more: response.more ?? false,
    count: toSafeInteger(response.count),
  };
}

export function putResponseOf(response: etcdserverpb.PutResponse.$Properties): PutResponse {
  return { header: headerOf(response.header), prevKv: optionalKeyValueOf(response.prev_kv) };
}

export function deleteRangeResponseOf(response: etcdserverpb.DeleteRangeResponse.$Properties): DeleteRangeResponse {
  return {
    header: headerOf(response.header),
    deleted: toSafeInteger(response.deleted),
    prevKvs: (response.prev_kvs ?? []).map(keyValueOf),
  };
}

export function txnResponseOf(response: etcdserverpb.TxnResponse.$Properties): TxnResponse {
  return {
    header: headerOf(response.header),
    succeeded: response.succeeded ?? false,
    responses: (response.responses ?? []).map(operationResponseOf),
  };
}

function operationResponseOf(response: etcdserverpb.ResponseOp.$Properties): OperationResponse {
  if (response.response_range) return { type: 'range', ...rangeResponseOf(response.response_range) };
  if (response.response_put) return { type: 'put', ...putResponseOf(response.response_put) };
  if (response.response_delete_range) {
    return { type: 'deleteRange', ...deleteRangeResponseOf(response.response_delete_range) };
  }
  if (response.response_txn) return { type: 'txn', ...txnResponseOf(response.response_txn) };
  throw new OperatingError('ETCD_PROTOCOL', 'the server answered a transaction with an operation of no known type');
}
