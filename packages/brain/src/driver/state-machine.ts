/**
 * The applied state of a member with what hangs on it: files, watches, leases. A received snapshot replaces the store, so
 * nobody may keep it across an await; the watches go over to the new one.
 */
import type { Clock, Randomness } from '@flotilla/base';
import {
  type Lessor,
  type OpenedState,
  type WatchHub,
  createLessor,
  createWatchHub,
  toRpcError,
} from '@flotilla/store';
import { Sessions } from '../auth/sessions.ts';

export interface StateMachineOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly watchProgressIntervalMs: number;
  /** How long a simple token lives unused. */
  readonly authTokenTtlMs: number;
  /** Runs `callback` when the sockets had their turn. */
  readonly endOfTurn: (callback: () => void) => void;
  readonly onFailure: (error: unknown) => void;
}

export class StateMachine {
  /** The simple tokens that entries gave out. */
  readonly sessions: Sessions;
  readonly #options: StateMachineOptions;
  #opened: OpenedState;
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
    this.#lessor = createLessor(opened.store, { clock: options.clock });
    this.sessions = new Sessions({ clock, ttlMs: options.authTokenTtlMs });
    opened.store.auth.observe(this.sessions);
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
    this.#opened = opened;
    this.#watchHub.replaceStore(opened.store);
    opened.store.auth.observe(this.sessions);
    this.sessions.replaced();
    this.#lessor = createLessor(opened.store, { clock: this.#options.clock });
  }

  async close(): Promise<void> {
    this.#watchHub.close(toRpcError('serverStopped'));
    this.#lessor.close();
    await this.#opened.state.close();
  }
}
