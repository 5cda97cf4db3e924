/** What a request needs of its caller's permissions; each returns the refusal, or undefined. The order of the checks is etcd's. */
import { etcdserverpb, toId } from '@flotilla/wire';
import type { StoreErrorCode } from '../errors.ts';
import type { LeaseView } from '../leases/lease-table.ts';
import type { AuthView, Caller } from './auth-state.ts';

type Refused = StoreErrorCode | undefined;
type RequestOp = etcdserverpb.RequestOp.$Properties;

/** Who asks, and what the answer depends on. */
export interface Access {
  readonly auth: AuthView;
  readonly leases: Pick<LeaseView, 'keys'>;
  readonly caller: Caller | undefined;
}

export function refusedRange({ auth, caller }: Access, request: etcdserverpb.RangeRequest.$Properties): Refused {
  return auth.refusedKeys(caller, request, 'read');
}

/** Whoever attaches a lease must be able to revoke it, and so to write all of its keys. */
export function refusedPut(access: Access, request: etcdserverpb.PutRequest.$Properties): Refused {
  const { auth, caller } = access;
  const keys = { key: request.key ?? null };
  return (
    auth.refusedKeys(caller, keys, 'write') ??
    refusedLeaseKeys(access, toId(request.lease), 'write') ??
    (request.prev_kv === true ? auth.refusedKeys(caller, keys, 'read') : undefined)
  );
}

export function refusedDeleteRange(
  { auth, caller }: Access,
  request: etcdserverpb.DeleteRangeRequest.$Properties,
): Refused {
  const refused = auth.refusedKeys(caller, request, 'write');
  return refused ?? (request.prev_kv === true ? auth.refusedKeys(caller, request, 'read') : undefined);
}

/** Both branches are checked, whichever is taken. */
export function refusedTxn(access: Access, request: etcdserverpb.TxnRequest.$Properties): Refused {
  for (const compare of request.compare ?? []) {
    const refused = access.auth.refusedKeys(access.caller, compare, 'read');
    if (refused) return refused;
  }
  for (const op of [...(request.success ?? []), ...(request.failure ?? [])]) {
    const refused = refusedOp(access, op);
    if (refused) return refused;
  }
  return undefined;
}

function refusedOp(access: Access, op: RequestOp): Refused {
  if (op.request_range) return refusedRange(access, op.request_range);
  if (op.request_put) return refusedPut(access, op.request_put);
  if (op.request_delete_range) return refusedDeleteRange(access, op.request_delete_range);
  return op.request_txn ? refusedTxn(access, op.request_txn) : undefined;
}

/** Of a lease that nobody has, and of one without keys, nothing is refused. */
export function refusedLeaseKeys({ auth, leases, caller }: Access, id: bigint, access: 'read' | 'write'): Refused {
  if (id === 0n || auth.refusedAdmin(caller) === undefined) return undefined;
  for (const key of leases.keys(id)) {
    const refused = auth.refusedKeys(caller, { key }, access);
    if (refused) return refused;
  }
  return undefined;
}
