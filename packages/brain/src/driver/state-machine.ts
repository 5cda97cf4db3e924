/**
 * The applied state of a member with what hangs on it: files, watches, leases. A received snapshot replaces the store, so
 * nobody may keep it across an await; the watches go over to the new one.
 */
import type { Clock, Randomness } from '@flotilla/base';
import {
  type Lessor,
  type OpenedState,
  OperationCounts,
  type WatchHub,
  createLessor,
  createWatchHub,
  toRpcError,
} from '@flotilla/store';
import { Sessions } from '../auth/sessions.ts';
import type { BrainMetrics } from '../metrics.ts';
import { compactionTimes } from './compaction-times.ts';

export interface StateMachineOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly watchProgressIntervalMs: number;
  /** How long a simple token lives unused. */
  readonly authTokenTtlMs: number;
  /** Runs `callback` when the sockets had their turn. */
  readonly endOfTurn: (callback: () => void) => void;
  readonly metrics: Pick<BrainMetrics, 'leases' | 'compactions'>;
  readonly onFailure: (error: unknown) => void;
}

export class StateMachine {
  /** The simple tokens that entries gave out. */
  readonly sessions: Sessions;
  readonly #options: StateMachineOptions;
  #opened: OpenedState;
  /** Of the states that snapshots have replaced. */
  readonly #countsBefore = new OperationCounts();
  readonly #watchHub: WatchHub;
  #lessor: Lessor;
  readonly #awaitingSlice: (() => void)[] = [];

  constructor(opened: OpenedState, options: StateMachineOptions) {
    this.#options = options;
    this.#opened = opened;
    const { clock, randomness, watchProgressIntervalMs, endOfTurn, onFailure } = options;
    const hubOptions = {
      clock,
      randomness,
      progressIntervalMs: watchProgressIntervalMs,
      defer: endOfTurn,
      onFailure,
    };
    this.#watchHub = createWatchHub(opened.store, hubOptions);
    this.#lessor = this.#follow(opened);
    this.sessions = new Sessions({ clock, ttlMs: options.authTokenTtlMs });
    opened.store.auth.observe(this.sessions);
  }

  /** What was asked of the store since the start, whatever snapshots have replaced. */
  get counts(): OperationCounts {
    const sum = new OperationCounts();
    sum.add(this.#countsBefore);
    sum.add(this.store.counts);
    return sum;
  }

  #follow({ store }: OpenedState): Lessor {
    const { clock, metrics } = this.#options;
    store.observeCompactions(compactionTimes(metrics.compactions, clock));
    const { granted, revoked, ttlSeconds } = metrics.leases;
    return createLessor(store, {
      clock,
      onGranted(lease) {
        granted.add(1);
        ttlSeconds.observe(lease.ttlSeconds);
      },
      onRevoked: () => revoked.add(1),
    });
  }

  /** Resolves in a later turn, one caller a turn: who has long work does a slice of it each time. */
  nextSlice(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#awaitingSlice.push(resolve) === 1) this.#scheduleSlice();
    });
  }

  #scheduleSlice(): void {
    this.#options.endOfTurn(() => {
      this.#awaitingSlice.shift()?.();
      if (this.#awaitingSlice.length > 0) this.#scheduleSlice();
    });
  }

  get store(): OpenedState['store'] {
    return this.#opened.store;
  }

  get state(): OpenedState['state'] {
    return this.#opened.state;
  }

  get watchHub(): WatchHub {
    return this.#watchHub;
  }

  get lessor(): Lessor {
    return this.#lessor;
  }

  /** Takes the state of a snapshot. Watchers catch up in it, or learn that what they lack is compacted. */
  replace(opened: OpenedState): void {
    this.#lessor.close();
    this.#countsBefore.add(this.store.counts);
    this.#opened = opened;
    this.#watchHub.replaceStore(opened.store);
    opened.store.auth.observe(this.sessions);
    this.sessions.replaced();
    this.#lessor = this.#follow(opened);
  }

  async close(): Promise<void> {
    this.#watchHub.close(toRpcError('serverStopped'));
    this.#lessor.close();
    await this.#opened.state.close();
  }
}
