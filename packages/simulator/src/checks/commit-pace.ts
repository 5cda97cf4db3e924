/**
 * When leaders were elected, and in which stretches of time no leader got anything committed: an entry lay in a log for long,
 * or none was committed at all although there was work. Promises about time hold but for these.
 */
import type { Scheduler } from '../world/scheduler.ts';

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What takes longer is no work of a leader that leads. */
const promptMs = 50;

export class CommitPace {
  readonly #time: Pick<Scheduler, 'nowMs'>;
  readonly #appendedMs = new Map<string, number>();
  readonly #electionsMs: number[] = [];
  readonly #stalls: Stretch[] = [];
  #committedMs = 0;
  #isIdle = false;

  constructor(time: Pick<Scheduler, 'nowMs'>) {
    this.#time = time;
  }

  elected(): void {
    this.#electionsMs.push(this.#time.nowMs);
  }

  /** An entry stands in the first log. */
  appended(name: string): void {
    this.#appendedMs.set(name, this.#time.nowMs);
  }

  /** An entry is known to be committed. */
  committed(name: string): void {
    const nowMs = this.#time.nowMs;
    if (!this.#isIdle) this.#stalled(this.#committedMs);
    this.#stalled(this.#appendedMs.get(name) ?? nowMs);
    this.#committedMs = nowMs;
  }

  /** There is no steady work any more: silence proves nothing. */
  idle(): void {
    this.#stalled(this.#committedMs);
    this.#isIdle = true;
  }

  #stalled(fromMs: number): void {
    const toMs = this.#time.nowMs;
    if (toMs - fromMs > promptMs) this.#stalls.push({ fromMs, toMs });
  }

  /** When leaders were elected in a stretch of time. */
  electionsMs({ fromMs, toMs }: Stretch): readonly number[] {
    return this.#electionsMs.filter((atMs) => atMs >= fromMs && atMs <= toMs);
  }

  /** How much of a stretch of time was without a leader that got entries committed. */
  stalledMs({ fromMs, toMs }: Stretch): number {
    let stalledMs = 0;
    let countedToMs = fromMs;
    for (const stall of [...this.#stalls].sort((a, b) => a.fromMs - b.fromMs)) {
      const endMs = Math.min(stall.toMs, toMs);
      stalledMs += Math.max(0, endMs - Math.max(stall.fromMs, countedToMs));
      countedToMs = Math.max(countedToMs, endMs);
    }
    return stalledMs;
  }
}
