/**
 * Proposals that other members pass on: each is appended once, although a message between members may come twice, late, and
 * behind later ones.
 *
 * Whoever passes one on hands it to one leader, in one term, in one message that is never sent again. So a message of an earlier
 * term than the receiver's is of no use any more: its sender fails the calls when it applies an entry of the later term. And a
 * leader of a term leads it in one run, so what it took in the term need not outlive it.
 *
 * Dropping is always safe (a proposal may be lost without notice); taking twice never is. Where room ends, the oldest are
 * forgotten as "taken".
 */
import type { ProposeMessage } from '@flotilla/raft';
import { proposalName } from '@flotilla/store';

/** Messages of one run that are remembered one by one; older ones count as taken. */
const maxRemembered = 1024;
/** Runs of members in one term; a run that so many followed has no connection left that could bring anything. */
const maxRuns = 1024;

interface Run {
  /** First request ids of messages, in order of arrival. */
  readonly taken: Set<number>;
  /** All up to this one count as taken. */
  takenUpTo: number;
}

export class ForwardedProposals {
  #term = 0;
  /** By source. */
  #runs = new Map<string, Run>();

  /** Whether a message may be given to raft, which is in `term`; true once for each message. */
  takes({ term, data }: Pick<ProposeMessage, 'term' | 'data'>, currentTerm: number): boolean {
    if (term < currentTerm) return false;
    if (term > this.#term) {
      this.#term = term;
      this.#runs.clear();
    }
    // A message is named by its first proposal: each is in one message.
    const name = data[0] && proposalName(data[0]);
    if (!name) return false;
    const run = this.#runOf(name.source);
    if (name.requestId <= run.takenUpTo || run.taken.has(name.requestId)) return false;
    run.taken.add(name.requestId);
    if (run.taken.size > maxRemembered) forgetOldest(run);
    return true;
  }

  #runOf(source: string): Run {
    const known = this.#runs.get(source);
    if (known) return known;
    const run: Run = { taken: new Set(), takenUpTo: 0 };
    this.#runs.set(source, run);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > maxRuns && oldest !== undefined) this.#runs.delete(oldest);
    return run;
  }
}

function forgetOldest(run: Run): void {
  const [oldest = 0] = run.taken;
  run.taken.delete(oldest);
  run.takenUpTo = Math.max(run.takenUpTo, oldest);
}
