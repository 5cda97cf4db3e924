/**
 * The keys that permissions grant, merged: two grants that touch or overlap are one, so that a request may span them.
 *
 *   granted [a, c) and [b, e) and the key "e"   →   [a, e\0)
 *
 * Invariant: ranges are sorted, and between two of them lies at least one key that is not granted.
 */
import { compareBytes } from '../bytes.ts';
import type { Interval } from '../interval.ts';

type Bounds = Pick<Interval, 'start' | 'end'>;

export class KeyRanges {
  readonly #ranges: readonly Bounds[];

  constructor(granted: readonly Bounds[]) {
    const merged: Bounds[] = [];
    for (const next of [...granted].sort((a, b) => compareBytes(a.start, b.start))) {
      const last = merged.at(-1);
      if (last && reaches(last.end, next.start))
        merged[merged.length - 1] = { ...last, end: later(last.end, next.end) };
      else merged.push(next);
    }
    this.#ranges = merged;
  }

  /** Whether every key of the interval is granted. Of one that ends before it starts, its start must be. */
  covers({ start, end }: Bounds): boolean {
    const range = this.#lastAtOrBefore(start);
    if (!range) return false;
    if (range.end === undefined) return true;
    return end !== undefined && compareBytes(start, range.end) < 0 && compareBytes(end, range.end) <= 0;
  }

  #lastAtOrBefore(key: Uint8Array): Bounds | undefined {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes((this.#ranges[middle] as Bounds).start, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return this.#ranges[low - 1];
  }
}

/** @param end undefined: there is none */
function reaches(end: Uint8Array | undefined, key: Uint8Array): boolean {
  return end === undefined || compareBytes(key, end) <= 0;
}

function later(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  if (a === undefined || b === undefined) return undefined;
  return compareBytes(a, b) >= 0 ? a : b;
}
