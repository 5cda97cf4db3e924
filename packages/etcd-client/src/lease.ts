/** The Lease service. A renewal is a short stream of its own: one request, one answer, on whichever endpoint serves. */
import { type Clock, OperatingError } from '@flotilla/base';
import { type CallOptions, fromId, toId, toSafeInteger } from '@flotilla/wire';
import type { Caller } from './caller.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';
import { headerOf } from './header.ts';
import { integer } from './kv-requests.ts';
import { startLeaseKeeper } from './lease-keeper.ts';
import type { Lease, LeaseRenewal } from './lease-shapes.ts';

export function createLease(parts: { caller: Caller; endpoints: Endpoints; clock: Clock }): Lease {
  const { caller, endpoints, clock } = parts;
  const lease: Lease = {
    async grant(request, limits) {
      const wire = { TTL: integer(request.ttlSeconds), ID: fromId(request.id ?? 0n) };
      const response = await caller.call({
        repeatable: false,
        needsLeader: true,
        limits,
        attempt: (endpoint, options) => endpoint.lease.LeaseGrant(wire, options),
      });
      return { header: headerOf(response.header), id: toId(response.ID), ttlSeconds: toSafeInteger(response.TTL) };
    },
    async revoke(id, limits) {
      await caller.call({
        repeatable: false,
        needsLeader: true,
        limits,
        attempt: (endpoint, options) => endpoint.lease.LeaseRevoke({ ID: fromId(id) }, options),
      });
    },
    async timeToLive(id, options) {
      const response = await caller.call({
        repeatable: true,
        needsLeader: true,
        limits: options,
        attempt: (endpoint, callOptions) =>
          endpoint.lease.LeaseTimeToLive({ ID: fromId(id), keys: options?.keys ?? null }, callOptions),
      });
      return {
        header: headerOf(response.header),
        id: toId(response.ID),
        ttlSeconds: toSafeInteger(response.TTL),
        grantedTtlSeconds: toSafeInteger(response.grantedTTL),
        keys: response.keys ?? [],
      };
    },
    async list(limits) {
      const response = await caller.call({
        repeatable: true,
        needsLeader: true,
        limits,
        attempt: (endpoint, options) => endpoint.lease.LeaseLeases({}, options),
      });
      return (response.leases ?? []).map(({ ID }) => toId(ID));
    },
    keepAliveOnce: (id, limits) =>
      // Renewing twice is renewing once: safe to repeat.
      caller.call({
        repeatable: true,
        needsLeader: true,
        limits,
        attempt: (endpoint, options) => renew(endpoint, id, options),
      }),
    keepAlive: (id, options = {}) =>
      startLeaseKeeper({ id, clock, options, closed: endpoints.closed, renew: lease.keepAliveOnce }),
  };
  return lease;
}

async function renew(endpoint: Endpoint, id: bigint, options: CallOptions): Promise<LeaseRenewal> {
  for await (const response of endpoint.lease.LeaseKeepAlive(single({ ID: fromId(id) }), options)) {
    return { header: headerOf(response.header), ttlSeconds: toSafeInteger(response.TTL) };
  }
  throw new OperatingError('ETCD_PROTOCOL', 'the server ended a keep-alive stream without an answer');
}

// oxlint-disable-next-line typescript/require-await -- an async iterable of one
async function* single<T>(item: T): AsyncGenerator<T, void> {
  yield item;
}
