/**
 * What must hold in every run, whatever is lost: the four safety properties of the paper's figure 3 that can be seen
 * from outside, and linearizability of reads. Each check compares an observation with all earlier ones.
 */
import type { Entry, HardState, Message } from '@flotilla/raft';
import type { Node } from './node.ts';
import { renderConfig } from './render.ts';

export class Checks {
  readonly #leaders = new Map<number, bigint>();
  readonly #votes = new Map<string, bigint>();
  readonly #previousTerms = new Map<string, number>();
  readonly #data = new Map<string, Uint8Array>();
  /** The applied history: terms by index. Index 0 is the empty log. */
  readonly #applied: number[] = [0];
  /** The term that the first member to apply an entry was in: the entry was committed by then. */
  readonly #appliedIn: number[] = [0];
  readonly #configs = new Map<number, string>();
  #lastConfChange = 0;

  /** The highest index that any member has applied: every read that starts now must see it. */
  get appliedIndex(): number {
    return this.#applied.length - 1;
  }

  /** The last conf change that any member has applied. */
  get lastConfChange(): number {
    return this.#lastConfChange;
  }

  /** Election safety, and leader completeness: the leader's log holds everything that was committed in earlier terms. */
  elected(node: Node): void {
    const { term, commit } = node.raft;
    const other = this.#leaders.get(term) ?? node.id;
    expect(other === node.id, `${other} and ${node.id} both lead term ${term}`);
    this.#leaders.set(term, node.id);
    const { compacted, entries } = node.disk;
    for (let index = compacted.index + 1; index <= this.appliedIndex; index++) {
      // A late sight of an earlier leader: it need not have what was committed after it.
      if ((this.#appliedIn[index] as number) >= term) break;
      const held = entries[index - compacted.index - 1]?.term;
      expect(held === this.#applied[index], `leader ${node.id} of term ${term} lacks applied entry ${index}`);
    }
    expect(commit >= compacted.index, 'a leader has committed what it compacted');
  }

  /** One vote a member and term, told only when it is on disk. */
  sent(node: Node, message: Message): void {
    if (message.type !== 'voteResponse' || !message.granted) return;
    const key = `${node.id} ${message.term}`;
    const before = this.#votes.get(key) ?? message.to;
    expect(before === message.to, `${node.id} votes for ${before} and ${message.to} in term ${message.term}`);
    this.#votes.set(key, message.to);
    expect(node.disk.hardState.term >= message.term, `${node.id} tells a vote that it may forget`);
  }

  /** Log matching: index and term fix an entry and the term of the one before it. */
  appended(entries: readonly Entry[], { previousTerm }: { previousTerm: number }): void {
    let previous = previousTerm;
    for (const { term, index, data } of entries) {
      const key = `${term}/${index}`;
      const seen = this.#data.get(key);
      if (seen === undefined) {
        this.#data.set(key, data);
        this.#previousTerms.set(key, previous);
      } else {
        expect(Buffer.compare(seen, data) === 0, `entry ${key} exists twice`);
        expect(this.#previousTerms.get(key) === previous, `entry ${key} follows different entries`);
      }
      previous = term;
    }
  }

  /** State machine safety: all members apply the same entry at an index. */
  applied(node: Node, committed: readonly Entry[]): void {
    for (const { index, term, type } of committed) {
      if (type === 'confChange') this.#lastConfChange = Math.max(this.#lastConfChange, index);
      const before = this.#applied[index];
      if (before === undefined) expect(index === this.#applied.length, `${node.id} skips to entry ${index}`);
      else expect(before === term, `${node.id} applies ${term}/${index}, another applied ${before}/${index}`);
      this.#applied[index] = term;
      this.#appliedIn[index] ??= node.raft.term;
    }
    if (committed.length > 0) this.#configured(node);
  }

  /** All members have the same configuration at the same index, and raft the one of the state machine. */
  #configured(node: Node): void {
    const { index, config } = node.state.meta;
    const text = renderConfig(config);
    const before = this.#configs.get(index) ?? text;
    expect(before === text, `${node.id} has "${text}" at ${index}, another has "${before}"`);
    expect(renderConfig(node.raft.status().config) === text, `${node.id} loses its configuration at ${index}`);
    this.#configs.set(index, text);
  }

  /** Nothing of a member's promises goes backwards, also over a crash. */
  persisted(node: Node, before: HardState): void {
    const { term, vote } = node.disk.hardState;
    expect(term >= before.term, `${node.id} falls back from term ${before.term} to ${term}`);
    const kept = term > before.term || before.vote === 0n || vote === before.vote;
    expect(kept, `${node.id} changes its vote in term ${term}`);
  }

  /** A read sees everything that was applied anywhere when it was asked for. */
  read({ index, appliedAtStart }: { index: number; appliedAtStart: number }): void {
    expect(index >= appliedAtStart, `a read at ${index} misses ${appliedAtStart}`);
  }
}

export function expect(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
