/**
 * Runs something only while this process leads.
 *
 * A term begins when an election is won and ends when the lease is lost, a write answers `LeaderFenced`, the work returns, or
 * the elector is stopped. Its signal is aborted first, the work is awaited, and only then is the leadership released and the
 * next campaign begun. All writes of a term must go through the term's own client: it carries the fence.
 *
 * What the work must do first: wait until its caches show the store as of `electedRevision`
 * (`InformerFactory.waitForRevision`). Everything that earlier leaders wrote lies before that revision, and their fences fail
 * from it on; so the new leader sees all that was done and nothing more will be done behind its back. The create revision of
 * its own key would not do: a candidate's key is made when it joins the line, and the leader of that time goes on writing.
 */
import { setMaxListeners } from 'node:events';
import {
  AssertionFailure,
  type Clock,
  type Logger,
  type Randomness,
  messageOf,
  silentLogger,
  sleep,
  systemClock,
  systemRandomness,
} from '@flotilla/base';
import type { ApiClient } from './client.ts';
import type { ElectionOptions, Leadership } from './election.ts';
import { isLeaderFenced, isUnimplemented } from './errors.ts';
import { fencedElection } from './fenced-election.ts';
import { heldLease, readLease, writeLease } from './lease-object.ts';
import { plainElection } from './plain-election.ts';
import type { Fence } from './transport.ts';

export interface LeaderTerm {
  /** Absent where the server has no fences. */
  readonly fence: Fence | undefined;
  /** The store revision that caches must have reached before anything is decided from them. */
  readonly electedRevision: number;
  /** The client whose writes belong to this term. */
  readonly client: ApiClient;
  /** Aborted when the term ends. */
  readonly signal: AbortSignal;
}

export interface LeaderElectorOptions {
  readonly client: ApiClient;
  /** The election's name, and that of its Lease object in kube-system, e.g. `kube-scheduler`. */
  readonly name: string;
  /** Who campaigns; differs from process to process. */
  readonly identity: string;
  readonly ttlSeconds: number;
  /** The work of a term: runs until its signal is aborted. An error other than `LeaderFenced` ends the elector. */
  onStartedLeading(term: LeaderTerm): Promise<void>;
  onStoppedLeading?(): void;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly logger?: Logger;
}

export interface LeaderElector {
  readonly isLeader: boolean;
  /** Campaigns and leads, again and again, until the signal is aborted. Rejects with the error of a term's work. */
  run(signal: AbortSignal): Promise<void>;
}

type Ending = { readonly reason: string } | { readonly failure: unknown };

export function createLeaderElector(options: LeaderElectorOptions): LeaderElector {
  const { clock = systemClock, randomness = systemRandomness, logger = silentLogger, client, name, identity } = options;
  const electionOptions: ElectionOptions = { ...options, clock, randomness, logger };
  const { elections } = client.transport;
  let election = elections ? fencedElection(elections, electionOptions) : plainElection(electionOptions);
  let isLeader = false;

  const win = async (signal: AbortSignal): Promise<Leadership> => {
    try {
      return await election.win(signal);
    } catch (error) {
      if (!isUnimplemented(error)) throw error;
      election = plainElection(electionOptions);
      return await election.win(signal);
    }
  };

  const lead = async ({ fence, electedRevision, lost }: Leadership, signal: AbortSignal): Promise<void> => {
    const over = new AbortController();
    // The work of a term listens to it in as many places as it likes.
    setMaxListeners(0, over.signal);
    const stop = (): void => over.abort();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const term = { fence, electedRevision, client: fence ? client.withFence(fence) : client, signal: over.signal };

    const work = endingOf(options.onStartedLeading(term));
    const showing = fence ? endingOf(showLease(term, electionOptions)) : work;
    const ending = await Promise.race([lost.then((reason): Ending => ({ reason })), work, showing]);
    stop();
    signal.removeEventListener('abort', stop);
    const endings = [ending, ...(await Promise.all([work, showing]))];

    const bug = endings.find((one) => 'failure' in one && one.failure instanceof AssertionFailure) ?? ending;
    if ('failure' in bug) throw bug.failure;
    if ('reason' in ending) logger.info('no longer leading', { election: name, identity, reason: ending.reason });
  };

  return {
    get isLeader() {
      return isLeader;
    },
    async run(signal) {
      while (!signal.aborted) {
        const leadership = await win(signal).catch((error: unknown) => {
          if (signal.aborted) return undefined;
          throw error;
        });
        if (!leadership) return;
        isLeader = true;
        logger.info('leading', { election: name, identity, electedRevision: leadership.electedRevision });
        try {
          await lead(leadership, signal);
        } finally {
          isLeader = false;
          options.onStoppedLeading?.();
          await leadership.release();
        }
      }
    },
  };
}

/** How a piece of a term's work ended; a lost fence is an ending like any other. */
function endingOf(work: Promise<void>): Promise<Ending> {
  return work.then(
    () => ({ reason: 'the work returned' }),
    (failure: unknown) => (isLeaderFenced(failure) ? { reason: 'a write was fenced: another leads' } : { failure }),
  );
}

/** Keeps the Lease object current while the term lasts. Only a lost fence makes it fail: the object is for people to see. */
async function showLease(term: LeaderTerm, options: ElectionOptions): Promise<void> {
  const { name, identity, ttlSeconds, clock, logger } = options;
  while (!term.signal.aborted) {
    try {
      const old = await readLease(term.client, name, term.signal);
      const lease = heldLease(old, { name, identity, ttlSeconds, nowMs: clock.wallMs() });
      await writeLease(term.client, lease, term.signal);
    } catch (error) {
      if (isLeaderFenced(error)) throw error;
      if (!term.signal.aborted) logger.debug('the Lease was not written', { election: name, reason: messageOf(error) });
    }
    await sleep(clock, (ttlSeconds * 1000) / 2, term.signal);
  }
}
