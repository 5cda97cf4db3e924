/**
 * Leadership by a plain coordination.k8s.io/v1 Lease object, for API servers without `flotilla.v1`. It does not fence: a leader
 * that was paused may write for a moment after another has begun. The rules are client-go's: a candidate takes the Lease when
 * it has seen no change of it for its whole duration *on its own clock* (written times are never compared), and a leader that
 * could not renew for two thirds of the duration steps down.
 */
import type { Lease } from '@flotilla/api';
import { messageOf, sleep } from '@flotilla/base';
import type { Election, ElectionOptions, Leadership } from './election.ts';
import { isAlreadyExists, isConflict } from './errors.ts';
import { revisionOf } from './keys.ts';
import { heldLease, readLease, releasedLease, writeLease } from './lease-object.ts';
import { farewell, farewellMs } from './lease-session.ts';

export function plainElection(options: ElectionOptions): Election {
  const { client, name, identity, ttlSeconds, clock, randomness, logger } = options;
  const retryMs = (ttlSeconds * 1000) / 5;
  const renewDeadlineMs = (ttlSeconds * 1000 * 2) / 3;
  let observed: { readonly resourceVersion: string | undefined; readonly atMs: number } | undefined;

  const heldByAnother = (lease: Lease): boolean => {
    const { resourceVersion } = lease.metadata;
    if (observed?.resourceVersion !== resourceVersion) observed = { resourceVersion, atMs: clock.monotonicMs() };
    const { holderIdentity = '', leaseDurationSeconds = ttlSeconds } = lease.spec ?? {};
    if (holderIdentity === '' || holderIdentity === identity) return false;
    return clock.monotonicMs() < (observed?.atMs ?? 0) + leaseDurationSeconds * 1000;
  };
  /** The Lease as this candidate now holds it, or undefined while another does. */
  const acquire = async (signal: AbortSignal): Promise<Lease | undefined> => {
    const lease = await readLease(client, name, signal);
    if (lease && heldByAnother(lease)) return undefined;
    try {
      return await writeLease(client, heldLease(lease, { name, identity, ttlSeconds, nowMs: clock.wallMs() }), signal);
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return undefined;
      throw error;
    }
  };

  const renewUntilLost = async (signal: AbortSignal): Promise<string> => {
    let renewedMs = clock.monotonicMs();
    while (!signal.aborted) {
      await sleep(clock, retryMs, signal);
      if (signal.aborted) break;
      const startedMs = clock.monotonicMs();
      const remainingMs = Math.max(1, renewedMs + renewDeadlineMs - startedMs);
      try {
        if (!(await acquire(AbortSignal.any([signal, AbortSignal.timeout(remainingMs)]))))
          return 'another holds the Lease';
        renewedMs = startedMs;
      } catch (error) {
        logger.debug('the Lease was not renewed', { election: name, reason: messageOf(error) });
      }
      if (clock.monotonicMs() - renewedMs >= renewDeadlineMs) return 'the Lease was not renewed in time';
    }
    return 'released';
  };

  const leadershipOf = (lease: Lease): Leadership => {
    const stop = new AbortController();
    const lost = renewUntilLost(stop.signal);
    return {
      fence: undefined,
      electedRevision: revisionOf(lease.metadata.resourceVersion),
      lost,
      async release() {
        stop.abort();
        await lost;
        await farewell(release(AbortSignal.timeout(farewellMs)), logger);
      },
    };
  };
  const release = async (signal: AbortSignal): Promise<void> => {
    const lease = await readLease(client, name, signal);
    if (lease?.spec?.holderIdentity === identity)
      await writeLease(client, releasedLease(lease, clock.wallMs()), signal);
  };

  return {
    async win(signal) {
      logger.warn('this API server has no fences: leading by a plain Lease', { election: name });
      for (;;) {
        signal.throwIfAborted();
        try {
          const lease = await acquire(signal);
          if (lease) return leadershipOf(lease);
        } catch (error) {
          if (!signal.aborted) logger.debug('the Lease was not acquired', { election: name, reason: messageOf(error) });
        }
        await sleep(clock, retryMs * (1 + 0.2 * randomness.next()), signal);
      }
    },
  };
}
