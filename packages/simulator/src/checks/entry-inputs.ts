/** Entries of the log as inputs of the model. */
import type { Entry } from '@flotilla/store';
import { clampInteger, etcdserverpb, toId } from '@flotilla/wire';
import type { Compare, EtcdInput, KeyOperation } from '../linearizability/etcd-model.ts';

const { CompareTarget, CompareResult } = etcdserverpb.Compare;
const { AlarmAction } = etcdserverpb.AlarmRequest;

/** What an entry does: to the keys and leases, as a compaction, to the alarms, or nothing of these. */
export type EntryMeaning =
  | { readonly kind: 'input'; readonly input: EtcdInput }
  | { readonly kind: 'compact'; readonly revision: number }
  /** An alarm about space is raised, or disarmed. */
  | { readonly kind: 'alarm'; readonly member: string; readonly active: boolean }
  | { readonly kind: 'other' };

export function meaningOf({ type, body }: Pick<Entry, 'type' | 'body'>): EntryMeaning {
  switch (type) {
    case 'put':
      return { kind: 'input', input: putOf(etcdserverpb.PutRequest.decode(body)) };
    case 'deleteRange':
      return { kind: 'input', input: deleteOf(etcdserverpb.DeleteRangeRequest.decode(body)) };
    case 'txn':
      return { kind: 'input', input: txnOf(etcdserverpb.TxnRequest.decode(body)) };
    case 'compact':
      return { kind: 'compact', revision: clampInteger(etcdserverpb.CompactionRequest.decode(body).revision) };
    case 'leaseGrant':
      return {
        kind: 'input',
        input: { kind: 'grant', lease: leaseName(etcdserverpb.LeaseGrantRequest.decode(body).ID) },
      };
    case 'leaseRevoke':
      return {
        kind: 'input',
        input: { kind: 'revoke', lease: leaseName(etcdserverpb.LeaseRevokeRequest.decode(body).ID) },
      };
    case 'alarm': {
      const { action, memberID } = etcdserverpb.AlarmRequest.decode(body);
      return { kind: 'alarm', member: toId(memberID).toString(16), active: action === AlarmAction.ACTIVATE };
    }
    // Nothing else changes keys or leases.
    default:
      return { kind: 'other' };
  }
}

/** Empty for none. */
export function leaseName(id: Parameters<typeof toId>[0]): string {
  const number = toId(id);
  return number === 0n ? '' : number.toString(16);
}

export function textOfBytes(bytes: Uint8Array | null | undefined): string {
  return bytes ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') : '';
}

function putOf({ key, value, lease }: etcdserverpb.PutRequest.$Properties): KeyOperation {
  return { kind: 'put', key: textOfBytes(key), value: textOfBytes(value), lease: leaseName(lease) };
}

function deleteOf({ key, range_end }: etcdserverpb.DeleteRangeRequest.$Properties): KeyOperation {
  return { kind: 'delete', key: textOfBytes(key), end: endOf(range_end) };
}

function endOf(rangeEnd: Uint8Array | null | undefined): string | undefined {
  return rangeEnd && rangeEnd.length > 0 ? textOfBytes(rangeEnd) : undefined;
}

function txnOf({ compare, success, failure }: etcdserverpb.TxnRequest.$Properties): EtcdInput {
  return {
    kind: 'txn',
    compares: (compare ?? []).map(compareOf),
    success: (success ?? []).map(operationOf),
    failure: (failure ?? []).map(operationOf),
  };
}

function operationOf(operation: etcdserverpb.RequestOp.$Properties): KeyOperation {
  const { request_put: put, request_delete_range: remove, request_range: range } = operation;
  if (put) return putOf(put);
  if (remove) return deleteOf(remove);
  if (!range) throw new Error('the workload sends no nested transactions');
  return { kind: 'range', key: textOfBytes(range.key), end: endOf(range.range_end) };
}

function compareOf(compare: etcdserverpb.Compare.$Properties): Compare {
  if (compare.result !== CompareResult.EQUAL) throw new Error('the workload compares for equality only');
  const key = textOfBytes(compare.key);
  switch (compare.target) {
    case CompareTarget.VALUE:
      return { key, target: 'value', equals: textOfBytes(compare.value) };
    case CompareTarget.MOD:
      return { key, target: 'modRevision', equals: clampInteger(compare.mod_revision) };
    case CompareTarget.CREATE:
      return { key, target: 'createRevision', equals: clampInteger(compare.create_revision) };
    default:
      return { key, target: 'version', equals: clampInteger(compare.version) };
  }
}
