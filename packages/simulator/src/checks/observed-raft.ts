/** Raft's core with somebody looking over its shoulder: everything goes through unchanged, and is told to the checks. */
import {
  type Acceptance,
  type Config,
  type ConfChange,
  type ConfChangeAcceptance,
  type Entry,
  type Message,
  type NodeId,
  type Raft,
  type RaftOptions,
  type RaftStatus,
  type Ready,
  type Role,
  type SnapshotMeta,
  type Transition,
  createRaft,
  isJoint,
  isVoter,
} from '@flotilla/raft';
import type { Marks } from '../world/marks.ts';
import type { DurableLogs } from './durable-logs.ts';
import type { Ledger } from './ledger.ts';
import { configText } from './membership-model.ts';
import type { RaftChecks } from './raft-checks.ts';

/** Something that raft does, and after which a crash is worth more than at other times. */
export type RaftMoment = 'election' | 'vote' | 'truncation' | 'write' | 'handover' | 'install' | 'reconfiguration';

export interface Observers {
  readonly who: string;
  readonly checks: RaftChecks;
  readonly durable: DurableLogs;
  readonly ledger: Ledger;
  readonly marks: Marks;
  /** How conf changes that are proposed here are made. */
  readonly transition: Transition;
  readonly note: (what: string) => void;
  /** The state machine has applied everything up to `index`. */
  readonly onApplied: (index: number) => void;
  readonly onMoment: (moment: RaftMoment) => void;
}

export class ObservedRaft implements Raft {
  readonly #raft: Raft;
  readonly #observers: Observers;
  /** Term of each entry of the log, from the compaction point at the start on. */
  #base: number;
  #terms: number[];
  /** Conf changes of the log that are not known to be applied. */
  #confChanges: number[];

  constructor(options: RaftOptions, observers: Observers) {
    this.#raft = createRaft(options);
    this.#observers = observers;
    const { snapshot, entries = [], hardState } = options.initial ?? {};
    const base = { index: snapshot?.index ?? 0, term: snapshot?.term ?? 0 };
    this.#base = base.index;
    this.#terms = [base.term, ...entries.map(({ term }) => term)];
    this.#confChanges = entries.filter(({ type }) => type === 'confChange').map(({ index }) => index);
    this.#compareConfig(options.initial?.applied ?? base.index, 'starts');
    observers.checks.appended(observers.who, entries, base.term);
    observers.durable.started(options.id, observers.who, { base, entries, hardState });
  }

