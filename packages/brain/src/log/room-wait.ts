/**
 * What a full disk means for a log that is open, and for the applied state: nothing is lost, so they wait. A write that found no
 * room is done again, over the same bytes, until it succeeds; nothing of it is acknowledged before. A sync of the log that fails is
 * another matter: what it was to make durable may be gone without a trace, so that fails the log (`sync-write.ts` tells the two
 * apart).
 */
import { type Clock, type Logger, messageOf } from '@flotilla/base';
import { isNoRoom } from '@flotilla/store';

/** Between two tries, doubling. */
const firstPauseMs = 50;
const usualLongestPauseMs = 500;

export interface RoomWaitOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly directory: string;
  /** Who waits, for the log lines. */
  readonly who: string;
  /** Between two tries at most; half a second unless told. */
  readonly longestPauseMs?: number;
  /** While this is so there is no sense in another try; never unless told. */
  readonly isLow?: () => boolean | Promise<boolean>;
}

export class RoomWait {
  readonly #options: RoomWaitOptions;
  /** Writes that wait. */
  #waiting = 0;
  #hasGivenUp = false;
  readonly #wakers = new Set<() => void>();

  constructor(options: RoomWaitOptions) {
    this.#options = options;
  }

  get isWaiting(): boolean {
    return this.#waiting > 0;
  }

  /** From now on a write that finds no room fails, those that wait too: the member stops. */
  giveUp(): void {
    this.#hasGivenUp = true;
    this.#wakeAll();
  }

  /** Repeats `write`, which has failed, until there is room. @throws what it fails with for another reason */
  async repeat<T>(failed: unknown, write: () => Promise<T>): Promise<T> {
    if (!this.#isWorthAWait(failed)) throw failed;
    const { clock, logger, directory, who } = this.#options;
    const beganMs = clock.monotonicMs();
    if (this.#waiting++ === 0) {
      const fields = { directory, reason: messageOf(failed) };
      logger.error(`no room on the disk: ${who} waits, and goes on once there is; make room`, fields);
    }
    try {
      const result = await this.#untilRoom(failed, write);
      // What else waits need not wait longer.
      this.#wakeAll();
      logger.warn('there is room on the disk again', { directory, waitedMs: clock.monotonicMs() - beganMs });
      return result;
    } finally {
      this.#waiting--;
    }
  }

  async #untilRoom<T>(failed: unknown, write: () => Promise<T>): Promise<T> {
    const { longestPauseMs = usualLongestPauseMs } = this.#options;
    let pauseMs = firstPauseMs;
    for (let error = failed; ;) {
      if (!this.#isWorthAWait(error)) throw error;
      await this.#pause(pauseMs);
      while (await this.#isLow()) await this.#pause(usualLongestPauseMs);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      try {
        return await write();
      } catch (next) {
        error = next;
      }
    }
  }

  #wakeAll(): void {
    for (const wake of this.#wakers) wake();
  }

  #isWorthAWait(error: unknown): boolean {
    return !this.#hasGivenUp && isNoRoom(error);
  }

  #isLow(): boolean | Promise<boolean> {
    return this.#options.isLow?.() ?? false;
  }

  #pause(forMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#wakers.delete(wake);
        resolve();
      };
      const timer = this.#options.clock.after(forMs, wake);
      this.#wakers.add(wake);
    });
  }
}
