/** The coordination.k8s.io/v1 Lease of a leader, as `kubectl get leases -n kube-system` shows it. */
import { type Lease, leases } from '@flotilla/api';
import type { ApiClient } from './client.ts';
import { isNotFound } from './errors.ts';

export const leaseNamespace = 'kube-system';

export interface LeaseHolder {
  readonly name: string;
  readonly identity: string;
  readonly ttlSeconds: number;
  /** Wall clock, milliseconds. */
  readonly nowMs: number;
}

/** RFC 3339 with microseconds. */
export function microTimeOf(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000Z');
}

/** The Lease as `holder` holds it: a change of hands counts as a transition. */
export function heldLease(old: Lease | undefined, { name, identity, ttlSeconds, nowMs }: LeaseHolder): Lease {
  const now = microTimeOf(nowMs);
  const previous = old?.spec;
  const kept = previous?.holderIdentity === identity;
  const transitions = previous?.leaseTransitions ?? 0;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: old?.metadata ?? { name, namespace: leaseNamespace },
    spec: {
      ...previous,
      holderIdentity: identity,
      leaseDurationSeconds: ttlSeconds,
      acquireTime: kept ? (previous.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: !old || kept ? transitions : transitions + 1,
    },
  };
}

/** The Lease as nobody holds it. */
export function releasedLease(old: Lease, nowMs: number): Lease {
  const now = microTimeOf(nowMs);
  return { ...old, spec: { ...old.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now } };
}

export async function readLease(client: ApiClient, name: string, signal: AbortSignal): Promise<Lease | undefined> {
  try {
    return await client.resource(leases).get({ namespace: leaseNamespace, name }, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Creates or updates; an update only over the version that was read. */
export function writeLease(client: ApiClient, lease: Lease, signal: AbortSignal): Promise<Lease> {
  const resource = client.resource(leases);
  const exists = lease.metadata.resourceVersion !== undefined;
  return exists ? resource.update(lease, { signal }) : resource.create(lease, { signal });
}
