/**
 * The keeper of the leases' time. Only the leader's lessor is primary; it alone says what has expired, and even then a
 * lease ends only by the revoke entry that its member proposes. Times are monotonic and of this member alone.
 *
 * Invariants: while primary, every lease has an expiry time; a lease past it is never renewed, so that it cannot
 * live on for one client while another was told that it ended.
 */
import { type Clock, assert } from '@flotilla/base';
import { StateMachine } from '../state-machine.ts';
import type { Store } from '../store.ts';
import { ExpiryQueue } from './expiry-queue.ts';

export interface LessorOptions {
  readonly clock: Clock;
}

export interface Lessor {
  readonly isPrimary: boolean;
  /** Starts every lease anew with its whole TTL plus `extendMs`, so that none expires for want of a leader. */
  promote(options: { extendMs: number }): void;
  demote(): void;
  /**
   * The granted TTL in seconds. `expired`: its revoke is under way, wait for {@link revoked} and answer TTL 0.
   * While not primary: `notPrimary`.
   */
  renew(id: bigint): number | 'notFound' | 'expired' | 'notPrimary';
  /** Whole seconds left, at least 0; undefined for an unknown lease or while not primary. */
  remainingSeconds(id: bigint): number | undefined;
  /** Ids of all leases, soonest expiry first (by id while not primary). */
  listByExpiry(): readonly bigint[];
  /** Up to `limit` leases that are past their expiry; each is given out again only after 3 s. */
  expired(nowMs: number, limit: number): readonly bigint[];
  /** Resolves when the lease is revoked, this lessor is demoted, or `signal` is aborted. */
  revoked(id: bigint, signal?: AbortSignal): Promise<void>;
  /** Stops following the store. */
  close(): void;
}

/** etcd revokes 1,000 leases a second; after a change of leader three quarters of that may fall due in one second. */
const expiriesPerSecond = 750;
const retryMs = 3000;

export function createLessor(store: Store, { clock }: LessorOptions): Lessor {
  assert(store instanceof StateMachine, 'a lessor needs a store of this package');
  const { leaseTable } = store;
  const expiriesMs = new Map<bigint, number>();
  /** The time of a lease's one entry in the queue that counts; others are left over from an earlier life of the id. */
  const queuedMs = new Map<bigint, number>();
  const waiters = new Map<bigint, Set<() => void>>();
  let queue = new ExpiryQueue();
  let isPrimary = false;

  const enqueue = (id: bigint, atMs: number): void => {
    queuedMs.set(id, atMs);
    queue.push({ id, atMs });
  };
  const setExpiry = (id: bigint, atMs: number): void => {
    expiriesMs.set(id, atMs);
    enqueue(id, atMs);
  };
  const forgetTimes = (): void => {
    expiriesMs.clear();
    queuedMs.clear();
    queue = new ExpiryQueue();
  };
  const release = (id: bigint): void => {
    for (const resolve of waiters.get(id) ?? []) resolve();
    waiters.delete(id);
  };
  const unfollow = leaseTable.observe({
    granted({ id, ttlSeconds }) {
      if (isPrimary) setExpiry(id, clock.monotonicMs() + ttlSeconds * 1000);
    },
    revoked(id) {
      expiriesMs.delete(id);
      queuedMs.delete(id);
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
      const whole = leaseTable.list().map(({ id, ttlSeconds }) => ({ id, atMs: now + ttlSeconds * 1000 + extendMs }));
      for (const { id, atMs } of spread(whole)) setExpiry(id, atMs);
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
      // The heap keeps the old time, which comes up early and is put right then.
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
      for (let next = queue.peek(); found.length < limit && next && next.atMs <= nowMs; next = queue.peek()) {
        queue.pop();
        const { id, atMs } = next;
        const expiryMs = expiriesMs.get(id);
        if (expiryMs === undefined || queuedMs.get(id) !== atMs) continue;
        // A lease that was renewed since goes back with the time that counts.
        enqueue(id, expiryMs > nowMs ? expiryMs : nowMs + retryMs);
        if (expiryMs <= nowMs) found.push(id);
      }
      return found;
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
