/** The way of healed members to the last entry: who stands still on it. */

/** A member as far as this goes. */
export interface Walker {
  readonly name: string;
  /** The last entry that it has applied; -1 while it does not run. */
  readonly appliedIndex: number;
  /** It is for its operator, and will not come. */
  readonly isLost: boolean;
}

interface Step {
  readonly appliedIndex: number;
  readonly atMs: number;
}

export class CatchingUp {
  readonly #walkers: readonly Walker[];
  readonly #stepsWithinMs: number;
  /** The furthest that each has come, and when. One that starts again is back where it was only once it is further. */
  readonly #furthest = new Map<Walker, Step>();

  constructor(walkers: readonly Walker[], options: { readonly stepsWithinMs: number }) {
    this.#walkers = walkers;
    this.#stepsWithinMs = options.stepsWithinMs;
  }

  /** The first one that is behind `lastIndex` and for too long has applied nothing that was new to it; to be asked often. */
  stuck({ lastIndex, nowMs }: { readonly lastIndex: number; readonly nowMs: number }): string | undefined {
    for (const walker of this.#walkers) {
      const { name, appliedIndex, isLost } = walker;
      const furthest = this.#furthest.get(walker);
      const isStep = furthest === undefined || appliedIndex > furthest.appliedIndex;
      if (isStep || appliedIndex === lastIndex) this.#furthest.set(walker, { appliedIndex, atMs: nowMs });
      else if (!isLost && nowMs - furthest.atMs > this.#stepsWithinMs) return name;
    }
    return undefined;
  }
}
