/**
 * The keeper of the leases' time. Only the leader's lessor is primary; it alone says what has expired, and even then a
 * lease ends only by the revoke entry that its member proposes. Times are monotonic and of this member alone.
 *
 * So that a lease does not begin anew with each leader, its member has what is left of it written down whenever it has
 * fallen by a step. A renewal of such a lease waits until the whole TTL is written down again: otherwise the next leader
 * would let it end before the time that was promised.
 *
 * Invariants: while primary, every lease has an expiry time; a lease past it is never renewed, so that it cannot
 * live on for one client while another was told that it ended. A lease without a lowering has its whole TTL in the log,
 * now and whatever this leader's proposals that are under way come to.
 */
import { type Clock, assert } from '@flotilla/base';
import { StateMachine } from '../state-machine.ts';
import type { Store } from '../store.ts';
import { DueQueue } from './due-queue.ts';
import type { LeaseRemainder } from './lease-checkpoint.ts';
import type { Lease } from './lease-table.ts';

export interface LessorOptions {
  readonly clock: Clock;
  /** Told of each lease that is granted and revoked, whoever leads. */
  readonly onGranted?: ((lease: Lease) => void) | undefined;
  readonly onRevoked?: (() => void) | undefined;
}

/** The granted TTL in seconds, or why a lease is not renewed; see {@link Lessor.renew}. */
export type Renewal = number | 'notFound' | 'expired' | 'lowered' | 'notPrimary';

export interface Lessor {
  readonly isPrimary: boolean;
  /** Starts every lease with what the log says is left of it plus `extendMs`, so that none expires for want of a leader. */
  promote(options: { extendMs: number }): void;
  demote(): void;
  /**
   * The granted TTL in seconds. `expired`: its revoke is under way, wait for {@link revoked} and answer TTL 0. `lowered`:
   * not renewed, because the log may say that less than the TTL is left; write the whole TTL down, tell {@link restored}
   * and try again. While not primary: `notPrimary`.
   */
  renew(id: bigint): Renewal;
  /** Whole seconds left, at least 0; undefined for an unknown lease or while not primary. */
  remainingSeconds(id: bigint): number | undefined;
  /** Ids of all leases, soonest expiry first (by id while not primary). */
  listByExpiry(): readonly bigint[];
  /** Up to `limit` leases that are past their expiry; each is given out again only after 3 s. */
  expired(nowMs: number, limit: number): readonly bigint[];
  /**
   * Up to `limit` leases that will have fallen by {@link checkpointStepMs} within `withinMs`, with what they have left now.
   * They are to be written down; each is given out again only once it is and has fallen further, or after 3 s.
   */
  fallen(nowMs: number, options: { readonly withinMs: number; readonly limit: number }): readonly LeaseRemainder[];
  /** All leases that have less left than the log says; as {@link fallen}. */
  allFallen(nowMs: number): readonly LeaseRemainder[];
  /** Names the last time that a lease was given out to be written down; undefined: its whole TTL is in the log. */
  lowering(id: bigint): number | undefined;
  /** The whole TTL, proposed after that lowering, is in the log. */
  restored(id: bigint, lowering: number): void;
  /** Resolves when the lease is revoked, this lessor is demoted, or `signal` is aborted. */
  revoked(id: bigint, signal?: AbortSignal): Promise<void>;
  /** Stops following the store. */
  close(): void;
}

/** etcd revokes 1,000 leases a second; after a change of leader three quarters of that may fall due in one second. */
const expiriesPerSecond = 750;
const retryMs = 3000;

/** What is left of a lease is written down whenever it has fallen by this much: what a change of leader gives it at most. */
export function checkpointStepMs({ ttlSeconds }: Pick<Lease, 'ttlSeconds'>): number {
  return Math.max(1000, ttlSeconds * 250);
}

