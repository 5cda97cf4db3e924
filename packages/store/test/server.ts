/** A store driven as a member drives it, without raft: checks, then an entry or a local read. */
import { etcdserverpb } from '@flotilla/wire';
import { plain } from '@flotilla/wire/test/plain';
import {
  type Caller,
  type CommittedEntry,
  type EntryResponse,
  type EntryType,
  type Outcome,
  type RangeResponse,
  type Store,
  type StoreError,
  checkDeleteRange,
  checkLeaseGrant,
  checkPut,
  checkRange,
  checkTxn,
  encodeEntry,
  isReadOnlyTxn,
  sourceOf,
} from '@flotilla/store';
import type { Operation } from './operations.ts';

const requestTypes = {
  put: etcdserverpb.PutRequest,
  deleteRange: etcdserverpb.DeleteRangeRequest,
  txn: etcdserverpb.TxnRequest,
  compact: etcdserverpb.CompactionRequest,
  leaseGrant: etcdserverpb.LeaseGrantRequest,
  leaseRevoke: etcdserverpb.LeaseRevokeRequest,
  memberAttributes: etcdserverpb.Member,
  memberUpdate: etcdserverpb.MemberUpdateRequest,
  memberRemove: etcdserverpb.MemberRemoveRequest,
  memberPromote: etcdserverpb.MemberPromoteRequest,
  alarm: etcdserverpb.AlarmRequest,
  authEnable: etcdserverpb.AuthEnableRequest,
  authDisable: etcdserverpb.AuthDisableRequest,
  authenticate: etcdserverpb.InternalAuthenticateRequest,
  userAdd: etcdserverpb.AuthUserAddRequest,
  userDelete: etcdserverpb.AuthUserDeleteRequest,
  userChangePassword: etcdserverpb.AuthUserChangePasswordRequest,
  userGrantRole: etcdserverpb.AuthUserGrantRoleRequest,
  userRevokeRole: etcdserverpb.AuthUserRevokeRoleRequest,
  roleAdd: etcdserverpb.AuthRoleAddRequest,
  roleDelete: etcdserverpb.AuthRoleDeleteRequest,
  roleGrantPermission: etcdserverpb.AuthRoleGrantPermissionRequest,
  roleRevokePermission: etcdserverpb.AuthRoleRevokePermissionRequest,
} as const;

/** Types of entries whose body is a request. */
export type RequestType = keyof typeof requestTypes;

const responseTypes = {
  put: etcdserverpb.PutResponse,
  deleteRange: etcdserverpb.DeleteRangeResponse,
  range: etcdserverpb.RangeResponse,
  txn: etcdserverpb.TxnResponse,
  compact: etcdserverpb.CompactionResponse,
  leaseGrant: etcdserverpb.LeaseGrantResponse,
  leaseRevoke: etcdserverpb.LeaseRevokeResponse,
} as const;

export type AnyOutcome = Outcome<EntryResponse | RangeResponse>;

const source = sourceOf({ memberId: 2n, run: 1 });

/** The data of an entry. */
export function entryData(type: RequestType, request: object, caller?: Caller): Uint8Array {
  return entryOfBody(type, requestTypes[type].encode(request).finish(), caller);
}

/** The data of an entry whose body is no protobuf message, or made already. */
export function entryOfBody(type: EntryType, body: Uint8Array, caller?: Caller): Uint8Array {
  return encodeEntry({ type, source, requestId: 1, caller, body });
}

/** The entry that follows what a store has applied. */
export function nextEntry(store: Store, data: Uint8Array, skipped = 0): CommittedEntry {
  return { index: store.appliedIndex + 1 + skipped, term: Math.max(1, store.appliedTerm), data };
}

/** What the member checks before anything else. */
export function checkOperation({ type, request }: Operation): StoreError | undefined {
  switch (type) {
    case 'put':
      return checkPut(request);
    case 'deleteRange':
      return checkDeleteRange(request);
    case 'range':
      return checkRange(request);
    case 'txn':
      return checkTxn(request, 128);
    case 'leaseGrant':
      return checkLeaseGrant(request);
    default:
      return undefined;
  }
}

/** The data of the entry that an operation becomes; undefined for one that needs none. */
export function entryOf(operation: Operation): Uint8Array | undefined {
  const { type, request } = operation;
  if (type === 'range' || (type === 'txn' && isReadOnlyTxn(request))) return undefined;
  return entryData(type, request);
}

/** Runs an operation as a member of one would. */
export function execute(store: Store, operation: Operation): AnyOutcome {
  const refused = checkOperation(operation);
  if (refused) return { ok: false, error: refused };
  const { type, request } = operation;
  if (type === 'range') return store.range(request);
  const data = entryOf(operation);
  if (!data) return store.readOnlyTxn(request as etcdserverpb.TxnRequest.$Properties);
  return applyData(store, data);
}

export function applyData(store: Store, data: Uint8Array): Outcome<EntryResponse> {
  const applied = store.apply([nextEntry(store, data)])[0];
  if (!applied) throw new Error('an entry was applied to nothing');
  return applied.outcome;
}

/** A message as plain data, as it looks to a client after the wire, with the header's revision. */
export function asClientSees(operation: Operation, outcome: AnyOutcome): unknown {
  if (!outcome.ok) return { error: outcome.error.code };
  const type = responseTypes[operation.type];
  const message = { ...outcome.response, header: { revision: outcome.revision } };
  return plain(type.decode(type.encode(message).finish()));
}

export { responseTypes };
