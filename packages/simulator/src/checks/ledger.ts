/**
 * What was really decided: the committed entries as the first member to learn of each reports them, and the state that a model
 * makes of them. Everything that members and clients see is compared with it.
 */
import { crc32 } from 'node:zlib';
import type { Entry } from '@flotilla/raft';
import { decodeEntry } from '@flotilla/store';
import {
  type EtcdInput,
  type EtcdOutput,
  type KeyInterval,
  type KeyRow,
  type KeyState,
  type KeyspaceState,
  emptyKeyspace,
  execute,
} from '../linearizability/etcd-model.ts';
import { type AuthModel, applyAuthEntry, authOff, mayAccess, mayApply } from './auth-model.ts';
import type { CommitPace } from './commit-pace.ts';
import { meaningOf } from './entry-inputs.ts';
import { FenceChecks } from './fence-checks.ts';
import type { MembershipModel } from './membership-model.ts';
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

/** What changed keys without a call of the key clients. */
export interface ForeignChange {
  readonly input: EtcdInput;
  /** Before anybody can have seen it. */
  readonly stamp: number;
  readonly output: EtcdOutput;
}

type DecodedEntry = ReturnType<typeof decodeEntry>;

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
  readonly foreignChanges: ForeignChange[] = [];
  readonly leaseEnds = new Map<string, LeaseChange>();
  /** Who may do what, and since when. */
  readonly #auths: { readonly since: number; readonly auth: AuthModel }[] = [{ since: 0, auth: authOff }];
  readonly #fences: FenceChecks;
  /** Members without space. */
  readonly alarms = new Set<string>();
  readonly membership: MembershipModel;
  compactRevision = 0;

  constructor(options: {
    readonly verdict: Verdict;
    readonly time: Pick<Scheduler, 'nowMs' | 'stamp'>;
    readonly pace: CommitPace;
    readonly membership: MembershipModel;
  }) {
    const { verdict, time, pace, membership } = options;
    this.membership = membership;
    this.#verdict = verdict;
    this.#time = time;
    this.#pace = pace;
    this.#fences = new FenceChecks(verdict);
  }

  get auth(): AuthModel {
    return (this.#auths.at(-1) as { auth: AuthModel }).auth;
  }

  /** Whether a user might read an interval at some moment since a stamp. */
  mightRead(user: string, interval: KeyInterval, since: number): boolean {
    return this.#auths.some(({ auth }, i) => {
      const isOver = (this.#auths[i + 1]?.since ?? Infinity) < since;
      return !isOver && (!auth.enabled || mayAccess(auth, user, { ...interval, access: 'reads' }));
    });
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

  /** The keys after an entry that is not empty. */
  #apply(entry: DecodedEntry, before: KeyspaceState): KeyspaceState {
    const meaning = meaningOf(entry);
    switch (meaning.kind) {
      case 'input': {
        if (!this.#mayApply(entry, meaning.input, before)) return before;
        const { state: after, output } = execute(before, meaning.input);
        const isForeign = after.revision > before.revision && isOfLocks(meaning.input);
        if (isForeign) this.foreignChanges.push({ input: meaning.input, stamp: this.#time.stamp(), output });
        if (before.leases !== after.leases) this.#leaseChanged(meaning.input, before, after);
        this.#fences.applied(meaning.input, before, after);
        return after;
      }
      case 'compact':
        if (meaning.revision <= before.revision) {
          this.compactRevision = Math.max(this.compactRevision, meaning.revision);
        }
        return before;
      case 'alarm':
        if (meaning.active) this.alarms.add(meaning.member);
        else this.alarms.delete(meaning.member);
        return before;
      case 'other': {
        const auth = applyAuthEntry(this.auth, entry);
        if (auth !== this.auth) this.#auths.push({ since: this.#time.stamp(), auth });
        return before;
      }
    }
  }

  #mayApply({ caller }: DecodedEntry, input: EtcdInput, before: KeyspaceState): boolean {
    if (this.auth.enabled && !mayApply(this.auth, caller, input, before)) return false;
    return this.alarms.size === 0 || !needsSpace(input);
  }

  #append(who: string, entry: Entry, { crc, inTerm }: { crc: number; inTerm: number }): void {
    const { index, term, type, data } = entry;
    if (index !== this.#committed.length) {
      this.#verdict.violate(`${who} learns that entry ${index} is committed, but ${this.#committed.length} comes next`);
      return;
    }
    this.#pace.committed(`${index}/${term}`);
    const before = this.#states.at(-1) ?? emptyKeyspace;
    if (type === 'confChange') this.membership.apply(entry);
    const isForKeys = type === 'normal' && data.length > 0;
    const after = isForKeys ? this.#apply(decodeEntry(data), before) : before;
    if (after.revision === before.revision) {
      this.#states[this.#states.length - 1] = after;
    } else {
      this.#states.push(after);
      this.#events.push(eventsBetween(before, after));
    }
    this.#committed.push({ term, crc, knownInTerm: inTerm, revision: after.revision });
  }
}

/** While there is an alarm, whatever could make the database grow is refused. */
function needsSpace(input: EtcdInput): boolean {
  if (input.kind === 'txn') return [...input.success, ...input.failure].some(({ kind }) => kind === 'put');
  return input.kind === 'put' || input.kind === 'grant';
}

/** Lock service and fenced writes: their clients keep no history. */
function isOfLocks(input: EtcdInput): boolean {
  if (input.kind === 'txn') return [...input.success, ...input.failure].some(isOfLocks);
  return (input.kind === 'put' || input.kind === 'delete') && !input.key.startsWith('k');
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
