/**
 * Leadership over `flotilla.v1`: a lease kept alive, and an election key under it whose create revision is the fence of the
 * term. When the key is gone, every write that carries the fence fails, so two leaders never both write, whatever their clocks
 * do.
 */
import { type Backoff, createBackoff, messageOf, sleep } from '@flotilla/base';
import type { Election, ElectionOptions, Leadership } from './election.ts';
import type { ElectionService, Victory } from './election-service.ts';
import { isUnimplemented } from './errors.ts';
import { type LeaseSession, openLeaseSession } from './lease-session.ts';

export function fencedElection(elections: ElectionService, options: ElectionOptions): Election {
  const { name, identity, ttlSeconds, clock, randomness, logger } = options;
  const pauses = (): Backoff => createBackoff({ initialMs: 100, maxMs: 1000 }, randomness);

  /** A campaign whose connection broke goes on under the same lease: the key, and with it the place in the line, stays. */
  const campaign = async (session: LeaseSession, signal: AbortSignal): Promise<Victory> => {
    const either = AbortSignal.any([signal, session.signal]);
    const backoff = pauses();
    for (;;) {
      try {
        return await elections.campaign({ name, identity, lease: session.lease }, { signal: either });
      } catch (error) {
        if (either.aborted || isUnimplemented(error)) throw error;
        logger.debug('the campaign goes on after a failure', { election: name, reason: messageOf(error) });
        await sleep(clock, backoff.nextMs(), either);
      }
    }
  };

  return {
    async win(signal) {
      const backoff = pauses();
      for (;;) {
        signal.throwIfAborted();
        let session: LeaseSession | undefined;
        try {
          session = await openLeaseSession({ elections, ttlSeconds, clock, logger, signal });
          return leadershipOf(await campaign(session, signal), session);
        } catch (error) {
          await session?.close();
          if (isUnimplemented(error)) throw error;
          if (!signal.aborted) logger.warn('the campaign begins anew', { election: name, reason: messageOf(error) });
          await sleep(clock, backoff.nextMs(), signal);
        }
      }
    },
  };
}

/** The election key hangs on the lease: revoking the lease resigns. */
function leadershipOf({ fence, electedRevision }: Victory, session: LeaseSession): Leadership {
  return {
    fence,
    electedRevision,
    lost: reasonOf(session.signal),
    release: () => session.close(),
  };
}

function reasonOf(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const tell = (): void => resolve(messageOf(signal.reason));
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true });
  });
}
