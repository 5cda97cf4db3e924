/** How fast the disk has been: whether the next write may hold up its caller. */

/** What a write with its sync may take on average, milliseconds: a disk that answers takes 0.1 to 0.5. */
const fastMs = 2;
/** The average is of about so many writes, and as many in a row must not have hung. */
const provingWrites = 16;
/** A write that took this long hung, milliseconds. */
const hungMs = 10;

export class DiskPace {
  #toProve = provingWrites;
  #averageMs = fastMs;

  /** Whether the last writes were fast. */
  get fast(): boolean {
    return this.#toProve === 0 && this.#averageMs <= fastMs;
  }

  /** A write with its sync has taken this long. */
  took(durationMs: number): void {
    this.#averageMs += (durationMs - this.#averageMs) / provingWrites;
    if (durationMs >= hungMs) this.#toProve = provingWrites;
    else if (this.#toProve > 0) this.#toProve--;
  }
}
