/**
 * Whether the caller of an entry may have it applied. What the service of a request decides by itself (grants of leases,
 * compactions, alarms), and what members propose for themselves, passes.
 */
import { etcdserverpb, toId } from '@flotilla/wire';
import { type EntryType, isAuthEntry } from '../entry.ts';
import type { StoreErrorCode } from '../errors.ts';
import { type Access, refusedDeleteRange, refusedLeaseKeys, refusedPut, refusedTxn } from './request-access.ts';

export function refusedEntry(access: Access, type: EntryType, body: Uint8Array): StoreErrorCode | undefined {
  if (isAuthEntry(type)) return access.auth.refusedAdmin(access.caller);
  switch (type) {
    case 'put':
      return refusedPut(access, etcdserverpb.PutRequest.decode(body));
    case 'deleteRange':
      return refusedDeleteRange(access, etcdserverpb.DeleteRangeRequest.decode(body));
    case 'txn':
      return refusedTxn(access, etcdserverpb.TxnRequest.decode(body));
    case 'leaseRevoke':
      return refusedLeaseKeys(access, toId(etcdserverpb.LeaseRevokeRequest.decode(body).ID), 'write');
    default:
      return undefined;
  }
}
