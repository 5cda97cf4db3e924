/** The memory of each process of an idle cluster, by component, after it had time to settle; and of all together. */
import { setTimeout as delay } from 'node:timers/promises';
import { startCluster } from '#e2e/cluster.js';
import type { Benchmark } from './benchmark.ts';
import { memoryOf } from './proc.ts';
import { Samples } from './samples.ts';
import { withScope } from '#e2e/scope.js';

/** Garbage of the start is collected when it pleases V8: what is read sooner says more about that than about us. */
const settleMs = 15_000;

export const benchmark: Benchmark = {
  runs: 3,
  async run({ runs, say }) {
    const samples = new Samples();
    for (let run = 0; run < runs; run++) {
      await withScope(async (scope) => {
        const cluster = await startCluster(scope);
        say(`idle for ${settleMs / 1000} s`);
        await delay(settleMs);
        const { pid, processes } = cluster.running();
        const all = [{ component: 'flotilla up', pid }, ...processes];
        let totalMiB = 0;
        for (const { component, pid } of all) {
          if (pid === undefined) throw new Error(`a ${component} does not run`);
          const { rssMiB, pssMiB } = memoryOf(pid);
          const add = (what: string, value: number): void =>
            samples.add({ name: `${component}: ${what}`, side: 'flotilla', unit: 'MiB' }, value);
          add('RSS', rssMiB);
          add('PSS', pssMiB);
          totalMiB += pssMiB;
        }
        samples.add({ name: `all ${all.length} processes: PSS`, side: 'flotilla', unit: 'MiB' }, totalMiB);
        say(`all ${all.length} processes together: ${Math.round(totalMiB)} MiB`);
      });
    }
    return samples.rows();
  },
};
