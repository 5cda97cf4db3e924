/**
 * A member's log after its compaction point, in memory, with the marks that move over it:
 *
 *     compacted ≤ applied ≤ applying ≤ committed ≤ lastIndex     and     synced ≤ written ≤ lastIndex
 *
 * While a snapshot takes the place of the log, `applied` and `synced` are behind `compacted`, until it is installed.
 *
 * `committed` may run ahead of `synced`: a quorum holds what this member has not synced yet.
 */
import { entryBytes, type Entry, type EntryId } from './entry.ts';
import { invariant } from './invariant.ts';

const nothing: readonly Entry[] = [];

export class RaftLog {
  /** The entries after `compacted`: entry i has index `compacted.index + 1 + i`. */
  #entries: Entry[];
  /** The last slice handed out: followers at the same place share one array, and so one encoding. */
  #shared: { from: number; to: number; entries: readonly Entry[] } | undefined;
  #compacted: EntryId;
  #committed: number;
  #applying: number;
  #applied: number;
  #written: number;
  /** Where the outstanding write ends, less what was cut off or replaced since. */
  #writing: number;
  #synced: number;
  /** Indexes of the conf changes in memory, rising. */
  #confChanges: number[] = [];

  constructor(start: { compacted: EntryId; entries: readonly Entry[]; committed: number; applied: number }) {
    this.#entries = [...start.entries];
    this.#compacted = start.compacted;
    this.#committed = Math.max(start.committed, start.applied);
    this.#applying = start.applied;
    this.#applied = start.applied;
    this.#written = this.lastIndex;
    this.#writing = this.lastIndex;
    this.#synced = this.lastIndex;
    for (const { type, index } of start.entries) if (type === 'confChange') this.#confChanges.push(index);
    this.#checkStart();
  }

  /** The entry before the first one in memory. */
  get compacted(): EntryId {
    return this.#compacted;
  }

  /** Highest index known to be on a quorum. Never regresses. */
  get committed(): number {
    return this.#committed;
  }

  /** Highest index handed out to be applied. */
  get applying(): number {
    return this.#applying;
  }

  get applied(): number {
    return this.#applied;
  }

  /** Highest index handed out to be written. Truncation lowers it. */
  get written(): number {
    return this.#written;
  }

  /** The end of the unbroken durable prefix. Truncation lowers it. */
  get synced(): number {
    return this.#synced;
  }

  get lastIndex(): number {
    return this.#compacted.index + this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? this.#compacted.term;
  }

