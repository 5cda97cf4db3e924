/**
 * From the order to the work: `examples/web.yaml` is given to an idle cluster, and the clock runs until its three pods are
 * Running, until they are Ready, and until its service answers. Given by kubectl (the process's start included) and by the API.
 */
import type { ApiClient } from '@flotilla/api-client';
import { exampleManifest, startCluster } from '#e2e/cluster.js';
import { missingTools } from '#e2e/tools.js';
import type { Benchmark } from './benchmark.ts';
import { Samples } from './samples.ts';
import { withScope } from '#e2e/scope.js';
import { createWeb, deleteWeb, openApi, untilAnswered, watchWeb } from './web.ts';

interface Moments {
  readonly runningMs: number;
  readonly readyMs: number;
  readonly firstAnswerMs: number;
  readonly allAnsweredMs: number;
}

/** Milliseconds after the order. */
async function measure(api: ApiClient, give: () => Promise<void>): Promise<Moments> {
  const over = new AbortController();
  // A hang is a finding: it must end by itself, with words.
  const { signal } = over;
  const late = setTimeout(() => over.abort(new Error('web.yaml was not at work after 120 s')), 120_000);
  try {
    const { ready } = await watchWeb(api, signal);
    const startMs = performance.now();
    await give();
    const [pods, answers] = await Promise.all([ready, untilAnswered(api, signal)]);
    return {
      runningMs: pods.runningMs - startMs,
      readyMs: pods.readyMs - startMs,
      firstAnswerMs: answers.firstMs - startMs,
      allAnsweredMs: answers.allMs - startMs,
    };
  } catch (error) {
    // Too late is the reason, whatever the end of the calls looked like.
    signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(late);
    over.abort();
  }
}

export const benchmark: Benchmark = {
  runs: 5,
  run: ({ runs, say }) =>
    withScope(async (scope) => {
      const cluster = await startCluster(scope);
      const api = await openApi(scope, cluster);
      const byKubectl = async (): Promise<void> => {
        const { code, stderr } = await cluster.kubectl('apply', '-f', exampleManifest);
        if (code !== 0) throw new Error(`kubectl apply: ${stderr}`);
      };
      const samples = new Samples();
      const record = (by: string, moments: Moments): void => {
        const add = (what: string, value: number): void =>
          samples.add({ name: `${by}: ${what}`, side: 'flotilla', unit: 'ms' }, value);
        add('3 pods Running', moments.runningMs);
        add('3 pods Ready', moments.readyMs);
        add('first answer of the service', moments.firstAnswerMs);
        add('all replicas have answered', moments.allAnsweredMs);
        say(
          `${by}: Running after ${Math.round(moments.runningMs)} ms, answered by all after ${Math.round(moments.allAnsweredMs)} ms`,
        );
      };
      const noKubectl = missingTools('kubectl');
      if (noKubectl !== false) say(noKubectl);
      for (let run = 0; run < runs; run++) {
        if (noKubectl === false) {
          record('kubectl apply', await measure(api, byKubectl));
          await deleteWeb(api);
        }
        record('API', await measure(api, () => createWeb(api)));
        await deleteWeb(api);
      }
      return samples.rows();
    }),
};
