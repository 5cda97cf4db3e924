/**
 * Finds out that a peer is gone: one that is silent is pinged, and given up when it does not answer. One timer a connection, which
 * is moved at most once an interval, so that a busy connection costs nothing.
 */

export interface KeepAliveOptions {
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly greetingTimeoutMs: number;
  readonly ping: (payload: number) => void;
  readonly giveUp: () => void;
}

export class KeepAlive {
  readonly #options: KeepAliveOptions;
  #timer: NodeJS.Timeout;
  #greeted = false;
  #heard = true;
  /** Whether an answer to a ping decides what comes next. */
  #doubting = false;
  #pings = 0;
  #asked: { readonly payload: number; readonly onAnswer: () => void } | undefined;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#timer = setTimeout(options.giveUp, options.greetingTimeoutMs).unref();
  }

  /** The peer has introduced itself. */
  greeted(): void {
    if (this.#greeted) return;
    this.#greeted = true;
    this.#watch();
  }

  /** Something came. */
  heard(): void {
    this.#heard = true;
    if (this.#doubting) this.#watch();
  }

  /** Pings, and calls back when the peer has answered; what it sent before has been read then. */
  ask(onAnswer: () => void): void {
    this.#pings++;
    this.#asked = { payload: this.#pings, onAnswer };
    this.#options.ping(this.#pings);
  }

  answered(payload: number): void {
    const asked = this.#asked;
    if (asked?.payload !== payload) return;
    this.#asked = undefined;
    asked.onAnswer();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#asked = undefined;
  }

  #watch(): void {
    clearTimeout(this.#timer);
    this.#doubting = false;
    this.#heard = false;
    this.#timer = setTimeout(() => this.#check(), this.#options.keepaliveMs).unref();
  }

  #check(): void {
    if (this.#heard) return this.#watch();
    this.#pings++;
    this.#options.ping(this.#pings);
    this.#doubting = true;
    this.#timer = setTimeout(this.#options.giveUp, this.#options.keepaliveTimeoutMs).unref();
  }
}
