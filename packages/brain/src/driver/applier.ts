/**
 * Applies committed entries in order and tells raft and whoever waits for them. While a snapshot is being installed, entries
 * wait: they follow it.
 *
 * A conf change takes effect in its place in the order: the state accepts or refuses what it carries, raft makes the next
 * configuration of that, and the state keeps it. All members decide alike, because they decide by entry and state alone.
 */
import type { Clock } from '@flotilla/base';
import { type Entry, type Raft, decodeConfChange, encodeConfig } from '@flotilla/raft';
import type { Proposals } from './proposals.ts';
import type { Reads } from './reads.ts';
import type { Reconfiguration } from './reconfiguration.ts';
import type { Tally } from '../tallied-counter.ts';
import type { StateMachine } from './state-machine.ts';

/** etcd's bound for one request; entries that were committed together are applied in one run here. */
const slowApplyMs = 100;

export interface ApplierOptions {
  readonly machine: StateMachine;
  readonly raft: Pick<Raft, 'applied' | 'syncedIndex' | 'applyConfChange' | 'refuseConfChange'>;
  readonly proposals: Proposals;
  readonly reconfiguration: Reconfiguration;
  readonly reads: Reads;
  readonly clock: Clock;
  /** Counts runs of entries that took longer than etcd's bound. */
  readonly slowApplies: Tally;
  /** Told after each conf change. */
  readonly onReconfigured: () => void;
  /** Told after each run of entries. */
  readonly onApplied: (index: number) => void;
}

export class Applier {
  readonly #options: ApplierOptions;
  #term = 0;
  #paused = false;
  #held: (readonly Entry[])[] = [];

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#term = options.machine.store.appliedTerm;
  }

  apply(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    if (this.#paused) this.#held.push(entries);
    else this.#apply(entries);
  }

  /** A snapshot is taking the place of the state. */
  get isPaused(): boolean {
    return this.#paused;
  }

  /** A snapshot is about to replace the state. */
  pause(): void {
    this.#paused = true;
  }

  /** The snapshot is the state now. */
  resume(): void {
    const { machine, proposals, reconfiguration, reads } = this.#options;
    this.#paused = false;
    this.#term = machine.store.appliedTerm;
    proposals.skipped();
    reconfiguration.skipped();
    reads.applied(machine.store.appliedIndex);
    const held = this.#held;
    this.#held = [];
    for (const entries of held) this.#apply(entries);
  }

  #apply(entries: readonly Entry[]): void {
    const { machine, raft, reads, onApplied } = this.#options;
    // They may stand where synced ones stood that were cut off: log [1@1 2@1], synced; 2@2 arrives, committed already.
    machine.state.logSyncedTo(raft.syncedIndex);
    for (let from = 0; from < entries.length;) {
      const at = entries.findIndex(({ type }, i) => i >= from && type === 'confChange');
      const to = at < 0 ? entries.length : at;
      this.#applyNormal(from === 0 && to === entries.length ? entries : entries.slice(from, to));
      const confChange = entries[to];
      if (confChange) this.#applyConfChange(confChange);
      from = to + 1;
    }
    const { appliedIndex } = machine.store;
    raft.applied(appliedIndex);
    reads.applied(appliedIndex);
    onApplied(appliedIndex);
  }

  #applyNormal(entries: readonly Entry[]): void {
    const { machine, proposals, clock, slowApplies } = this.#options;
    const beganMs = clock.monotonicMs();
    const outcomes = machine.store.apply(entries);
    if (clock.monotonicMs() - beganMs > slowApplyMs) slowApplies.add(1);
    for (const [i, entry] of entries.entries()) {
      this.#reached(entry.term);
      const outcome = outcomes[i];
      if (outcome) proposals.applied(entry.data, outcome);
    }
  }

  #applyConfChange(entry: Entry): void {
    const { machine, raft, reconfiguration, onReconfigured } = this.#options;
    const { context } = decodeConfChange(entry.data);
    const applied = machine.store.applyConfChange({ ...entry, data: context }, (isAccepted) =>
      encodeConfig(isAccepted ? raft.applyConfChange(entry) : raft.refuseConfChange(entry)),
    );
    this.#reached(entry.term);
    onReconfigured();
    reconfiguration.applied(context, applied);
  }

  #reached(term: number): void {
    if (term === this.#term) return;
    this.#term = term;
    this.#options.proposals.reachedTerm(term);
    this.#options.reconfiguration.reachedTerm(term);
  }
}
