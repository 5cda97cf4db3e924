/** Writes what all connections gathered in one turn of the event loop, behind all else of it: one write a connection. */
import { behindTurn } from '@flotilla/base';

export interface Flushable {
  flush(): void;
}

export class Flusher {
  #waiting: Flushable[] = [];
  #scheduled = false;

  /** Once a turn for each; the caller remembers that it asked. */
  add(flushable: Flushable): void {
    this.#waiting.push(flushable);
    if (this.#scheduled) return;
    this.#scheduled = true;
    behindTurn(this.#flushAll);
  }

  readonly #flushAll = (): void => {
    this.#scheduled = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const flushable of waiting) flushable.flush();
  };
}