  ready(): Ready | undefined {
    const ready = this.#raft.ready();
    if (!ready) return undefined;
    const { who, checks, durable, ledger, marks, note, onMoment } = this.#observers;
    const { snapshot, entries, committed, softState, hardState, messages } = ready;
    if (snapshot) {
      this.#base = snapshot.index;
      this.#terms = [snapshot.term];
      this.#confChanges = [];
      if (isJoint(snapshot.config)) marks.hit('snapshot with a joint configuration');
      this.#compareConfig(snapshot.index, 'is given a snapshot');
      onMoment('install');
    }
    this.#append(entries);
    if (hardState && ready.mustSync)
      note(`writes term ${hardState.term}, vote ${hardState.vote}, ${entries.length} entries`);
    if (ready.mustSync) {
      durable.writes(this.id, ready);
      onMoment('write');
    }
    for (const entry of ledger.commit(who, this.#raft.term, committed))
      durable.committed(who, entry, ledger.membership.countingAt(entry.index));
    if ((committed.at(-1)?.index ?? 0) > this.#raft.syncedIndex)
      marks.hit('entries applied before they were synced here');
    if (softState) {
      note(`${softState.role} of term ${this.#raft.term}, leader ${softState.leader}`);
      if (softState.role === 'leader') {
        marks.hit('leader elected');
        onMoment('election');
        checks.elected(who, this.#raft.term, (index) => this.#termAt(index));
        durable.elected(this.id, who, this);
      }
    }
    this.#left(messages);
    for (const { type } of messages) if (type === 'propose') marks.hit('follower forwarded a write');
    for (const { type } of messages) if (type === 'readIndex') marks.hit('follower forwarded a read');
    return ready;
  }

  synced(ready: Ready): void {
    this.#observers.durable.synced(this.id, ready);
    this.#left(ready.messagesAfterSync);
    this.#leading(() => this.#raft.synced(ready));
  }

  applied(index: number): void {
    this.#observers.onApplied(index);
    this.#raft.applied(index);
  }

  step(message: Message): void {
    const { marks } = this.#observers;
    const ledBefore = this.#raft.role === 'leader';
    this.#leading(() => this.#raft.step(message));
    if (ledBefore && this.#raft.role !== 'leader') marks.hit('leader deposed while it still led for itself');
  }

  /** Paper, 5.4.2: a leader commits by counting only what is of its own term. */
  #leading(act: () => void): void {
    const { role, commit } = this.#raft;
    act();
    if (role !== 'leader' || this.#raft.role !== 'leader' || this.#raft.commit === commit) return;
    const term = this.#termAt(this.#raft.commit) ?? this.#raft.term;
    if (term !== this.#raft.term) {
      const { who, checks } = this.#observers;
      checks.committedByCounting(who, { index: this.#raft.commit, term, inTerm: this.#raft.term });
    }
  }

  #left(messages: readonly Message[]): void {
    const { who, checks, durable, onMoment } = this.#observers;
    checks.left(who, messages);
    durable.left(this.id, messages);
    if (messages.some(({ type }) => type === 'vote' || type === 'voteResponse')) onMoment('vote');
    if (messages.some(({ type }) => type === 'timeoutNow')) onMoment('handover');
  }

  #termAt(index: number): number | undefined {
    return this.#terms[index - this.#base];
  }

  #append(entries: readonly Entry[]): void {
    const [first] = entries;
    if (!first) return;
    const { who, checks, marks, onMoment } = this.#observers;
    const at = first.index - this.#base;
    if (at < this.#terms.length) {
      marks.hit('conflicting suffix truncated');
      if ((this.#confChanges.at(-1) ?? 0) >= first.index) marks.hit('conf change lost with its leader');
      onMoment('truncation');
    }
    const own = entries.filter(({ type }) => type === 'confChange').map(({ index }) => index);
    this.#confChanges = [...this.#confChanges.filter((index) => index < first.index), ...own];
    this.#terms.length = at;
    checks.appended(who, entries, this.#terms[at - 1] ?? 0);
    for (const { term } of entries) this.#terms.push(term);
  }

  /** Equal membership at equal index; a newcomer that waits for its first snapshot knows nobody. */
  #compareConfig(index: number, what: string): void {
    const { who, ledger, checks } = this.#observers;
    const { config } = this;
    if (config.voters.length === 0 && index === 0) return;
    const expected = ledger.membership.at(index).config;
    if (configText(config) === configText(expected)) return;
    checks.violate(`${who} ${what} at entry ${index} with ${configText(config)}, not ${configText(expected)}`);
  }

  #reconfigured(entry: Entry, before: Config): void {
    const { marks, note, onMoment } = this.#observers;
    const isRemoved = isVoter(before, this.id) && !isVoter(this.config, this.id);
    if (isRemoved && this.role === 'leader') marks.hit('leader removed itself');
    this.#confChanges = this.#confChanges.filter((index) => index > entry.index);
    note(`applies conf change ${entry.index}: ${configText(this.config)}`);
    this.#compareConfig(entry.index, 'applies a conf change');
    onMoment('reconfiguration');
  }

  /** Whether all conf changes of its log are applied. */
  get knowsNoChange(): boolean {
    const { applied } = this.#raft.status();
    return !this.#confChanges.some((index) => index > applied);
  }

  get id(): NodeId {
    return this.#raft.id;
  }
  get term(): number {
    return this.#raft.term;
  }
  get leader(): NodeId {
    return this.#raft.leader;
  }
  get role(): Role {
    return this.#raft.role;
  }
  get commit(): number {
    return this.#raft.commit;
  }
  get lastIndex(): number {
    return this.#raft.lastIndex;
  }

  get syncedIndex(): number {
    return this.#raft.syncedIndex;
  }
  get config(): Config {
    return this.#raft.config;
  }
  proposeConfChange(change: ConfChange): ConfChangeAcceptance {
    const { transition, note, onMoment } = this.#observers;
    const acceptance = this.#raft.proposeConfChange(change.kind === 'change' ? { ...change, transition } : change);
    note(`is to append a conf change: ${acceptance}`);
    if (acceptance === 'accepted') onMoment('reconfiguration');
    return acceptance;
  }
  applyConfChange(entry: Entry): Config {
    const before = this.config;
    const config = this.#raft.applyConfChange(entry);
    this.#reconfigured(entry, before);
    return config;
  }
  refuseConfChange(entry: Entry): Config {
    const before = this.config;
    const config = this.#raft.refuseConfChange(entry);
    this.#reconfigured(entry, before);
    return config;
  }
  tick(): void {
    this.#raft.tick();
  }
  propose(data: readonly Uint8Array[]): Acceptance {
    return this.#raft.propose(data);
  }
  readIndex(context: string): Acceptance {
    return this.#raft.readIndex(context);
  }
  transferLeadership(to: NodeId): 'accepted' | 'notLeader' | 'notVoter' {
    return this.#raft.transferLeadership(to);
  }
  campaign(): void {
    this.#raft.campaign();
  }
  releaseLeader(leader: NodeId): void {
    this.#raft.releaseLeader(leader);
  }
  compact(index: number): void {
    this.#observers.marks.hit('log compacted');
    this.#raft.compact(index);
  }
  snapshotMeta(index: number): SnapshotMeta {
    return this.#raft.snapshotMeta(index);
  }
  reportSnapshot(id: NodeId, ok: boolean): void {
    this.#raft.reportSnapshot(id, ok);
  }
  reportUnreachable(id: NodeId): void {
    this.#raft.reportUnreachable(id);
  }
  hasReady(): boolean {
    return this.#raft.hasReady();
  }
  status(): RaftStatus {
    return this.#raft.status();
  }
}
