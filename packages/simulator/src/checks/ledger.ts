/**
 * What was really decided: the committed entries as the first member to learn of each reports them, and the state that a model
 * makes of them. Everything that members and clients see is compared with it.
 */
import { crc32 } from 'node:zlib';
import type { Entry } from '@flotilla/raft';
import {
  type EtcdInput,
  type KeyRow,
  type KeyState,
  type KeyspaceState,
  emptyKeyspace,
  execute,
} from '../linearizability/etcd-model.ts';
import type { CommitPace } from './commit-pace.ts';
import { meaningOf } from './entry-inputs.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { Verdict } from './verdict.ts';

/** One change of one key. */
export interface KeyEvent {
  readonly key: string;
  /** Undefined: deleted. */
  readonly row: KeyState | undefined;
  readonly previous: KeyState | undefined;
}

interface CommittedEntry {
  readonly term: number;
  readonly crc: number;
  /** The term in which it was known to be committed first. */
  readonly knownInTerm: number;
  /** The store's revision once it is applied. */
  readonly revision: number;
}

/** A lease began or ended, as the log says. */
export interface LeaseChange {
  readonly kind: 'grant' | 'revoke';
  readonly lease: string;
  readonly atMs: number;
  /** Before anybody can have seen it. */
  readonly stamp: number;
  readonly revision: number;
  /** It took keys along. */
  readonly deletes: boolean;
}

export class Ledger {
  readonly #verdict: Verdict;
  readonly #time: Pick<Scheduler, 'nowMs' | 'stamp'>;
  readonly #pace: CommitPace;
  readonly #committed: CommittedEntry[] = [{ term: 0, crc: 0, knownInTerm: 0, revision: 1 }];
  readonly #states: KeyspaceState[] = [emptyKeyspace, emptyKeyspace];
  readonly #events: (readonly KeyEvent[])[] = [[], []];
  readonly leaseChanges: LeaseChange[] = [];
  readonly leaseEnds = new Map<string, LeaseChange>();
  compactRevision = 0;

  constructor(verdict: Verdict, time: Pick<Scheduler, 'nowMs' | 'stamp'>, pace: CommitPace) {
    this.#verdict = verdict;
    this.#time = time;
    this.#pace = pace;
  }

  get lastIndex(): number {
    return this.#committed.length - 1;
  }

  get revision(): number {
    return this.#states.length - 1;
  }

  /** The state of a revision. */
  at(revision: number): KeyspaceState | undefined {
    return this.#states[revision];
  }

  /** What a revision changed, by key. */
  eventsOf(revision: number): readonly KeyEvent[] {
    return this.#events[revision] ?? [];
  }

  termOf(index: number): number | undefined {
    return this.#committed[index]?.term;
  }

  /** The term in which an entry was known to be committed first. */
  knownInTerm(index: number): number {
    return this.#committed[index]?.knownInTerm ?? 0;
  }

  revisionAfter(index: number): number | undefined {
    return this.#committed[index]?.revision;
  }

  /** A member was told that these are committed. Returns those of which it is the first to learn. */
  commit(who: string, inTerm: number, entries: readonly Entry[]): readonly Entry[] {
    const news: Entry[] = [];
    for (const entry of entries) {
      const known = this.#committed[entry.index];
      const crc = crc32(entry.data);
      if (!known) {
        this.#append(who, entry, { crc, inTerm });
        news.push(entry);
      } else if (known.term !== entry.term || known.crc !== crc) {
        this.#verdict.violate(`${who} applies another entry ${entry.index} (term ${entry.term}, not ${known.term})`);
      }
    }
    return news;
  }

  /** Rows as a range of a revision must find them. */
  rowsAt(revision: number, interval: { readonly key: string; readonly end: string | undefined }): readonly KeyRow[] {
    const state = this.#states[revision] ?? emptyKeyspace;
    const { answers } = execute(state, { kind: 'range', ...interval }).output;
    return answers[0]?.kind === 'range' ? answers[0].rows : [];
  }

  #leaseChanged(input: EtcdInput, before: KeyspaceState, { revision }: KeyspaceState): void {
    if (input.kind !== 'grant' && input.kind !== 'revoke') return;
    const deletes = revision > before.revision;
    const change = { ...input, revision, deletes, atMs: this.#time.nowMs, stamp: this.#time.stamp() };
    this.leaseChanges.push(change);
    if (input.kind === 'revoke') this.leaseEnds.set(input.lease, change);
  }

  #append(who: string, { index, term, data }: Entry, { crc, inTerm }: { crc: number; inTerm: number }): void {
    if (index !== this.#committed.length) {
      this.#verdict.violate(`${who} learns that entry ${index} is committed, but ${this.#committed.length} comes next`);
      return;
    }
    this.#pace.committed(`${index}/${term}`);
    const meaning = meaningOf(data);
    const before = this.#states.at(-1) ?? emptyKeyspace;
    let after = before;
    if (meaning.kind === 'input') after = execute(before, meaning.input).state;
    if (meaning.kind === 'compact' && meaning.revision <= before.revision) {
      this.compactRevision = Math.max(this.compactRevision, meaning.revision);
    }
    if (meaning.kind === 'input' && before.leases !== after.leases) this.#leaseChanged(meaning.input, before, after);
    if (after.revision === before.revision) {
      this.#states[this.#states.length - 1] = after;
    } else {
      this.#states.push(after);
      this.#events.push(eventsBetween(before, after));
    }
    this.#committed.push({ term, crc, knownInTerm: inTerm, revision: after.revision });
  }
}

function eventsBetween(before: KeyspaceState, after: KeyspaceState): readonly KeyEvent[] {
  const events: KeyEvent[] = [];
  for (const [key, row] of after.keys) {
    if (row.modRevision === after.revision) events.push({ key, row, previous: before.keys.get(key) });
  }
  for (const [key, previous] of before.keys) {
    if (!after.keys.has(key)) events.push({ key, row: undefined, previous });
  }
  return events.sort((a, b) => (a.key < b.key ? -1 : 1));
}
