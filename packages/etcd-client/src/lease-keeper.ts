/**
 * Keeps one lease alive. It counts the TTL from the moment a confirmed renewal was *sent*: the server counted from
 * then or later, so while the keeper says nothing the lease lives. When a TTL has passed unconfirmed the lease may
 * be gone, and the keeper says so even if no server can be asked.
 */
import { type Clock, codeOf, sleep } from '@flotilla/base';
import type { CallLimits } from './kv-shapes.ts';
import type { KeepAliveOptions, LeaseKeeper, LeaseLoss, LeaseRenewal } from './lease-shapes.ts';

interface LeaseKeeperParts {
  readonly id: bigint;
  readonly clock: Clock;
  readonly options: KeepAliveOptions;
  /** The client's end. */
  readonly closed: AbortSignal;
  readonly renew: (id: bigint, limits: CallLimits) => Promise<LeaseRenewal>;
}

/** Pause after a renewal that failed on every endpoint, milliseconds. */
const retryPauseMs = 100;

/** Time for a renewal while the TTL is not known yet, milliseconds. */
const firstRenewalMs = 10_000;

export function startLeaseKeeper(parts: LeaseKeeperParts): LeaseKeeper {
  const { id, clock, options, closed, renew } = parts;
  const lost = new AbortController();
  const stopping = new AbortController();
  const stop = AbortSignal.any([stopping.signal, closed, ...(options.signal ? [options.signal] : [])]);

  const keep = async (): Promise<LeaseLoss | undefined> => {
    let ttlMs = options.ttlSeconds === undefined ? undefined : options.ttlSeconds * 1000;
    let confirmedMs = clock.monotonicMs();
    while (!stop.aborted) {
      const sentMs = clock.monotonicMs();
      const leftMs = ttlMs === undefined ? firstRenewalMs : confirmedMs + ttlMs - sentMs;
      if (leftMs <= 0) return 'unconfirmed';
      const ttlSeconds = await renewal(leftMs);
      if (ttlSeconds === 0) return 'expired';
      if (ttlSeconds === undefined) {
        await sleep(clock, Math.min(retryPauseMs, leftMs), stop);
        continue;
      }
      // The answer may have come after the lease it renewed was already given up for lost.
      if (ttlMs !== undefined && clock.monotonicMs() >= confirmedMs + ttlMs) return 'unconfirmed';
      confirmedMs = sentMs;
      ttlMs = ttlSeconds * 1000;
      await sleep(clock, ttlMs / 3, stop);
    }
    return undefined;
  };

  /** The renewed TTL, seconds; undefined when nobody confirmed in time. */
  const renewal = async (timeoutMs: number): Promise<number | undefined> => {
    try {
      return (await renew(id, { signal: stop, timeoutMs })).ttlSeconds;
    } catch (error) {
      // Whatever the reason, the next attempt or the end of the TTL decides.
      return codeOf(error) === 'ETCD_LEASE_NOT_FOUND' ? 0 : undefined;
    }
  };

  const ended = keep().then((loss) => {
    if (loss === undefined || stop.aborted) return undefined;
    lost.abort(loss);
    return loss;
  });

  return {
    id,
    lost: lost.signal,
    ended,
    async close() {
      stopping.abort();
      await ended;
    },
  };
}
