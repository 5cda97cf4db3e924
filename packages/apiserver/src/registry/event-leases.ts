/**
 * Leases for kinds whose objects vanish by themselves. Objects that are written about the same time share one lease, as in
 * kube-apiserver: a lease is used for a while, or for a number of objects, and lives that while longer.
 */
import type { Clock } from '@flotilla/base';
import type { EtcdClient } from '@flotilla/etcd-client';

/** The most objects that hang on one lease. */
const objectsPerLease = 1_000;

export interface SharedLeases {
  /** A lease that lives at least `ttlSeconds` from now. */
  take(ttlSeconds: number): Promise<bigint>;
}

interface Shared {
  readonly id: Promise<bigint>;
  readonly untilMs: number;
  objects: number;
}

export function sharedLeases(client: EtcdClient, clock: Clock): SharedLeases {
  const byTtl = new Map<number, Shared>();

  const grant = (ttlSeconds: number): Shared => {
    const reuseSeconds = Math.max(1, Math.min(60, Math.floor(ttlSeconds * 0.05)));
    const id = client.lease.grant({ ttlSeconds: ttlSeconds + reuseSeconds }).then((granted) => granted.id);
    const shared: Shared = { id, untilMs: clock.monotonicMs() + reuseSeconds * 1_000, objects: 0 };
    byTtl.set(ttlSeconds, shared);
    // The writers who wait for this grant see its failure; the next one asks again.
    id.catch(() => byTtl.delete(ttlSeconds));
    return shared;
  };

  return {
    take(ttlSeconds) {
      const present = byTtl.get(ttlSeconds);
      const usable = present && clock.monotonicMs() < present.untilMs && present.objects < objectsPerLease;
      const shared = usable ? present : grant(ttlSeconds);
      shared.objects++;
      return shared.id;
    },
  };
}
