/** The benchmarks by name, in the order of their runs. Each is loaded when its turn comes. */
import type { Benchmark } from './benchmark.ts';

export const catalogue: Readonly<Record<string, () => Promise<{ readonly benchmark: Benchmark }>>> = {
  ready: () => import('./ready.ts'),
  apply: () => import('./apply.ts'),
  failover: () => import('./failover.ts'),
  memory: () => import('./memory.ts'),
  stop: () => import('./stop.ts'),
  embedded: () => import('./embedded.ts'),
};
