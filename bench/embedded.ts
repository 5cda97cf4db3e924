/**
 * How long `startBrain` of `flotilla/brain` takes until the store serves, inside this process: one member and three, in memory
 * and on an empty directory. The first call of a process also loads and warms the code, and is a row of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StartBrainOptions, startBrain } from 'flotilla/brain';
import type { Benchmark } from './benchmark.ts';
import { Samples } from './samples.ts';

async function readyMs(options: StartBrainOptions): Promise<number> {
  const startMs = performance.now();
  const brain = await startBrain(options);
  const tookMs = performance.now() - startMs;
  await brain.close();
  return tookMs;
}

async function readyOnDiskMs(options: StartBrainOptions): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'flotilla-bench-'));
  try {
    return await readyMs({ ...options, dataDir: join(directory, 'data') });
  } finally {
    await rm(directory, { recursive: true });
  }
}

export const benchmark: Benchmark = {
  runs: 15,
  async run({ runs, say }) {
    const samples = new Samples();
    const add = (name: string, tookMs: number): void => {
      samples.add({ name: `embedded: ${name}`, side: 'flotilla', unit: 'ms' }, tookMs);
      say(`${name}: ready after ${Math.round(tookMs)} ms`);
    };
    add('1 member in memory, first of a process', await readyMs({}));
    for (let run = 0; run < runs; run++) {
      for (const members of [1, 3]) {
        const who = members === 1 ? '1 member' : `${members} members`;
        add(`${who} in memory`, await readyMs({ members }));
        add(`${who} on a directory`, await readyOnDiskMs({ members }));
      }
    }
    return samples.rows();
  },
};
