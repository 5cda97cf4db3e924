/**
 * What the store has to do beside writing an object, for the few kinds that need it: services take an address from the
 * range and give it back in the same transaction; events hang on a lease.
 */
import type { Kind, KubeObject } from '@flotilla/api';
import type { Operation } from '@flotilla/etcd-client';
import type { Guard } from '../store/guard.ts';

/** An object completed with what the store allotted to it, and what the transaction must demand and do for that. */
export interface Plan {
  readonly object: KubeObject;
  readonly guards: readonly Guard[];
  readonly operations: readonly Operation[];
}

export interface Behaviour {
  /** @param old absent for a creation. @throws ApiError when nothing can be allotted. */
  plan(object: KubeObject, old: KubeObject | undefined, signal: AbortSignal): Promise<Plan>;
  /** What the transaction that removes the object does beside. */
  release(object: KubeObject): readonly Operation[];
  /** The lease that a written object hangs on; 0n: none. */
  lease(kind: Kind): Promise<bigint>;
}

/** Of most kinds: nothing beside the object. */
export const plainBehaviour: Behaviour = {
  plan: (object) => Promise.resolve({ object, guards: [], operations: [] }),
  release: () => [],
  lease: () => Promise.resolve(0n),
};
