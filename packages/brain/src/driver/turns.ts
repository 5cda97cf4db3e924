/**
 * When the driver has its turns. Most wait for the end of the event loop's turn, so that all that the sockets bring comes together.
 * An entry that is alone under way has nothing to wait for: its turn comes as soon as what brought it has returned, which is a part
 * of the time that a single put takes.
 */

/** Turns in a row that may come before the sockets are asked again. */
const mostHurried = 64;

export interface TurnsOptions {
  /** Runs `callback` at the end of this turn of the event loop, when the sockets had theirs. */
  readonly endOfTurn: (callback: () => void) => void;
  /** Runs `callback` as soon as what runs now has returned. */
  readonly soon: (callback: () => void) => void;
  /** Whether nothing is to be gathered: at most one entry is under way. */
  readonly isCalm: () => boolean;
  readonly turn: () => void;
}

export class Turns {
  readonly #options: TurnsOptions;
  #asked = false;
  /** Since the sockets were last asked. */
  #hurried = 0;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** Asks for a turn, which takes what the sockets bring until then. */
  readonly schedule = (): void => {
    if (this.#asked) return;
    this.#asked = true;
    this.#hurried = 0;
    this.#options.endOfTurn(this.#take);
  };

  /** Asks for a turn for an entry, or news of one: soon, if it is the only one. */
  readonly hurry = (): void => {
    if (this.#asked) return;
    if (this.#hurried === mostHurried || !this.#options.isCalm()) return this.schedule();
    this.#asked = true;
    this.#hurried++;
    this.#options.soon(this.#take);
  };

  readonly #take = (): void => {
    this.#asked = false;
    this.#options.turn();
  };
}