export function createLessor(store: Store, { clock, onGranted, onRevoked }: LessorOptions): Lessor {
  assert(store instanceof StateMachine, 'a lessor needs a store of this package');
  const { leaseTable } = store;
  const expiriesMs = new Map<bigint, number>();
  /** Renewals do not touch the queues: what comes up early goes back with the time that counts. */
  const expiries = new DueQueue();
  const checkpoints = new DueQueue();
  const lowerings = new Map<bigint, number>();
  let lastLowering = 0;
  const waiters = new Map<bigint, Set<() => void>>();
  let isPrimary = false;

  const setExpiry = (id: bigint, atMs: number): void => {
    expiriesMs.set(id, atMs);
    expiries.set(id, atMs);
  };
  const checkpointAtMs = (lease: Lease): number =>
    (expiriesMs.get(lease.id) ?? 0) - lease.remainingMs + checkpointStepMs(lease);
  /** From now on the log may say that this is left. */
  const lower = (id: bigint, nowMs: number): LeaseRemainder => {
    lowerings.set(id, ++lastLowering);
    checkpoints.set(id, nowMs + retryMs);
    return { id, remainingMs: Math.ceil((expiriesMs.get(id) ?? nowMs) - nowMs) };
  };
  const forgetTimes = (): void => {
    expiriesMs.clear();
    expiries.clear();
    checkpoints.clear();
    lowerings.clear();
  };
  const release = (id: bigint): void => {
    for (const resolve of waiters.get(id) ?? []) resolve();
    waiters.delete(id);
  };
  const unfollow = leaseTable.observe({
    granted(lease) {
      onGranted?.(lease);
      if (!isPrimary) return;
      setExpiry(lease.id, clock.monotonicMs() + lease.remainingMs);
      checkpoints.set(lease.id, checkpointAtMs(lease));
    },
    checkpointed(lease) {
      if (isPrimary) checkpoints.set(lease.id, checkpointAtMs(lease));
    },
    revoked(id) {
      onRevoked?.();
      expiriesMs.delete(id);
      expiries.delete(id);
      checkpoints.delete(id);
      lowerings.delete(id);
      release(id);
    },
  });

  return {
    get isPrimary() {
      return isPrimary;
    },
    promote({ extendMs }) {
      isPrimary = true;
      forgetTimes();
      const now = clock.monotonicMs();
      const leases = leaseTable.list();
      const due = leases.map(({ id, remainingMs }) => ({ id, atMs: now + remainingMs + extendMs }));
      for (const { id, atMs } of spread(due)) setExpiry(id, atMs);
      for (const lease of leases) {
        checkpoints.set(lease.id, checkpointAtMs(lease));
        if (lease.remainingMs < lease.ttlSeconds * 1000) lowerings.set(lease.id, ++lastLowering);
      }
    },
    demote() {
      isPrimary = false;
      forgetTimes();
      for (const id of waiters.keys()) release(id);
    },
    renew(id) {
      if (!isPrimary) return 'notPrimary';
      const lease = leaseTable.get(id);
      if (!lease) return 'notFound';
      const now = clock.monotonicMs();
      if ((expiriesMs.get(id) ?? 0) <= now) return 'expired';
      if (lowerings.has(id)) return 'lowered';
      expiriesMs.set(id, now + lease.ttlSeconds * 1000);
      return lease.ttlSeconds;
    },
    remainingSeconds(id) {
      const atMs = expiriesMs.get(id);
      return atMs === undefined ? undefined : Math.max(0, Math.floor((atMs - clock.monotonicMs()) / 1000));
    },
    listByExpiry() {
      const ids = leaseTable.list().map(({ id }) => id);
      return ids.sort((a, b) => (expiriesMs.get(a) ?? 0) - (expiriesMs.get(b) ?? 0));
    },
    expired(nowMs, limit) {
      const found: bigint[] = [];
      while (found.length < limit) {
        const id = expiries.take(nowMs);
        if (id === undefined) break;
        const expiryMs = expiriesMs.get(id) ?? 0;
        expiries.set(id, expiryMs > nowMs ? expiryMs : nowMs + retryMs);
        if (expiryMs <= nowMs) found.push(id);
      }
      return found;
    },
    fallen(nowMs, { withinMs, limit }) {
      const found: LeaseRemainder[] = [];
      while (found.length < limit) {
        const id = checkpoints.take(nowMs + withinMs);
        if (id === undefined) break;
        const lease = leaseTable.get(id);
        // What has expired ends; there is nothing left to write down.
        if (!lease || (expiriesMs.get(id) ?? 0) <= nowMs) continue;
        const atMs = checkpointAtMs(lease);
        if (atMs > nowMs + withinMs) checkpoints.set(id, atMs);
        else found.push(lower(id, nowMs));
      }
      return found;
    },
    allFallen(nowMs) {
      const isFallen = ({ id, remainingMs }: Lease): boolean => {
        const leftMs = (expiriesMs.get(id) ?? 0) - nowMs;
        return leftMs > 0 && Math.ceil(leftMs) < remainingMs;
      };
      return leaseTable
        .list()
        .filter(isFallen)
        .map(({ id }) => lower(id, nowMs));
    },
    lowering: (id) => lowerings.get(id),
    restored(id, lowering) {
      if (lowerings.get(id) === lowering) lowerings.delete(id);
    },
    revoked(id, signal) {
      if (!isPrimary || !leaseTable.get(id) || signal?.aborted === true) return Promise.resolve();
      return new Promise((resolve) => {
        const set = waiters.get(id) ?? new Set();
        waiters.set(id, set.add(resolve));
        signal?.addEventListener(
          'abort',
          () => {
            set.delete(resolve);
            resolve();
          },
          { once: true },
        );
      });
    },
    close() {
      unfollow();
      for (const id of waiters.keys()) release(id);
    },
  };
}

interface Due {
  readonly id: bigint;
  readonly atMs: number;
}

/** Moves expiries that pile up: of more than `expiriesPerSecond` in a second the later ones wait for their turn. */
function spread(expiries: readonly Due[]): Due[] {
  const sorted = [...expiries].sort((a, b) => a.atMs - b.atMs);
  const slotMs = 1000 / expiriesPerSecond;
  let windowMs = -Infinity;
  let inWindow = 0;
  return sorted.map(({ id, atMs }) => {
    // A window lasts as long as the work that is due in it.
    if (atMs >= windowMs + Math.max(1000, inWindow * slotMs)) {
      windowMs = atMs;
      inWindow = 0;
    }
    inWindow++;
    return { id, atMs: inWindow <= expiriesPerSecond ? atMs : Math.max(atMs, windowMs + inWindow * slotMs) };
  });
}