  /** The term at `index`; `undefined` where the log does not reach or is compacted. */
  termAt(index: number): number | undefined {
    if (index === this.#compacted.index) return this.#compacted.term;
    return this.#entries[index - this.#compacted.index - 1]?.term;
  }

  /** The first conf change after `index`. */
  confChangeAfter(index: number): number | undefined {
    return this.#confChanges.length === 0 ? undefined : this.#confChanges.find((one) => one > index);
  }

  /** The last conf change at `index` or before it, as far as the log is in memory. */
  confChangeUpTo(index: number): number | undefined {
    return this.#confChanges.findLast((one) => one <= index);
  }

  /**
   * A leader appends a conf change only when it has applied the one before: so all but the last one are committed, even
   * where nothing else says so any more.
   */
  get provenCommit(): number {
    return this.#confChanges.at(-2) ?? 0;
  }

  /** Section 5.4.1: a candidate's log is at least as complete as ours. */
  isUpToDate(last: EntryId): boolean {
    return last.term > this.lastTerm || (last.term === this.lastTerm && last.index >= this.lastIndex);
  }

  /**
   * The highest index, `index` at most, whose term is at most `term`: above it a log whose entries there have at most
   * `term` cannot agree with ours. Stops at the compaction point.
   */
  lastIndexWithin({ index, term }: EntryId): number {
    let candidate = Math.min(index, this.lastIndex);
    while (candidate > this.#compacted.index && (this.termAt(candidate) as number) > term) candidate--;
    return candidate;
  }

  /** Puts entries at the end; they continue the log. */
  append(entries: readonly Entry[]): void {
    let index = this.lastIndex;
    let term = this.lastTerm;
    for (const entry of entries) {
      invariant(entry.index === index + 1 && entry.term >= term, 'appended entries continue the log');
      this.#entries.push(entry);
      if (entry.type === 'confChange') this.#confChanges.push(entry.index);
      index = entry.index;
      term = entry.term;
    }
  }

  /** Takes over a leader's entries after `prevIndex`, which matches: skips those we hold, cuts our log at the first that differs. */
  merge(prevIndex: number, entries: readonly Entry[]): void {
    const news = entries.findIndex(({ index, term }) => this.termAt(index) !== term);
    if (news === -1) return;
    const first = prevIndex + 1 + news;
    if (first <= this.lastIndex) this.#truncate(first);
    this.append(news === 0 ? entries : entries.slice(news));
  }

  /** Entries [from, to). */
  slice({ from, to }: { from: number; to: number }): readonly Entry[] {
    if (from >= to) return nothing;
    invariant(from > this.#compacted.index && to <= this.lastIndex + 1, 'sliced entries are in memory');
    if (this.#shared?.from !== from || this.#shared.to !== to) {
      const base = this.#compacted.index + 1;
      this.#shared = { from, to, entries: this.#entries.slice(from - base, to - base) };
    }
    return this.#shared.entries;
  }

  /** As many entries of [from, to) as fit into `maxBytes`, one at least, and their size. */
  sliceBytes(range: { from: number; to: number; maxBytes: number }): { entries: readonly Entry[]; bytes: number } {
    const base = this.#compacted.index + 1;
    let bytes = 0;
    let to = range.from;
    while (to < range.to) {
      const more = entryBytes(this.#entries[to - base] as Entry);
      if (to > range.from && bytes + more > range.maxBytes) break;
      bytes += more;
      to++;
    }
    return { entries: this.slice({ from: range.from, to }), bytes };
  }

  /** The size of entries [from, to). */
  bytesOf({ from, to }: { from: number; to: number }): number {
    const base = this.#compacted.index + 1;
    let bytes = 0;
    for (let index = from; index < to; index++) bytes += entryBytes(this.#entries[index - base] as Entry);
    return bytes;
  }

  commitTo(index: number): void {
    if (index <= this.#committed) return;
    invariant(index <= this.lastIndex, 'a commit index beyond the log: confirmed entries were lost');
    this.#committed = index;
  }

  /** Hands out what is not written yet. */
  takeUnwritten(): readonly Entry[] {
    const entries = this.slice({ from: this.#written + 1, to: this.lastIndex + 1 });
    this.#written = this.lastIndex;
    this.#writing = this.lastIndex;
    return entries;
  }

  /**
   * The one outstanding write is durable. What was truncated meanwhile has left `#writing` already, so a late
   * confirmation of old entries never counts for those that took their place.
   */
  writtenSynced(): void {
    this.#synced = this.#writing;
  }

  /** Hands out committed entries of up to `maxBytes`, one at least if there is one. */
  takeCommitted({ maxBytes }: { maxBytes: number }): readonly Entry[] {
    const { entries } = this.sliceBytes({ from: this.#applying + 1, to: this.#committed + 1, maxBytes });
    this.#applying += entries.length;
    return entries;
  }

  appliedTo(index: number): void {
    if (index <= this.#applied) return;
    invariant(index <= this.#applying, 'applied what was not handed out');
    this.#applied = index;
  }

  compactTo(index: number): void {
    if (index <= this.#compacted.index) return;
    invariant(index <= this.#applied, 'compacted only what is applied');
    invariant(index <= this.#synced, 'compacted only what is synced');
    const term = this.termAt(index) as number;
    this.#entries = this.#entries.slice(index - this.#compacted.index);
    this.#compacted = { index, term };
    this.#confChanges = this.#confChanges.filter((one) => one > index);
  }

  /**
   * A snapshot takes the place of the whole log. Until the write that installs it is confirmed, what is durable is still
   * the old log, as far as it was committed; an older write that is under way adds nothing to that.
   */
  restore(snapshot: EntryId): void {
    invariant(snapshot.index > this.#committed, 'a snapshot replaces only what is behind it');
    this.#synced = Math.min(this.#synced, this.#committed);
    this.#writing = this.#synced;
    this.#entries = [];
    this.#confChanges = [];
    this.#shared = undefined;
    this.#compacted = { index: snapshot.index, term: snapshot.term };
    this.#committed = snapshot.index;
    this.#applying = snapshot.index;
    this.#written = snapshot.index;
  }

  #truncate(from: number): void {
    invariant(from > this.#committed, 'committed entries are never cut off');
    this.#entries.length = from - this.#compacted.index - 1;
    this.#confChanges = this.#confChanges.filter((one) => one < from);
    this.#shared = undefined;
    this.#written = Math.min(this.#written, from - 1);
    this.#writing = Math.min(this.#writing, from - 1);
    this.#synced = Math.min(this.#synced, from - 1);
  }

  #checkStart(): void {
    let { index, term } = this.#compacted;
    for (const entry of this.#entries) {
      invariant(entry.index === index + 1 && entry.term >= term, `the log is broken after entry ${index}`);
      ({ index, term } = entry);
    }
    invariant(
      this.#applied >= this.#compacted.index,
      `applied ${this.#applied} is behind compacted ${this.#compacted.index}`,
    );
    invariant(this.#committed <= index, `commit ${this.#committed} is beyond the last entry ${index}`);
  }
}
