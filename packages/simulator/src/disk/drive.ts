/** The drive under a volume: how long it takes, whether it stalls, has room, or fails. */
import type { Chance } from '../world/chance.ts';
import type { Process } from '../world/process.ts';
import type { Scheduler } from '../world/scheduler.ts';

export interface DriveSpeed {
  readonly writeMs: number;
  readonly syncMs: number;
}

/** What an operation takes at least and at most, as a share of the drive's usual time. */
const quickest = 0.5;
const slowest = 2;

export class Drive {
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly speed: DriveSpeed;
  slowness = 1;
  #isFull = false;
  /** How often it was full. */
  timesFull = 0;
  /** Of syncs alone, beside that: what lies in the page cache is there at once. */
  syncSlowness = 1;
  /** The next sync fails, once. */
  failsNextSync = false;
  /** How often a sync has failed, and how often there was no room. */
  failures = 0;
  refusals = 0;
  #stalledUntilMs = 0;
  #busyUntilMs = 0;

  constructor(options: { readonly scheduler: Scheduler; readonly chance: Chance; readonly speed: DriveSpeed }) {
    this.#scheduler = options.scheduler;
    this.#chance = options.chance;
    this.speed = options.speed;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  fill(): void {
    if (!this.#isFull) this.timesFull++;
    this.#isFull = true;
  }

  makeRoom(): void {
    this.#isFull = false;
  }

  /** What it was asked for until now is done by then. What was begun while it was slow or stalled goes on after that is over. */
  get busyUntilMs(): number {
    return this.#busyUntilMs;
  }

  /** No sync takes longer while nothing is wrong with it. */
  get longestSyncMs(): number {
    return this.speed.syncMs * slowest;
  }

  /** Nothing is wrong with it, and nothing under way. */
  get isAtRest(): boolean {
    const idle = Math.max(this.#busyUntilMs, this.#stalledUntilMs) <= this.#scheduler.nowMs;
    return idle && this.slowness * this.syncSlowness === 1 && !this.isFull && !this.failsNextSync;
  }

  stall(forMs: number): void {
    this.#stalledUntilMs = this.#scheduler.nowMs + forMs;
  }

  async write(process: Process): Promise<void> {
    await this.#take(process, this.speed.writeMs);
    if (this.#isFull) throw this.noRoom();
  }

  async sync(process: Process): Promise<void> {
    await this.#take(process, this.speed.syncMs * this.syncSlowness);
    if (!this.failsNextSync) return;
    this.failsNextSync = false;
    this.failures++;
    throw failure('EIO', 'i/o error');
  }

  async read(process: Process): Promise<void> {
    await this.#take(process, this.speed.writeMs);
  }

  /** Why a write fails while it is full. */
  noRoom(): Error {
    this.refusals++;
    return failure('ENOSPC', 'no space left on device');
  }

  async #take(process: Process, usualMs: number): Promise<void> {
    const stalledMs = Math.max(0, this.#stalledUntilMs - this.#scheduler.nowMs);
    const takesMs = stalledMs + usualMs * this.slowness * this.#chance.between(quickest, slowest);
    this.#busyUntilMs = Math.max(this.#busyUntilMs, this.#scheduler.nowMs + takesMs);
    await process.wait(takesMs);
  }
}

export function failure(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
