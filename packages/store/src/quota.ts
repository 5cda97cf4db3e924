/** What a request takes of the space quota, as etcd estimates it: asked before it is proposed. */
import { etcdserverpb } from '@flotilla/wire';
import type { EntryType } from './entry.ts';

/** What a key costs beside its bytes, and what a lease costs. */
const keyOverheadBytes = 256;
const leaseBytes = 64;

/** The most bytes an entry can cost: cheap to tell, and enough where there is plenty of room. */
export function costAtMost(body: Uint8Array, maxTxnOps: number): number {
  return body.length + keyOverheadBytes * Math.max(1, maxTxnOps);
}

/** The bytes that an entry may add; 0 for one that adds none. */
export function costOf(type: EntryType, body: Uint8Array): number {
  switch (type) {
    case 'put':
      return putCost(etcdserverpb.PutRequest.decode(body));
    case 'txn':
      return putBytes(etcdserverpb.TxnRequest.decode(body));
    case 'leaseGrant':
      return leaseBytes;
    default:
      return 0;
  }
}

function putCost({ key, value }: etcdserverpb.PutRequest.$Properties): number {
  return keyOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
}

/** What the dearer branch of a transaction puts. */
export function putBytes({ success, failure }: etcdserverpb.TxnRequest.$Properties): number {
  return Math.max(branchBytes(success ?? []), branchBytes(failure ?? []));
}

function branchBytes(ops: readonly etcdserverpb.RequestOp.$Properties[]): number {
  let bytes = 0;
  for (const { request_put, request_txn } of ops) {
    if (request_put) bytes += putCost(request_put);
    if (request_txn) bytes += putBytes(request_txn);
  }
  return bytes;
}
