/** The two usual ways to bring raw scores to 0 … 100. */
import { maxNodeScore } from './plugin.ts';

/** The highest raw score becomes 100, the others in proportion; all stay 0 when the highest is 0. */
export function normalizeProportional(scores: Float64Array): void {
  const highest = scores.reduce((a, b) => Math.max(a, b), 0);
  if (highest === 0) return;
  for (let i = 0; i < scores.length; i++) scores[i] = (maxNodeScore * (scores[i] ?? 0)) / highest;
}

/** Zero becomes 100 and the highest raw score 0: for counts of what speaks against a node. */
export function normalizeInverted(scores: Float64Array): void {
  normalizeProportional(scores);
  for (let i = 0; i < scores.length; i++) scores[i] = maxNodeScore - (scores[i] ?? 0);
}
