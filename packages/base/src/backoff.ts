/** Exponential back-off with jitter, the same everywhere something is retried. */
import type { Randomness } from './randomness.ts';

export interface BackoffOptions {
  /** First delay, milliseconds. */
  readonly initialMs: number;
  /** Upper bound of a delay, milliseconds. */
  readonly maxMs: number;
  /** Growth from one delay to the next; 2 unless told. */
  readonly factor?: number;
  /** Share of a delay that is drawn at random, 0 to 1; 0.2 unless told. */
  readonly jitter?: number;
}

/** One sequence of delays; `reset` starts it anew after a success. */
export interface Backoff {
  /** The next delay, milliseconds. */
  nextMs(): number;
  reset(): void;
}

export function createBackoff(options: BackoffOptions, randomness: Randomness): Backoff {
  const { initialMs, maxMs, factor = 2, jitter = 0.2 } = options;
  let attempt = 0;
  return {
    nextMs() {
      const base = Math.min(maxMs, initialMs * factor ** attempt);
      attempt++;
      return base * (1 - jitter * randomness.next());
    },
    reset() {
      attempt = 0;
    },
  };
}
