/**
 * `flotilla.v1.Lease` and `flotilla.v1.Election` as the elector needs them. The messages are etcd's; ids and revisions are
 * converted here and nowhere else.
 */
import {
  type CallOptions as RpcOptions,
  type Channel,
  connectService,
  flotillaElectionService,
  flotillaLeaseService,
  fromId,
  toId,
  toSafeInteger,
} from '@flotilla/wire';
import { assert } from '@flotilla/base';
import type { CallOptions, Fence } from './transport.ts';

/** A campaign that was won. */
export interface Victory {
  /** The leader's key and its create revision, which is when the candidate joined the line. */
  readonly fence: Fence;
  /** The store revision at which the candidate was seen to lead: no earlier leader's write is younger. */
  readonly electedRevision: number;
}

export interface ElectionService {
  /** @returns the lease's id and the TTL that the server granted, which may be longer than asked for. */
  grant(ttlSeconds: number, options: CallOptions): Promise<{ readonly lease: bigint; readonly ttlSeconds: number }>;
  revoke(lease: bigint, options: CallOptions): Promise<void>;
  /** Sends one keep-alive for each request that arrives; yields the remaining TTL in seconds, 0 when the lease is gone. */
  keepAlive(lease: bigint, ticks: AsyncIterable<void>, options: CallOptions): AsyncIterable<number>;
  /** Resolves once this candidate leads. With the same lease it may be repeated after a lost connection. */
  campaign(candidate: Candidate, options: CallOptions): Promise<Victory>;
}

export interface Candidate {
  /** The election, e.g. `kube-scheduler`. */
  readonly name: string;
  readonly identity: string;
  readonly lease: bigint;
}

/** How the transport calls: with its credentials and limits, and with its errors told apart. */
export interface GrpcCalls {
  /** @param timed whether the transport's own time limit holds; a campaign may wait for as long as another leads. */
  unary<T>(options: CallOptions, timed: boolean, send: (rpc: RpcOptions) => Promise<T>): Promise<T>;
  stream<T>(options: CallOptions, open: (rpc: RpcOptions) => AsyncIterable<T>): AsyncIterable<T>;
}

export function grpcElections(channel: Channel, calls: GrpcCalls): ElectionService {
  const leases = connectService(channel, flotillaLeaseService);
  const elections = connectService(channel, flotillaElectionService);

  return {
    async grant(ttlSeconds, options) {
      const { ID, TTL } = await calls.unary(options, true, (rpc) => leases.LeaseGrant({ TTL: ttlSeconds }, rpc));
      return { lease: toId(ID), ttlSeconds: toSafeInteger(TTL) };
    },
    async revoke(lease, options) {
      await calls.unary(options, true, (rpc) => leases.LeaseRevoke({ ID: fromId(lease) }, rpc));
    },
    async *keepAlive(lease, ticks, options) {
      const request = { ID: fromId(lease) };
      const answers = calls.stream(options, (rpc) => leases.LeaseKeepAlive(each(ticks, request), rpc));
      for await (const { TTL } of answers) yield toSafeInteger(TTL);
    },
    async campaign({ name, identity, lease }, options) {
      const request = { name: Buffer.from(name), lease: fromId(lease), value: Buffer.from(identity) };
      const { header, leader } = await calls.unary(options, false, (rpc) => elections.Campaign(request, rpc));
      assert(leader !== null && leader !== undefined, 'a won campaign names its leader key');
      return {
        fence: { key: Uint8Array.from(leader.key ?? []), createRevision: toSafeInteger(leader.rev) },
        electedRevision: toSafeInteger(header?.revision),
      };
    },
  };
}

async function* each<T>(ticks: AsyncIterable<void>, request: T): AsyncIterable<T> {
  for await (const _ of ticks) yield request;
}
