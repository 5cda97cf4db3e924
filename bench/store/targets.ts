/** What is asked of each row of the store: the table that decides between PASS and short. */

export interface Target {
  /** How our figure stands to the peer's, or `absolute`: ours alone, whatever the peer does. */
  readonly of: 'ratio' | 'absolute';
  readonly atLeast?: number;
  readonly atMost?: number;
}

const ratioAtLeast = (atLeast: number): Target => ({ of: 'ratio', atLeast });
const ratioAtMost = (atMost: number): Target => ({ of: 'ratio', atMost });

/** By the row's name. */
export const targets: Readonly<Record<string, Target>> = {
  'put 256 B, 1 in flight': ratioAtLeast(1.0),
  'put 256 B, 100 in flight': ratioAtLeast(1.5),
  'put 256 B, 100 in flight, one hot key': ratioAtLeast(1.5),
  'put 256 B, 1,000 in flight': ratioAtLeast(1.1),
  'put 4 KiB, 100 in flight': ratioAtLeast(1.3),
  'txn compare and put, 100 in flight': ratioAtLeast(1.5),
  'linearizable range of one key, 100 in flight': ratioAtLeast(1.5),
  'linearizable range of one hot key, 100 in flight': ratioAtLeast(1.5),
  'serializable range of one key, 100 in flight': ratioAtLeast(1.3),
  'mixed 80 % reads, 20 % puts, all members': ratioAtLeast(1.5),
  'range of 1,000 keys of 256 B, 10 in flight': ratioAtLeast(1.0),
  'watch: 1,000 watches in 10 streams': ratioAtLeast(1.3),
  'watch: 1,000 watches in 1,000 streams': ratioAtLeast(1.3),
  'lease keep-alives over 100 streams': ratioAtLeast(1.0),
  'load of 1,000,000 keys': ratioAtLeast(1.0),
  'restart of a member with 1,000,000 keys': ratioAtMost(1.0),
  'memory of the leader with 1,000,000 keys': ratioAtMost(1.0),
  'gap after kill -9 of the leader': ratioAtMost(0.2),
  'gap after SIGTERM of the leader': { of: 'absolute', atMost: 50 },
  'ready time of a fresh cluster': ratioAtMost(1.0),
};

/** Latencies carry the name of the row whose load they were taken under. */
const latencySuffixes: Readonly<Record<string, Target>> = {
  ': p99 at 70 % of etcd': ratioAtMost(1.0),
  ': event latency p50': ratioAtMost(0.8),
  ': event latency p99': ratioAtMost(0.8),
};

export function targetOf(row: string): Target | undefined {
  const suffix = Object.keys(latencySuffixes).find((ending) => row.endsWith(ending));
  return targets[row] ?? (suffix === undefined ? undefined : latencySuffixes[suffix]);
}

/** Node 20 beside the judged Node 24: these rows are asked of it too. */
export const targetOnNode20 = 1.2;
export const rowsOnNode20: ReadonlySet<string> = new Set([
  'put 256 B, 100 in flight',
  'linearizable range of one key, 100 in flight',
  'serializable range of one key, 100 in flight',
]);

export function meets({ atLeast = -Infinity, atMost = Infinity }: Target, figure: number): boolean {
  return figure >= atLeast && figure <= atMost;
}
