/** Inputs of the model as requests on the wire, and responses as outputs of the model. */
import { clampInteger, etcdserverpb, fromId, type mvccpb } from '@flotilla/wire';
import { leaseName, textOfBytes } from '../checks/entry-inputs.ts';
import type { Compare, EtcdOutput, KeyAnswer, KeyOperation, KeyRow } from '../linearizability/etcd-model.ts';

type Header = etcdserverpb.ResponseHeader.$Properties | null | undefined;

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const endOf = (end: string | undefined): Uint8Array => bytesOf(end ?? '');

export function putRequest({
  key,
  value,
  lease,
}: Extract<KeyOperation, { kind: 'put' }>): etcdserverpb.PutRequest.$Properties {
  return { key: bytesOf(key), value: bytesOf(value), lease: fromId(lease === '' ? 0n : BigInt(`0x${lease}`)) };
}

export function deleteRequest({
  key,
  end,
}: Extract<KeyOperation, { kind: 'delete' }>): etcdserverpb.DeleteRangeRequest.$Properties {
  return { key: bytesOf(key), range_end: endOf(end) };
}

export function rangeRequest(
  { key, end }: { readonly key: string; readonly end: string | undefined },
  options: { readonly serializable?: boolean; readonly revision?: number } = {},
): etcdserverpb.RangeRequest.$Properties {
  return { key: bytesOf(key), range_end: endOf(end), ...options };
}

export function txnRequest(input: {
  readonly compares: readonly Compare[];
  readonly success: readonly KeyOperation[];
  readonly failure: readonly KeyOperation[];
}): etcdserverpb.TxnRequest.$Properties {
  return {
    compare: input.compares.map(compareOf),
    success: input.success.map(operationOf),
    failure: input.failure.map(operationOf),
  };
}

function operationOf(operation: KeyOperation): etcdserverpb.RequestOp.$Properties {
  if (operation.kind === 'put') return { request_put: putRequest(operation) };
  if (operation.kind === 'delete') return { request_delete_range: deleteRequest(operation) };
  return { request_range: rangeRequest(operation) };
}

const { CompareResult, CompareTarget } = etcdserverpb.Compare;

function compareOf({ key, target, equals }: Compare): etcdserverpb.Compare.$Properties {
  const common = { key: bytesOf(key), result: CompareResult.EQUAL };
  if (target === 'value') return { ...common, target: CompareTarget.VALUE, value: bytesOf(String(equals)) };
  const number = Number(equals);
  if (target === 'modRevision') return { ...common, target: CompareTarget.MOD, mod_revision: number };
  if (target === 'createRevision') return { ...common, target: CompareTarget.CREATE, create_revision: number };
  return { ...common, target: CompareTarget.VERSION, version: number };
}

export function revisionOf(header: Header): number {
  return clampInteger(header?.revision);
}

export function putOutput({ header }: etcdserverpb.PutResponse.$Properties): EtcdOutput {
  return { revision: revisionOf(header), succeeded: true, answers: [{ kind: 'put' }] };
}

export function deleteOutput({ header, deleted }: etcdserverpb.DeleteRangeResponse.$Properties): EtcdOutput {
  return {
    revision: revisionOf(header),
    succeeded: true,
    answers: [{ kind: 'delete', deleted: clampInteger(deleted) }],
  };
}

export function rangeOutput({ header, kvs }: etcdserverpb.RangeResponse.$Properties): EtcdOutput {
  return { revision: revisionOf(header), succeeded: true, answers: [{ kind: 'range', rows: rowsOf(kvs) }] };
}

export function txnOutput({ header, succeeded, responses }: etcdserverpb.TxnResponse.$Properties): EtcdOutput {
  return { revision: revisionOf(header), succeeded: succeeded ?? false, answers: (responses ?? []).map(answerOf) };
}

function answerOf(response: etcdserverpb.ResponseOp.$Properties): KeyAnswer {
  if (response.response_put) return { kind: 'put' };
  if (response.response_delete_range) {
    return { kind: 'delete', deleted: clampInteger(response.response_delete_range.deleted) };
  }
  return { kind: 'range', rows: rowsOf(response.response_range?.kvs) };
}

function rowsOf(kvs: readonly mvccpb.KeyValue.$Properties[] | null | undefined): readonly KeyRow[] {
  return (kvs ?? []).map(rowOf);
}

export function rowOf(kv: mvccpb.KeyValue.$Properties): KeyRow {
  return {
    key: textOfBytes(kv.key),
    value: textOfBytes(kv.value),
    createRevision: clampInteger(kv.create_revision),
    modRevision: clampInteger(kv.mod_revision),
    version: clampInteger(kv.version),
    lease: leaseName(kv.lease),
  };
}
