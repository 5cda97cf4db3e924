/**
 * What each member's disk surely holds, as the member itself was told that its writes are durable. From that follows what it
 * may say to others, what must be there when it starts again, and what may be called committed.
 */
import type { Config, Entry, EntryId, HardState, Message, NodeId, Ready } from '@flotilla/raft';
import type { Verdict } from './verdict.ts';

/** What a member found on its disk when it started. */
export interface FoundLog {
  readonly base: { readonly index: number; readonly term: number };
  readonly entries: readonly Entry[];
  readonly hardState: HardState | undefined;
}

interface DurableLog {
  readonly who: string;
  base: number;
  /** Terms of the entries from `base` on. */
  terms: number[];
  term: number;
  vote: NodeId;
  /** The outstanding write may have replaced everything from here on. */
  replacedFrom: number;
}

export class DurableLogs {
  readonly #verdict: Verdict;
  readonly #logs = new Map<NodeId, DurableLog>();

  constructor(verdict: Verdict) {
    this.#verdict = verdict;
  }

  /** A member never starts with less than it had confirmed, also when its files were damaged: then it refuses to start. */
  started(id: NodeId, who: string, { base, entries, hardState }: FoundLog): void {
    const { term = 0, vote = 0n } = hardState ?? {};
    const terms = [base.term, ...entries.map((entry) => entry.term)];
    const found = { who, base: base.index, terms, term, vote, replacedFrom: Infinity };
    const known = this.#logs.get(id);
    if (known) this.#compare(known, found);
    this.#logs.set(id, found);
  }

  /** Its disk was rolled back: it knows no more of what it has confirmed. */
  forget(id: NodeId): void {
    this.#logs.delete(id);
  }

  /** Term and vote that a member surely remembers, as one text. */
  promiseOf(id: NodeId): string {
    const log = this.#logs.get(id);
    return `${log?.term}/${log?.vote}`;
  }

  /** Whether all others hold whatever this one does: then nothing is lost if it forgets. */
  isHeldByAll(id: NodeId, others: readonly NodeId[]): boolean {
    const log = this.#logs.get(id);
    if (!log) return false;
    const last = { index: lastOf(log), term: log.terms.at(-1) ?? 0 };
    return others.every((other) => this.#holds(other, last));
  }

  /** A write begins. */
  writes(id: NodeId, { snapshot, entries }: Ready): void {
    const log = this.#logs.get(id);
    if (log) log.replacedFrom = snapshot ? snapshot.index + 1 : (entries[0]?.index ?? Infinity);
  }

  /** That write is durable. */
  synced(id: NodeId, { snapshot, entries, hardState }: Ready): void {
    const log = this.#logs.get(id);
    if (!log) return;
    if (snapshot) Object.assign(log, { base: snapshot.index, terms: [snapshot.term] });
    const [first] = entries;
    if (first) log.terms.length = first.index - log.base;
    for (const { term } of entries) log.terms.push(term);
    if (hardState) Object.assign(log, { term: hardState.term, vote: hardState.vote });
    log.replacedFrom = Infinity;
  }

  /** These messages leave: no vote and no acknowledgement for what a crash could take. */
  left(id: NodeId, messages: readonly Message[]): void {
    const log = this.#logs.get(id);
    if (!log) return;
    for (const message of messages) {
      const { who } = log;
      if (message.type === 'appendResponse' && !message.rejected && message.index > lastOf(log)) {
        this.#verdict.violate(
          `${who} confirms entry ${message.index}, but its disk surely holds only those up to ${lastOf(log)}`,
        );
      }
      const isGrant = message.type === 'voteResponse' && message.granted;
      if ((isGrant || message.type === 'vote') && !this.#remembersVote(log, message)) {
        this.#verdict.violate(`${who} votes in term ${message.term}, and could forget it`);
      }
    }
  }

  /** An entry is said to be committed: under one of the configurations that may count, a majority has it durably. */
  committed(who: string, entry: EntryId, configs: readonly Config[]): void {
    const missing = configs.map((config) => this.#missing(config, entry));
    if (missing.includes(undefined)) return;
    this.#verdict.violate(
      `${who} calls entry ${entry.index} of term ${entry.term} committed, which ${missing.at(-1)} disks surely hold`,
    );
  }

  /** A member leads: of each half of its configuration, a majority durably gave it its vote, or may have before a later term. */
  elected(id: NodeId, who: string, { term, config }: { readonly term: number; readonly config: Config }): void {
    const mayHaveVoted = (voter: NodeId): boolean => {
      const log = this.#logs.get(voter);
      return !log || log.term > term || (log.term === term && log.vote === id);
    };
    for (const half of [config.voters, config.votersOutgoing]) {
      const votes = half.filter(mayHaveVoted).length;
      if (half.length === 0 || 2 * votes > half.length) continue;
      this.#verdict.violate(`${who} leads term ${term} with ${votes} votes of ${half.length}`);
    }
  }

  /** "2 of 5" when that is no majority of a half. */
  #missing({ voters, votersOutgoing }: Config, entry: EntryId): string | undefined {
    for (const half of [voters, votersOutgoing]) {
      const holders = half.filter((id) => this.#holds(id, entry));
      if (half.length > 0 && 2 * holders.length <= half.length) return `${holders.length} of ${half.length}`;
    }
    return undefined;
  }

  #remembersVote({ term, vote }: DurableLog, message: Message): boolean {
    const candidate = message.type === 'vote' ? message.from : message.to;
    return term > message.term || (term === message.term && vote === candidate);
  }

  #holds(id: NodeId, { index, term }: EntryId): boolean {
    const log = this.#logs.get(id);
    return log !== undefined && (index <= log.base || log.terms[index - log.base] === term);
  }

  #compare(known: DurableLog, found: DurableLog): void {
    const { who } = found;
    const last = Math.min(lastOf(known), known.replacedFrom - 1);
    if (lastOf(found) < last) {
      this.#verdict.violate(`${who} starts with a log that ends with ${lastOf(found)}, but it had confirmed ${last}`);
    } else if (last > found.base && last >= known.base && termAt(found, last) !== termAt(known, last)) {
      this.#verdict.violate(`${who} starts with another entry ${last} than it had confirmed`);
    }
    const isOlder =
      found.term < known.term || (found.term === known.term && known.vote > 0n && found.vote !== known.vote);
    if (isOlder)
      this.#verdict.violate(`${who} starts in term ${found.term}, and has forgotten its vote in ${known.term}`);
  }
}

function lastOf({ base, terms }: DurableLog): number {
  return base + terms.length - 1;
}

function termAt({ base, terms }: DurableLog, index: number): number | undefined {
  return terms[index - base];
}
