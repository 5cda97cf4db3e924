/** Batches of 1, 2, 4, … up to 64, each awaited whole; the first batch with a failure is the last. */

const largestBatch = 64;

/** @returns the first failure, if there was one. */
export async function slowStart<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<Error | undefined> {
  let start = 0;
  for (let size = 1; start < items.length; size = Math.min(2 * size, largestBatch)) {
    const outcomes = await Promise.allSettled(items.slice(start, start + size).map(act));
    start += size;
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) return failed.reason instanceof Error ? failed.reason : new Error(String(failed.reason));
  }
  return undefined;
}
