/**
 * A leader's view of one member. Three states:
 *
 * - `probe`: it is unknown where the logs agree; one append at a time, each waits for an answer.
 * - `replicate`: they agree up to `match`; appends are pipelined and `next` runs ahead, within the in-flight window.
 * - `snapshot`: it needs entries that are compacted; nothing is sent until the snapshot arrived or failed.
 */
import { Inflights } from './inflights.ts';
import { invariant } from './invariant.ts';

export type ProgressState = 'probe' | 'replicate' | 'snapshot';

export class Progress {
  /** Highest index known to be durable there. Never regresses within a term. Invariant: match < next. */
  match = 0;
  /** The next index to send. In `probe` and `snapshot` it does not move with a send. */
  next: number;
  state: ProgressState = 'probe';
  /** In `probe`: an append is under way. */
  paused = false;
  /** In `snapshot`: the index of the snapshot on its way. Otherwise 0. */
  pendingSnapshot = 0;
  /** It was heard since the last check of the quorum. */
  recentActive = false;
  /** Highest commit index sent, as far as its log then reached. */
  sentCommit = 0;
  /** Newest ReadIndex round that it has confirmed. */
  confirmedRound = 0;
  readonly inflights: Inflights;
  /** An append response came since the last heartbeat tick. */
  #answered = false;
  /** A whole heartbeat interval passed without an append response: what was sent may be lost. */
  #silent = false;
  /** In `replicate`: send an append, be it empty, so that a loss shows as a rejection. */
  #nudged = false;

  constructor({ next, inflights }: { next: number; inflights: Inflights }) {
    this.next = next;
    this.inflights = inflights;
  }

  get nudged(): boolean {
    return this.#nudged;
  }

  becomeProbe(): void {
    this.next = Math.max(this.match, this.pendingSnapshot) + 1;
    this.#enter('probe');
  }

  becomeReplicate(): void {
    this.next = this.match + 1;
    this.#enter('replicate');
  }

  becomeSnapshot(index: number): void {
    this.#enter('snapshot');
    this.pendingSnapshot = index;
    this.next = index + 1;
  }

  /** The snapshot under way arrived, or was lost. What follows waits for an answer to a heartbeat. */
  snapshotDone({ ok }: { ok: boolean }): void {
    if (!ok) this.pendingSnapshot = 0;
    this.becomeProbe();
    this.paused = true;
  }

  /** An append left; it ends with `lastIndex` and carried `count` entries of `bytes` bytes. */
  sent({ lastIndex, count, bytes }: { lastIndex: number; count: number; bytes: number }): void {
    invariant(this.state !== 'snapshot', 'an append left to a member that waits for a snapshot');
    this.#nudged = false;
    if (this.state === 'probe') {
      this.paused = true;
    } else if (count > 0) {
      this.next = lastIndex + 1;
      this.inflights.add({ lastIndex, bytes });
    }
  }

  /** It holds everything up to `index`. Returns whether that is news. */
  accepted(index: number): boolean {
    this.#answered = true;
    const news = index > this.match;
    if (news) this.match = index;
    this.next = Math.max(this.next, index + 1);
    if (this.state === 'replicate') this.inflights.freeTo(index);
    return news;
  }

  /**
   * It refused an append after `index`; the logs can agree up to `hint` at most. Late answers are ignored, and so is the
   * refusal of what it had confirmed: such a member lost its disk, and trying again at once would go on for ever.
   */
  refused({ index, hint }: { index: number; hint: number }): void {
    this.#answered = true;
    if (index <= this.match) return;
    if (this.state === 'replicate') {
      this.becomeProbe();
    } else if (this.state === 'probe' && index === this.next - 1) {
      this.next = Math.max(Math.min(index, hint + 1), this.match + 1);
      this.paused = false;
    }
  }

  /** A heartbeat interval begins. */
  heartbeatTick(): void {
    this.#silent = !this.#answered;
    this.#answered = false;
  }

  /**
   * It answered a heartbeat, so it lives. If it said nothing to our appends for a whole interval, they were lost: try
   * again, once an interval, however many heartbeats read rounds send. `behind`: it lacks entries.
   */
  heartbeatAnswered({ behind }: { behind: boolean }): void {
    this.recentActive = true;
    if (!this.#silent) return;
    this.#silent = false;
    if (this.state === 'probe') this.paused = false;
    if (this.state === 'replicate' && behind) this.#nudged = true;
  }

  #enter(state: ProgressState): void {
    this.state = state;
    this.paused = false;
    this.pendingSnapshot = 0;
    this.#nudged = false;
    this.inflights.clear();
    invariant(this.match < this.next, 'match < next');
  }
}
