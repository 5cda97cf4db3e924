/** Rounds of three and five members until the time is over. */
import type { Teardown } from '../e2e/cluster.ts';
import { withScope } from '../e2e/scope.ts';
import type { Happening } from './counts.ts';
import { startNamespaceRound } from './namespaces.ts';
import { ProxyNetwork } from './proxy-network.ts';
import { type RoundOptions, type RoundReport, runRound } from './round.ts';

const roundSeconds = 30;

export interface RoundsOptions {
  readonly minutes: number;
  /** Of the first round; each next one has the next. */
  readonly seed: number;
  /** Three, and every third time five, unless told. */
  readonly members?: number | undefined;
  /** Everything happens unless told. */
  readonly wanted?: readonly Happening[] | undefined;
  /** Which of its rounds, by number from 0, are in namespaces; none unless told. */
  readonly inNamespaces?: (round: number) => boolean;
}

export interface Round {
  readonly report: RoundReport;
  readonly inNamespaces: boolean;
}

/** At least one round. */
export async function* runRounds(options: RoundsOptions): AsyncGenerator<Round, void> {
  const { minutes, seed, wanted } = options;
  const endMs = performance.now() + minutes * 60_000;
  for (let round = 0; round === 0 || performance.now() < endMs; round++) {
    const members = options.members ?? (round % 3 === 2 ? 5 : 3);
    const inNamespaces = options.inNamespaces?.(round) ?? false;
    const one = { seed: seed + round, members, seconds: roundSeconds, wanted };
    const report = await withScope((scope) =>
      inNamespaces ? runInNamespaces(scope, one) : runRound(scope, one, new ProxyNetwork()),
    );
    yield { report, inNamespaces };
  }
}

async function runInNamespaces(t: Teardown, options: RoundOptions): Promise<RoundReport> {
  const round = startNamespaceRound(options);
  t.teardown(async () => {
    round.stop();
    await round.ended;
  });
  return await round.done;
}
