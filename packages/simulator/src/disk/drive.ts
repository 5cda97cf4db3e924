/** The drive under a volume: how long it takes, whether it stalls, has room, or fails. */
import type { Chance } from '../world/chance.ts';
import type { Process } from '../world/process.ts';
import type { Scheduler } from '../world/scheduler.ts';

export interface DriveSpeed {
  readonly writeMs: number;
  readonly syncMs: number;
}

export class Drive {
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly speed: DriveSpeed;
  slowness = 1;
  isFull = false;
  /** The next sync fails, once. */
  failsNextSync = false;
  /** How often it has failed whoever used it. */
  failures = 0;
  #stalledUntilMs = 0;

  constructor(options: { readonly scheduler: Scheduler; readonly chance: Chance; readonly speed: DriveSpeed }) {
    this.#scheduler = options.scheduler;
    this.#chance = options.chance;
    this.speed = options.speed;
  }

  stall(forMs: number): void {
    this.#stalledUntilMs = this.#scheduler.nowMs + forMs;
  }

  async write(process: Process): Promise<void> {
    await this.#take(process, this.speed.writeMs);
    if (this.isFull) throw this.#failure('ENOSPC', 'no space left on device');
  }

  async sync(process: Process): Promise<void> {
    await this.#take(process, this.speed.syncMs);
    if (!this.failsNextSync) return;
    this.failsNextSync = false;
    throw this.#failure('EIO', 'i/o error');
  }

  async read(process: Process): Promise<void> {
    await this.#take(process, this.speed.writeMs);
  }

  #failure(code: string, message: string): Error {
    this.failures++;
    return failure(code, message);
  }

  async #take(process: Process, usualMs: number): Promise<void> {
    const stalledMs = Math.max(0, this.#stalledUntilMs - this.#scheduler.nowMs);
    await process.wait(stalledMs + usualMs * this.slowness * this.#chance.between(0.5, 2));
  }
}

export function failure(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
