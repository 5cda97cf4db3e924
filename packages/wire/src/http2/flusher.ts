/** Writes what all connections gathered while something and its promises ran: one write a connection. */
import { behindPromises } from '@flotilla/base';

export interface Flushable {
  flush(): void;
}

export class Flusher {
  #waiting: Flushable[] = [];
  #scheduled = false;

  /** Once for each; the caller remembers that it asked. */
  add(flushable: Flushable): void {
    this.#waiting.push(flushable);
    if (this.#scheduled) return;
    this.#scheduled = true;
    behindPromises(this.#flushAll);
  }

  readonly #flushAll = (): void => {
    this.#scheduled = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const flushable of waiting) flushable.flush();
  };
}
