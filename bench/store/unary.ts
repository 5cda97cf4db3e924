/** The rows of unary calls that h2load drives, all towards the leader, with 10,000 keys in the store. */
import type { Teardown } from '#e2e/cluster.js';
import { withScope } from '#e2e/scope.js';
import { type UnaryRow, openGenerator } from './generator.ts';
import { fill } from './preload.ts';
import type { StoreBenchmark, StoreContext, StoreRow } from './row.ts';
import { leaderOf, startSides } from './sides.ts';
import { throughputThenLatency } from './throughput.ts';

/** Until V8 has compiled what a member does for a call. */
export const warmUpSeconds = 6;
/** When calls come one at a time: what happens seldom, as a heartbeat, is compiled until then, beside the calls. */
const warmUpSecondsOfOne = 25;
/** Then it is a matter of chance which processor wakes for what: medians of five turns are a tenth apart. */
const turnsOfOnePerRun = 3;

export function unaryBenchmark(rows: readonly UnaryRow[]): StoreBenchmark {
  return {
    async run(context) {
      const measured: StoreRow[] = [];
      for (const row of rows) measured.push(...(await withScope((scope) => measureRow(scope, row, context))));
      return measured;
    },
  };
}

async function measureRow(scope: Teardown, row: UnaryRow, context: StoreContext): Promise<readonly StoreRow[]> {
  const { runs, seconds, say, commands } = context;
  const sides = await startSides(scope, commands);
  for (const side of sides) await fill(await leaderOf(side), row);
  const generator = openGenerator(scope, row);
  const isOne = row.connections * row.inFlight === 1;
  for (const side of sides) await generator.load(side, { seconds: isOne ? warmUpSecondsOfOne : warmUpSeconds });
  return throughputThenLatency({
    name: row.name,
    runs: isOne ? runs * turnsOfOnePerRun : runs,
    sides,
    say,
    drive: (side, rate) => generator.load(side, { seconds, ...(rate === undefined ? {} : { rate }) }),
  });
}
