/**
 * Applies committed entries in order and tells who waits for them. While a snapshot is being installed, entries wait: they
 * follow it.
 */
import type { Entry } from '@flotilla/raft';
import type { Proposals } from './proposals.ts';
import type { Reads } from './reads.ts';
import type { StateMachine } from './state-machine.ts';

export interface ApplierOptions {
  readonly machine: StateMachine;
  readonly proposals: Proposals;
  readonly reads: Reads;
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

  /** A snapshot is about to replace the state. */
  pause(): void {
    this.#paused = true;
  }

  /** The snapshot is the state now. */
  resume(): void {
    const { machine, proposals, reads } = this.#options;
    this.#paused = false;
    this.#term = machine.store.appliedTerm;
    proposals.skipped();
    reads.applied(machine.store.appliedIndex);
    const held = this.#held;
    this.#held = [];
    for (const entries of held) this.#apply(entries);
  }

  #apply(entries: readonly Entry[]): void {
    const { machine, proposals, reads, onApplied } = this.#options;
    const outcomes = machine.store.apply(entries);
    for (const [i, entry] of entries.entries()) {
      if (entry.term !== this.#term) {
        this.#term = entry.term;
        proposals.reachedTerm(entry.term);
      }
      const outcome = outcomes[i];
      if (outcome) proposals.applied(entry.data, outcome);
    }
    const { appliedIndex } = machine.store;
    reads.applied(appliedIndex);
    onApplied(appliedIndex);
  }
}
