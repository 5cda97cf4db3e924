/** Wakes whoever waits for something below a prefix: once at the start, then after each change. */
import type { StoreWatch } from '../cache/store-watch.ts';

/**
 * Yields at once, and again whenever something below the prefix changed since the last yield; ends with the signal.
 * A reader that reads the store at each turn misses no state, because the subscription stands before the first read.
 */
export async function* prefixChanges(
  storeWatch: StoreWatch,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<void, void> {
  let changed = true;
  let wake: () => void = () => undefined;
  const mark = (): void => {
    changed = true;
    wake();
  };
  const unsubscribe = storeWatch.subscribe(prefix, { onChanges: mark, onLost: mark });
  const abort = (): void => wake();
  signal.addEventListener('abort', abort, { once: true });
  try {
    while (!signal.aborted) {
      if (changed) {
        changed = false;
        yield;
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', abort);
  }
}
