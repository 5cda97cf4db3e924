/** Rounds of three and five members until the time is over. */
import type { FaultName } from './faults.ts';
import { type RoundReport, runRound } from './round.ts';

const roundSeconds = 30;

export interface RoundsOptions {
  readonly minutes: number;
  /** Of the first round; each next one has the next. */
  readonly seed: number;
  /** Three, and every third time five, unless told. */
  readonly members?: number | undefined;
  readonly faults?: readonly FaultName[];
}

/** At least one round. */
export async function* runRounds(options: RoundsOptions): AsyncGenerator<RoundReport, void> {
  const { minutes, seed, members, ...rest } = options;
  const endMs = performance.now() + minutes * 60_000;
  for (let round = 0; round === 0 || performance.now() < endMs; round++) {
    const size = members ?? (round % 3 === 2 ? 5 : 3);
    yield await runRound({ seed: seed + round, members: size, seconds: roundSeconds, ...rest });
  }
}
