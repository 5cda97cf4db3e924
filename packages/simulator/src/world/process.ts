/**
 * One run of a program on a machine: everything that it waits for comes back through here, so it can be killed between any two
 * things that happen to it, or stopped for a while. Its clock goes at a pace of its own.
 */
import type { Clock, Timer } from '@flotilla/base';
import type { Scheduler } from './scheduler.ts';

const startWallMs = 1_767_225_600_000;
const shortestTimerMs = 1;

export class Process {
  readonly name: string;
  readonly #scheduler: Scheduler;
  /** Milliseconds of its clock in one of the world's. */
  readonly #pace: number;
  readonly #bornMs: number;
  readonly #turnMs: number;
  readonly #onDeath = new Set<() => void>();
  #isAlive = true;
  #isPaused = false;
  #diedWithoutAWord = false;
  /** What came while it was stopped. */
  #waiting: (() => void)[] = [];
  #wallOffsetMs = 0;

  constructor(options: {
    readonly name: string;
    readonly scheduler: Scheduler;
    readonly pace: number;
    /** How long a turn of its event loop takes. */
    readonly turnMs: number;
  }) {
    this.name = options.name;
    this.#scheduler = options.scheduler;
    this.#pace = options.pace;
    this.#bornMs = options.scheduler.nowMs;
    this.#turnMs = options.turnMs;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  readonly clock: Clock = {
    wallMs: () => startWallMs + this.#wallOffsetMs + this.#scheduler.nowMs,
    monotonicMs: () => (this.#scheduler.nowMs - this.#bornMs) * this.#pace,
    // No timer is shorter: a wait for what is left until a deadline must not come back before it without end.
    after: (delayMs, callback) => this.after(Math.max(shortestTimerMs, delayMs) / this.#pace, callback),
    every: (periodMs, callback) => {
      let timer: Timer;
      const again = (): void => {
        timer = this.after(periodMs / this.#pace, () => {
          again();
          callback();
        });
      };
      again();
      return { cancel: () => timer.cancel() };
    },
  };

  readonly endOfTurn = (callback: () => void): void => void this.after(this.#turnMs, callback);

  /** Calls back after `delayMs` of the world's time, if it still lives, and not while it is stopped. */
  after(delayMs: number, callback: () => void): Timer {
    let cancelled = false;
    const act = (): void => {
      if (!cancelled) callback();
    };
    const timer = this.#scheduler.after(delayMs, () => this.take(act));
    return {
      cancel() {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  /** Something has come for it: it takes it now, or once it goes on; never when it is dead. */
  take(callback: () => void): void {
    if (!this.#isAlive) return;
    if (this.#isPaused) this.#waiting.push(callback);
    else callback();
  }

  /** Resolves after `delayMs` of the world's time; never when it dies before. */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  onDeath(callback: () => void): () => void {
    this.#onDeath.add(callback);
    return () => this.#onDeath.delete(callback);
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** What has come meanwhile is served in turns, one after the other. */
  resume(): void {
    this.#isPaused = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const act of waiting) this.#scheduler.after(0, () => this.take(act));
  }

  moveWallClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Its machine lost power: nobody tells the other ends of its connections. */
  get diedWithoutAWord(): boolean {
    return this.#diedWithoutAWord;
  }

  /** From now on nothing happens to it any more. */
  kill(options: { readonly withoutAWord: boolean } = { withoutAWord: false }): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#diedWithoutAWord = options.withoutAWord;
    this.#waiting = [];
    for (const callback of this.#onDeath) callback();
    this.#onDeath.clear();
  }
}
