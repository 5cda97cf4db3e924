/** What raft promises (paper, figure 3), asked of all members at once, all the time. */
import { crc32 } from 'node:zlib';
import type { Entry, Message, NodeId } from '@flotilla/raft';
import type { CommitPace } from './commit-pace.ts';
import type { Ledger } from './ledger.ts';
import type { Verdict } from './verdict.ts';

export class RaftChecks {
  readonly #verdict: Verdict;
  readonly #ledger: Ledger;
  readonly #pace: CommitPace;
  readonly #leaders = new Map<number, string>();
  /** `index/term` → what every log holds there, and the term before it. */
  readonly #entries = new Map<string, { readonly crc: number; readonly previousTerm: number }>();
  /** `member/term` → whom it gave its vote. */
  readonly #votes = new Map<string, NodeId>();
  #elections = 0;

  constructor(verdict: Verdict, ledger: Ledger, pace: CommitPace) {
    this.#verdict = verdict;
    this.#ledger = ledger;
    this.#pace = pace;
  }

  violate(text: string): void {
    this.#verdict.violate(text);
  }

  /** Leaders that took over from another. */
  get leaderChanges(): number {
    return Math.max(0, this.#elections - 1);
  }

  /** Election safety, and leader completeness: the new leader's log holds all that was committed in earlier terms. */
  elected(who: string, term: number, termAt: (index: number) => number | undefined): void {
    const other = this.#leaders.get(term);
    if (other !== undefined) this.#verdict.violate(`${who} leads term ${term}, and so does ${other}`);
    this.#leaders.set(term, who);
    this.#elections++;
    this.#pace.elected();
    for (let index = this.#ledger.lastIndex; index > 0; index--) {
      const held = termAt(index);
      if (held === undefined && termAt(index + 1) !== undefined) return;
      if (held === this.#ledger.termOf(index) || this.#ledger.knownInTerm(index) >= term) continue;
      const has = held === undefined ? 'lacks it' : `has one of term ${held}`;
      this.#verdict.violate(`${who} leads term ${term}, but ${has}: entry ${index} is committed`);
      return;
    }
  }

  /** Log matching: an index and a term name one entry, with one before it. */
  appended(who: string, entries: readonly Entry[], termBefore: number): void {
    let previousTerm = termBefore;
    for (const { index, term, data } of entries) {
      const name = `${index}/${term}`;
      const crc = crc32(data);
      const known = this.#entries.get(name);
      if (!known) {
        this.#entries.set(name, { crc, previousTerm });
        this.#pace.appended(name);
      } else if (known.crc !== crc || known.previousTerm !== previousTerm) {
        this.#verdict.violate(`${who} holds another entry ${index} of term ${term} than others do`);
      }
      previousTerm = term;
    }
  }

  /** A leader moved its commit index to an entry of an earlier term: another leader could still replace that one. */
  committedByCounting(
    who: string,
    entry: { readonly index: number; readonly term: number; readonly inTerm: number },
  ): void {
    const { index, term, inTerm } = entry;
    this.#verdict.violate(`${who} commits entry ${index} of term ${term} by counting, as the leader of term ${inTerm}`);
  }

  /** These messages leave. A vote is given once a term, also across restarts. */
  left(who: string, messages: readonly Message[]): void {
    for (const message of messages) {
      const isVote = message.type === 'vote' && message.from !== message.to;
      const isGrant = message.type === 'voteResponse' && message.granted;
      if (!isVote && !isGrant) continue;
      const name = `${who}/${message.term}`;
      const candidate = isVote ? message.from : message.to;
      const known = this.#votes.get(name);
      if (known !== undefined && known !== candidate) {
        this.#verdict.violate(`${who} votes twice in term ${message.term}: for ${known} and ${candidate}`);
      }
      this.#votes.set(name, candidate);
    }
  }
}
