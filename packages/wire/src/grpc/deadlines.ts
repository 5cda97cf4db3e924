/** The deadlines of all calls of a server, behind one timer, for most calls end long before theirs. */

export interface Expiring {
  /** On the clock of `performance.now()`. */
  readonly deadlineAt: number;
  expire(): void;
}

/** A timer is not set for less. */
const leastDelayMs = 1;
/** Nor for more: Node would take it for no delay at all. */
const mostDelayMs = 0x7fff_ffff;

export class Deadlines {
  readonly #calls = new Set<Expiring>();
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Infinity;

  add(call: Expiring): void {
    this.#calls.add(call);
    if (call.deadlineAt < this.#dueAt) this.#setTimer(call.deadlineAt);
  }

  delete(call: Expiring): void {
    this.#calls.delete(call);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#calls.clear();
  }

  #setTimer(dueAt: number): void {
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    const delayMs = Math.min(mostDelayMs, Math.max(leastDelayMs, Math.ceil(dueAt - performance.now())));
    this.#timer = setTimeout(() => this.#expire(), delayMs).unref();
  }

  #expire(): void {
    this.#dueAt = Infinity;
    const now = performance.now();
    let next = Infinity;
    for (const call of this.#calls) {
      if (call.deadlineAt > now) {
        next = Math.min(next, call.deadlineAt);
      } else {
        this.#calls.delete(call);
        call.expire();
      }
    }
    if (next < Infinity) this.#setTimer(next);
  }
}
