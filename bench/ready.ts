/**
 * How long `flotilla up` takes until the cluster is ready: in an empty directory, and again on the state that it left.
 * Three figures each: the time that the command prints; the time on the wall from its spawn, which adds the start of Node;
 * and the CPU seconds of all its processes until then, which a busy machine changes least.
 */
import { startCluster } from '#e2e/cluster.js';
import { until } from '#e2e/until.js';
import type { Benchmark } from './benchmark.ts';
import { cpuSecondsBelow } from './proc.ts';
import { Samples } from './samples.ts';
import { withScope } from '#e2e/scope.js';

interface Start {
  readonly printedSeconds: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

/** Watches the output of `flotilla up` for its line about being ready. */
class StartWatch {
  #spawnedMs = 0;
  #printed = '';
  #start: Start | undefined;

  readonly onSpawn = (): void => {
    this.#spawnedMs = performance.now();
    this.#printed = '';
    this.#start = undefined;
  };

  readonly onPrinted = (text: string): void => {
    this.#printed += text;
    const [, printed] = /^ *([\d.]+) s {2}ready:/m.exec(this.#printed) ?? [];
    if (printed === undefined || this.#start) return;
    const wallSeconds = (performance.now() - this.#spawnedMs) / 1000;
    this.#start = { printedSeconds: Number(printed), wallSeconds, cpuSeconds: cpuSecondsBelow(process.pid) };
  };

  /** Of the last spawn. The line may come just after the file that says the same. */
  async start(): Promise<Start> {
    await until('flotilla up says that it is ready', () => this.#start !== undefined);
    return this.#start as Start;
  }
}

export const benchmark: Benchmark = {
  runs: 5,
  async run({ runs, say }) {
    const samples = new Samples();
    const record = (which: string, { printedSeconds, wallSeconds, cpuSeconds }: Start): void => {
      const add = (what: string, value: number): void =>
        samples.add({ name: `${which}: ${what}`, side: 'flotilla', unit: 's' }, value);
      add('ready, as printed', printedSeconds);
      add('ready, from spawn', wallSeconds);
      add('CPU until ready', cpuSeconds);
      say(`${which}: ready after ${printedSeconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU`);
    };
    for (let run = 0; run < runs; run++) {
      await withScope(async (scope) => {
        const watch = new StartWatch();
        const cluster = await startCluster(scope, { onSpawn: watch.onSpawn, onPrinted: watch.onPrinted });
        record('fresh start', await watch.start());
        await cluster.stop();
        await cluster.start();
        record('second start', await watch.start());
      });
    }
    return samples.rows();
  },
};
