/**
 * The replicated leases and what is attached to them. No time passes here: a lease ends by a revoke entry and
 * nothing else, and what it has left is what the last checkpoint said.
 *
 * Invariant: a live key's lease slot is 0 or that of a lease that counts the key among its keys.
 */
import { assert } from '@flotilla/base';
import { compareBytes } from '../bytes.ts';
import type { KeyId } from '../mvcc/key-table.ts';

export interface Lease {
  readonly id: bigint;
  /** Granted TTL, seconds. */
  readonly ttlSeconds: number;
  /** What the last checkpoint said is left, at most the TTL; the whole TTL as long as none did. */
  readonly remainingMs: number;
}

/** A lease with its whole time ahead. */
export function wholeLease({ id, ttlSeconds }: Pick<Lease, 'id' | 'ttlSeconds'>): Lease {
  return { id, ttlSeconds, remainingMs: ttlSeconds * 1000 };
}

/** The leases of the applied state, for reading. */
export interface LeaseView {
  readonly size: number;
  get(id: bigint): Lease | undefined;
  /** Keys attached to the lease, sorted; empty when it is unknown. */
  keys(id: bigint): readonly Uint8Array[];
  /** All leases, by id. */
  list(): readonly Lease[];
}

/** A lease and the number by which keys refer to it. */
export interface LeaseRecord extends Lease {
  remainingMs: number;
  readonly slot: number;
  readonly keyIds: Set<KeyId>;
}

/** Told of every grant, checkpoint and revoke as it is applied. */
export interface LeaseObserver {
  granted(lease: Lease): void;
  /** What it has left has changed. */
  checkpointed(lease: Lease): void;
  revoked(id: bigint): void;
}

export class LeaseTable {
  readonly #byId = new Map<bigint, LeaseRecord>();
  /** Slot → lease; slot 0 stays empty, for keys without one. */
  readonly #bySlot: (LeaseRecord | undefined)[] = [undefined];
  readonly #freeSlots: number[] = [];
  readonly #observers = new Set<LeaseObserver>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: bigint): LeaseRecord | undefined {
    return this.#byId.get(id);
  }

  list(): LeaseRecord[] {
    return [...this.#byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The lease that a key's slot names; 0n for slot 0. */
  idOf(slot: number): bigint {
    if (slot === 0) return 0n;
    const lease = this.#bySlot[slot];
    assert(lease !== undefined, 'a key is attached to a lease that is gone');
    return lease.id;
  }

  grant({ id, ttlSeconds, remainingMs }: Lease): void {
    assert(!this.#byId.has(id), 'a lease is granted twice');
    const slot = this.#freeSlots.pop() ?? this.#bySlot.length;
    const lease = { id, ttlSeconds, remainingMs, slot, keyIds: new Set<KeyId>() };
    this.#byId.set(id, lease);
    this.#bySlot[slot] = lease;
    for (const observer of this.#observers) observer.granted(lease);
  }

  /** Says what a lease has left. */
  checkpoint(lease: LeaseRecord, remainingMs: number): void {
    lease.remainingMs = Math.min(remainingMs, lease.ttlSeconds * 1000);
    for (const observer of this.#observers) observer.checkpointed(lease);
  }

  /** Removes a lease whose keys are deleted. */
  remove(lease: LeaseRecord): void {
    assert(lease.keyIds.size === 0, 'a lease is removed while keys are attached');
    this.#byId.delete(lease.id);
    this.#bySlot[lease.slot] = undefined;
    this.#freeSlots.push(lease.slot);
    for (const observer of this.#observers) observer.revoked(lease.id);
  }

  attach(slot: number, key: KeyId): void {
    if (slot !== 0) this.#bySlot[slot]?.keyIds.add(key);
  }

  detach(slot: number, key: KeyId): void {
    if (slot !== 0) this.#bySlot[slot]?.keyIds.delete(key);
  }

  observe(observer: LeaseObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }
}

/** A lease as it is now, to keep. */
export function plainLease({ id, ttlSeconds, remainingMs }: Lease): Lease {
  return { id, ttlSeconds, remainingMs };
}

/** What others may see of a lease table. @param keyOf a copy of the key of an id. */
export function viewLeases(table: LeaseTable, keyOf: (id: KeyId) => Uint8Array): LeaseView {
  return {
    get size() {
      return table.size;
    },
    get(id) {
      const lease = table.get(id);
      return lease && plainLease(lease);
    },
    keys: (id) => [...(table.get(id)?.keyIds ?? [])].map(keyOf).sort(compareBytes),
    list: () => table.list().map(plainLease),
  };
}
