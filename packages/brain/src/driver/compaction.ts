/**
 * Forgets the old log: in memory and on disk, up to what the state has durably, less some entries for members that lag.
 */
import type { Raft } from '@flotilla/raft';
import type { DurableLog } from '../log/durable-log.ts';
import type { StateMachine } from './state-machine.ts';

export interface CompactionOptions {
  readonly raft: Raft;
  readonly log: DurableLog;
  readonly machine: StateMachine;
  /** Entries between two compactions. */
  readonly snapshotCount: number;
  /** Entries kept for members that lag. */
  readonly catchUpEntries: number;
  /** While a member gets a snapshot, the entries that follow it are kept. */
  readonly keepsLog: () => boolean;
  readonly onFailure: (error: unknown) => void;
}

export class Compaction {
  readonly #options: CompactionOptions;
  #compacted: number;
  #flushing = false;

  constructor(options: CompactionOptions) {
    this.#options = options;
    this.#compacted = options.raft.status().compactedIndex;
  }

  /** To be called as entries are applied. */
  applied(index: number): void {
    const { raft, log, machine, snapshotCount, catchUpEntries, keepsLog, onFailure } = this.#options;
    if (index - this.#compacted < snapshotCount + catchUpEntries || keepsLog()) return;
    const wanted = index - catchUpEntries;
    const target = Math.min(wanted, machine.state.durable.index);
    if (target < wanted) this.#flush();
    if (target <= this.#compacted) return;
    this.#compacted = target;
    raft.compact(target);
    log.truncateFront(target).catch(onFailure);
  }

  /** The log begins anew behind a snapshot. */
  restarted(index: number): void {
    this.#compacted = Math.max(this.#compacted, index);
  }

  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#options.machine.state
      .flush()
      .catch(this.#options.onFailure)
      .finally(() => {
        this.#flushing = false;
      });
  }
}
