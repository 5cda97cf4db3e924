/** What callers give to and get from the lease calls. */
import type { CallLimits, ResponseHeader } from './kv-shapes.ts';

export interface LeaseGrant {
  readonly header: ResponseHeader;
  readonly id: bigint;
  /** As the server granted it: never less than its minimum. */
  readonly ttlSeconds: number;
}

export interface LeaseTimeToLive {
  readonly header: ResponseHeader;
  readonly id: bigint;
  /** Whole seconds left; -1 when there is no such lease. */
  readonly ttlSeconds: number;
  readonly grantedTtlSeconds: number;
  /** Only when asked for. */
  readonly keys: readonly Uint8Array[];
}

export interface LeaseRenewal {
  readonly header: ResponseHeader;
  /** The full TTL again; 0 when there is no such lease any more. */
  readonly ttlSeconds: number;
}

/**
 * Why a lease is taken for lost: `expired` when a server said so, `unconfirmed` when no renewal was confirmed
 * within the TTL, so that the lease may have expired.
 */
export type LeaseLoss = 'expired' | 'unconfirmed';

export interface KeepAliveOptions {
  readonly signal?: AbortSignal;
  /** The TTL of the grant, seconds: the clock towards `unconfirmed` then runs from the start. Without it, from the first renewal. */
  readonly ttlSeconds?: number;
}

/** Renews one lease every third of its TTL, on whichever member answers. */
export interface LeaseKeeper {
  readonly id: bigint;
  /** Aborted when the lease is lost; never by `close`. */
  readonly lost: AbortSignal;
  /** Resolves with the reason when the lease is lost, with undefined when the keeper was closed before. Never rejects. */
  readonly ended: Promise<LeaseLoss | undefined>;
  /** Stops renewing; does not revoke. Idempotent. */
  close(): Promise<void>;
}

export interface Lease {
  /** @param request `id` 0n or absent: the server draws one. */
  grant(request: { ttlSeconds: number; id?: bigint }, limits?: CallLimits): Promise<LeaseGrant>;
  /** Deletes the lease and its keys. Throws `ETCD_LEASE_NOT_FOUND` when there is none. */
  revoke(id: bigint, limits?: CallLimits): Promise<void>;
  timeToLive(id: bigint, options?: CallLimits & { keys?: boolean }): Promise<LeaseTimeToLive>;
  /** Ids of all leases. */
  list(limits?: CallLimits): Promise<readonly bigint[]>;
  /** One renewal. */
  keepAliveOnce(id: bigint, limits?: CallLimits): Promise<LeaseRenewal>;
  /** Renews until lost or closed. */
  keepAlive(id: bigint, options?: KeepAliveOptions): LeaseKeeper;
}
