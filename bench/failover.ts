/**
 * The gap in acknowledged writes when the leader goes: one client of all endpoints, one write in flight, and the leading member
 * is killed (kill -9) or told to stop (SIGTERM). The gap is the longest time between two acknowledgements, from the last one
 * before the signal until writes flow and the process has ended. A write that nobody answers is given up after 100 ms, by the
 * same client on both sides.
 *
 * First the members of a whole cluster, then three bare members in turns with three of a real etcd, where one is installed:
 * there the rows have ratios.
 */
import { type EtcdClient, createEtcdClient } from '@flotilla/etcd-client';
import { type Cluster, startCluster } from '#e2e/cluster.js';
import { isAlive } from '#e2e/processes.js';
import { missingTools } from '#e2e/tools.js';
import { until } from '#e2e/until.js';
import { startWriteStream } from '#e2e/write-stream.js';
import type { Benchmark, BenchmarkContext, Row } from './benchmark.ts';
import { type Store, etcd, flotillaBrain, startMembers, untilWhole } from './members.ts';
import { Samples } from './samples.ts';
import { withScope } from '#e2e/scope.js';

const blows = [
  { signal: 'SIGKILL', name: 'gap after kill -9 of the leader' },
  { signal: 'SIGTERM', name: 'gap after SIGTERM of the leader' },
] as const;

const writeTimeoutMs = 100;
/** Acknowledged writes before the blow and after it. */
const writesAround = 200;

/** A store that is struck. */
export interface Subject {
  readonly side: Row['side'];
  /** In the name of its rows. */
  readonly of: string;
  readonly store: Store;
}

interface Gaps {
  /** Around the signal. */
  readonly gapMs: number;
  /** The longest before it: what the machine alone does to a stream of writes. */
  readonly undisturbedMs: number;
}

async function strikeLeader(store: Store, signal: NodeJS.Signals): Promise<Gaps> {
  const client = createEtcdClient({ endpoints: store.endpoints });
  try {
    const leader = await untilWhole(client);
    const pid = store.pidOf(leader);
    const gaps = await gapsAround(client, { pid, signal });
    await store.bringBack(leader, pid);
    await untilWhole(client);
    return gaps;
  } finally {
    client.close();
  }
}

interface Blow {
  readonly pid: number;
  readonly signal: NodeJS.Signals;
}

async function gapsAround(client: EtcdClient, { pid, signal }: Blow): Promise<Gaps> {
  const stream = startWriteStream(client, { prefix: 'bench/', timeoutMs: writeTimeoutMs });
  const { acknowledged } = stream;
  try {
    await until('writes flow', () => acknowledged.length > writesAround);
    const undisturbedMs = stream.longestGapMs();
    const last = acknowledged.length - 1;
    process.kill(pid, signal);
    await until('the leader has ended', () => !isAlive(pid));
    const since = acknowledged.length;
    await until('writes go on', () => acknowledged.length > since + writesAround);
    return { gapMs: stream.longestGapMs(last), undisturbedMs };
  } finally {
    await stream.stop();
  }
}

/** Strikes each in its turn. @returns rows for each blow: the gap, and the longest gap before it */
export async function strikeInTurns(
  subjects: readonly Subject[],
  { runs, say }: BenchmarkContext,
): Promise<readonly Row[]> {
  const samples = new Samples();
  for (const { signal, name } of blows) {
    for (let run = 0; run < runs; run++) {
      for (const { side, of, store } of subjects) {
        const { gapMs, undisturbedMs } = await strikeLeader(store, signal);
        samples.add({ name: `${of}: ${name}`, side, unit: 'ms' }, gapMs);
        samples.add({ name: `${of}: longest gap before any signal`, side, unit: 'ms' }, undisturbedMs);
        say(`${side}, ${of}: ${name}: ${gapMs.toFixed(1)} ms (before: ${undisturbedMs.toFixed(1)} ms)`);
      }
    }
  }
  return samples.rows();
}

function storeOf(cluster: Cluster): Store {
  const nameOf = (index: number): string => `brain-${index + 1}`;
  return {
    endpoints: cluster.endpoints,
    pidOf: (index) => cluster.pidOf(nameOf(index)),
    // The supervisor starts it.
    async bringBack(index, oldPid) {
      const startMs = performance.now();
      await cluster.untilBack(nameOf(index), oldPid);
      return startMs;
    },
  };
}

export const benchmark: Benchmark = {
  runs: 10,
  async run(context) {
    const inCluster = await withScope(async (scope) => {
      const store = storeOf(await startCluster(scope));
      return strikeInTurns([{ side: 'flotilla', of: 'whole cluster', store }], context);
    });
    const bare = await withScope(async (scope) => {
      const of = 'three members';
      const ours: Subject = { side: 'flotilla', of, store: await startMembers(scope, flotillaBrain()) };
      const noEtcd = missingTools('etcd');
      if (noEtcd !== false) {
        context.say(`${noEtcd}: no ratios`);
        return strikeInTurns([ours], context);
      }
      const peer: Subject = { side: 'etcd', of, store: await startMembers(scope, etcd()) };
      return strikeInTurns([ours, peer], context);
    });
    return [...inCluster, ...bare];
  },
};
