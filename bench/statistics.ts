/** Few samples of noisy quantities: medians and extremes, nothing that pretends to more. */

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @param samples at least one */
export function summaryOf(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, min: at(0), max: at(sorted.length - 1) };
}

/** The ratios of samples that were taken in turns (A B A B …), each of ours by the peer's of the same turn. */
export function ratiosOf(ours: readonly number[], peers: readonly number[]): readonly number[] {
  return ours.slice(0, peers.length).map((own, i) => own / (peers[i] ?? NaN));
}
