/** From the spawn of three members in empty directories until each of them serves. Default flags on both sides. */
import { spawnMembers } from '../members.ts';
import type { StoreBenchmark } from './row.ts';
import { untilServes } from './serving.ts';
import { inFreshTurns } from './turns.ts';

/** It takes a cluster of etcd a quarter of a second or more than a second, by the chance of its election time-outs. */
const startsPerRun = 3;

export const benchmark: StoreBenchmark = {
  run: ({ runs, say, commands }) =>
    inFreshTurns({
      rows: [{ name: 'ready time of a fresh cluster', unit: 'ms' }],
      runs: runs * startsPerRun,
      say,
      measure: async (scope, side) => {
        const startMs = performance.now();
        const { endpoints } = spawnMembers(scope, commands[side]);
        await Promise.all(endpoints.map(untilServes));
        return { values: [performance.now() - startMs] };
      },
    }),
};
