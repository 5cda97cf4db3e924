/**
 * Keeps the applied state off a disk that is nearly full. The log can wait for room in the middle of a write; the database can't: a
 * batch or a compaction that fails spends it, and then it is opened anew and read as a whole. So no batch is handed to it while the
 * room is less than what it may need to finish what it has begun. One that is caught all the same, by a disk that fills at once, waits
 * here to be done again. The log holds all that waits here.
 */
import type { Clock, Logger } from '@flotilla/base';
import type { OpenDatabase, StateDatabase, StateRoom } from '@flotilla/store';
import { RoomWait } from '../log/room-wait.ts';
import type { DiskRoom } from './world.ts';

const lookMs = 250;
/** Each try may open the whole state anew. */
const longestPauseMs = 4000;

export interface HeldStateOptions {
  readonly room: DiskRoom;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the member's data. */
  readonly directory: string;
}

export class HeldState {
  readonly #options: HeldStateOptions;
  readonly #caught: RoomWait;
  #isOver = false;

  constructor(options: HeldStateOptions) {
    this.#options = options;
    const isLow = (): boolean | Promise<boolean> => this.#isLow();
    this.#caught = new RoomWait({ ...options, who: 'the applied state', longestPauseMs, isLow });
  }

  /** Where a write of the state waits that has found no room. */
  get room(): StateRoom {
    return this.#caught;
  }

  /** A write of the state has found no room, and is to be done again. */
  get waitsForRoom(): boolean {
    return this.#caught.isWaiting;
  }

  /** From now on nothing is held, and what finds no room fails: the member stops. */
  release(): void {
    this.#isOver = true;
    this.#caught.giveUp();
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
