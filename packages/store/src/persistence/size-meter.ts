/** How large the files of a generation are. Asking the disk costs, so it is asked now and then, in the background. */
import type { Clock } from '@flotilla/base';
import { generationName } from './generations.ts';
import type { StateDirectory } from './state-directory.ts';

const measureIntervalMs = 10_000;

export interface SizeMeterOptions {
  readonly directory: StateDirectory;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
}

export interface SizeMeter {
  readonly sizeBytes: number;
  measure(): Promise<void>;
  /** Measures in the background when the last time is a while ago. */
  measureIfOld(): void;
  /** Resolves when no measurement is under way. */
  settled(): Promise<void>;
}

/** @param number of the generation, by now. */
export function createSizeMeter({ directory, clock, onFailure }: SizeMeterOptions, number: () => number): SizeMeter {
  let sizeBytes = 0;
  let measuredMs = -Infinity;
  let measuring: Promise<void> = Promise.resolve();
  const measure = async (): Promise<void> => {
    measuredMs = clock.monotonicMs();
    sizeBytes = await directory.sizeOf(generationName(number()));
  };
  return {
    get sizeBytes() {
      return sizeBytes;
    },
    measure,
    measureIfOld() {
      if (clock.monotonicMs() - measuredMs >= measureIntervalMs) measuring = measure().catch(onFailure);
    },
    settled: () => measuring,
  };
}
