/**
 * The applied state of a member with what hangs on it: files, watches, leases. A received snapshot replaces them all at
 * once, so nobody may keep a store across an await.
 */
import type { Clock, Randomness } from '@flotilla/base';
import { type Lessor, type OpenedState, type WatchHub, createLessor, createWatchHub } from '@flotilla/store';

export interface StateMachineOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly watchProgressIntervalMs: number;
  readonly onFailure: (error: unknown) => void;
}

export class StateMachine {
  readonly #options: StateMachineOptions;
  #opened: OpenedState;
  #watchHub: WatchHub;
  #lessor: Lessor;

  constructor(opened: OpenedState, options: StateMachineOptions) {
    this.#options = options;
    this.#opened = opened;
    this.#watchHub = this.#openWatchHub();
    this.#lessor = createLessor(opened.store, { clock: options.clock });
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

  /** Takes the state of a snapshot. Watches end; their clients go on elsewhere or here, from where they were. */
  replace(opened: OpenedState): void {
    this.#watchHub.close();
    this.#lessor.demote();
    this.#opened = opened;
    this.#watchHub = this.#openWatchHub();
    this.#lessor = createLessor(opened.store, { clock: this.#options.clock });
  }

  async close(): Promise<void> {
    this.#watchHub.close();
    this.#lessor.demote();
    await this.#opened.state.close();
  }

  #openWatchHub(): WatchHub {
    const { clock, randomness, watchProgressIntervalMs, onFailure } = this.#options;
    const options = { clock, randomness, progressIntervalMs: watchProgressIntervalMs, onFailure };
    return createWatchHub(this.#opened.store, options);
  }
}
