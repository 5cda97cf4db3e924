/** How fast the disk has been: whether the next write may hold up its caller. */

/** A write with its sync, milliseconds: a disk that answers takes 0.1 to 0.3. */
const slowMs = 2;
/** As many writes in a row must have been fast. */
const provingWrites = 16;

export class DiskPace {
  #toProve = provingWrites;

  /** Whether the last writes were all fast. */
  get fast(): boolean {
    return this.#toProve === 0;
  }

  /** A write with its sync has taken this long. */
  took(durationMs: number): void {
    if (durationMs > slowMs) this.#toProve = provingWrites;
    else if (this.#toProve > 0) this.#toProve--;
  }
}
