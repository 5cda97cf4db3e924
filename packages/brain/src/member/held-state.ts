/**
 * Keeps the applied state off a disk that is nearly full. The log can wait for room in the middle of a write; the database can't: a
 * batch or a compaction that fails leaves it useless until the next start. So no batch is handed to it while the room is less
 * than what it may need to finish what it has begun. The log holds all that waits here.
 */
import type { Clock, Logger } from '@flotilla/base';
import type { OpenDatabase, StateDatabase } from '@flotilla/store';
import type { DiskRoom } from './world.ts';

const lookMs = 250;

export interface HeldStateOptions {
  readonly room: DiskRoom;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class HeldState {
  readonly #options: HeldStateOptions;
  #isOver = false;

  constructor(options: HeldStateOptions) {
    this.#options = options;
  }

  /** From now on nothing is held: the member stops. */
  release(): void {
    this.#isOver = true;
  }

  /** Databases whose batches wait for room. */
  holding(open: OpenDatabase): OpenDatabase {
    return async (options) => {
      const database = await open(options);
      const held: StateDatabase = {
        get: (key) => database.get(key),
        snapshot: () => database.snapshot(),
        compact: () => database.compact(),
        close: () => database.close(),
        batch: (changes, how) => {
          const isLow = this.#isLow();
          if (isLow === false) return database.batch(changes, how);
          return this.#untilRoom(isLow).then(() => database.batch(changes, how));
        },
      };
      return held;
    };
  }

  #isLow(): boolean | Promise<boolean> {
    return !this.#isOver && this.#options.room.isLow();
  }

  async #untilRoom(isLow: boolean | Promise<boolean>): Promise<void> {
    const { clock, logger } = this.#options;
    if (!(await isLow)) return;
    logger.warn('little room on the disk: the applied state is kept in memory and log until there is more; make room');
    while (await this.#isLow()) await new Promise<void>((resolve) => clock.after(lookMs, resolve));
    logger.info('there is room for the applied state again');
  }
}
