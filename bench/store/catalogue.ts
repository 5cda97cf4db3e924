/** The benchmarks of the store by name, in the order of their runs. Each is loaded when its turn comes. */
import type { StoreBenchmark } from './row.ts';

export const catalogue: Readonly<Record<string, () => Promise<StoreBenchmark>>> = {
  puts: () => unary('puts'),
  txns: () => unary('txns'),
  reads: () => unary('reads'),
  mixed: async () => (await import('./mixed.ts')).benchmark,
  watches: async () => (await import('./watch.ts')).benchmark,
  leases: async () => (await import('./lease.ts')).benchmark,
  compaction: async () => (await import('./compaction.ts')).benchmark,
  million: async () => (await import('./million.ts')).benchmark,
  gaps: async () => (await import('./gap.ts')).benchmark,
  ready: async () => (await import('./ready.ts')).benchmark,
};

async function unary(of: 'puts' | 'txns' | 'reads'): Promise<StoreBenchmark> {
  const [{ unaryRows }, { unaryBenchmark }] = await Promise.all([import('./rows.ts'), import('./unary.ts')]);
  return unaryBenchmark(unaryRows[of]);
}
