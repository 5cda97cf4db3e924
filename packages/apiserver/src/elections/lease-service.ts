/**
 * `flotilla.v1.Lease`: etcd's lease calls, implemented on the store's leases. A lease belongs to the identity that granted
 * it; the store itself holds the record, so that any API server can check it.
 */
import { type EtcdClient, type ResponseHeader } from '@flotilla/etcd-client';
import {
  type CallContext,
  type Handlers,
  RpcError,
  StatusCode,
  type etcdserverpb,
  type flotillaLeaseService,
  fromId,
  fromUnsignedId,
  toId,
  clampInteger,
} from '@flotilla/wire';
import type { Identify } from '../auth/user.ts';
import { leaseHex, leaseOwnerKey } from './keys.ts';
import { storeCall } from './store-call.ts';

export function leaseHandlers(client: EtcdClient, campaigner: Identify): Handlers<typeof flotillaLeaseService> {
  return {
    async LeaseGrant(request, context) {
      const identity = campaigner(context);
      const granted = await storeCall(() =>
        client.lease.grant({ ttlSeconds: clampInteger(request.TTL), id: toId(request.ID) }, limitsOf(context)),
      );
      await storeCall(() =>
        client.kv.put(
          { key: leaseOwnerKey(leaseHex(granted.id)), value: identity, lease: granted.id },
          limitsOf(context),
        ),
      );
      return { header: headerOf(granted.header), ID: fromId(granted.id), TTL: granted.ttlSeconds };
    },

    async LeaseRevoke(request, context) {
      const id = toId(request.ID);
      const header = await checkOwner(client, id, campaigner(context), context);
      await storeCall(() => client.lease.revoke(id, limitsOf(context)));
      return { header: headerOf(header) };
    },

    async *LeaseKeepAlive(requests, context) {
      const identity = campaigner(context);
      // A lease never changes hands, and an id is not used again while its stream lives.
      const own = new Set<bigint>();
      for await (const request of requests) {
        const id = toId(request.ID);
        if (!own.has(id) && (await ownsLease(client, id, identity, context))) own.add(id);
        yield own.has(id) ? await renew(client, id, context) : { ID: request.ID, TTL: 0 };
      }
    },

    async LeaseTimeToLive(request, context) {
      const id = toId(request.ID);
      await checkOwner(client, id, campaigner(context), context);
      const answer = await storeCall(() => client.lease.timeToLive(id, { ...limitsOf(context), keys: request.keys }));
      return {
        header: headerOf(answer.header),
        ID: request.ID,
        TTL: answer.ttlSeconds,
        grantedTTL: answer.grantedTtlSeconds,
        keys: [...answer.keys],
      };
    },
  };
}

async function renew(
  client: EtcdClient,
  id: bigint,
  context: CallContext,
): Promise<etcdserverpb.ILeaseKeepAliveResponse> {
  const { header, ttlSeconds } = await storeCall(() => client.lease.keepAliveOnce(id, limitsOf(context)));
  return { header: headerOf(header), ID: fromId(id), TTL: ttlSeconds };
}

/** False when there is no such lease. @throws RpcError PERMISSION_DENIED when it is another's. */
async function ownsLease(client: EtcdClient, id: bigint, identity: string, context: CallContext): Promise<boolean> {
  try {
    await checkOwner(client, id, identity, context);
    return true;
  } catch (error) {
    if (error instanceof RpcError && error.status === StatusCode.NOT_FOUND) return false;
    throw error;
  }
}

/** @throws RpcError NOT_FOUND for a lease that nobody was granted here, PERMISSION_DENIED for another's. */
export async function checkOwner(
  client: EtcdClient,
  id: bigint,
  identity: string,
  context: CallContext,
): Promise<ResponseHeader> {
  const key = leaseOwnerKey(leaseHex(id));
  const { header, kvs } = await storeCall(() => client.kv.range({ key }, limitsOf(context)));
  const owner = kvs[0];
  if (!owner) throw new RpcError(StatusCode.NOT_FOUND, 'etcdserver: requested lease not found');
  if (Buffer.from(owner.value).toString() === identity) return header;
  throw new RpcError(StatusCode.PERMISSION_DENIED, 'flotilla: the lease belongs to another identity');
}

export function limitsOf(context: CallContext): { readonly signal: AbortSignal } {
  return { signal: context.signal };
}

export function headerOf(header: ResponseHeader): etcdserverpb.IResponseHeader {
  return {
    cluster_id: fromUnsignedId(header.clusterId),
    member_id: fromUnsignedId(header.memberId),
    revision: header.revision,
    raft_term: header.raftTerm,
  };
}
