/** How long Ctrl-C takes: from SIGINT until `flotilla up`, with the example's pods at work, has ended and everything with it. */
import { startCluster } from '#e2e/cluster.js';
import { isAlive } from '#e2e/processes.js';
import type { Benchmark } from './benchmark.ts';
import { withScope } from '#e2e/scope.js';
import { createWeb, openApi, untilWebReady } from './web.ts';

export const benchmark: Benchmark = {
  runs: 5,
  async run({ runs, say }) {
    const samples: number[] = [];
    for (let run = 0; run < runs; run++) {
      await withScope(async (scope) => {
        const cluster = await startCluster(scope);
        const api = await openApi(scope, cluster);
        await createWeb(api);
        await untilWebReady(api);
        const { processes } = cluster.running();
        const startMs = performance.now();
        const code = await cluster.stop();
        const tookMs = performance.now() - startMs;
        if (code !== 0) throw new Error(`flotilla up ended with code ${code}:\n${cluster.printed()}`);
        const left = processes.filter(({ pid }) => pid !== undefined && isAlive(pid)).map(({ name }) => name);
        if (left.length > 0) throw new Error(`still there after the stop: ${left.join(', ')}`);
        samples.push(tookMs);
        say(`stopped after ${Math.round(tookMs)} ms`);
      });
    }
    return [{ name: 'SIGINT to the end of all processes', side: 'flotilla', unit: 'ms', samples }];
  },
};
