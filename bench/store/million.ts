/**
 * A million keys of 256 B: loaded through the leader in transactions of 100 puts, 16 in flight; then the memory of the leader;
 * then a follower is told to stop and started again, and the clock runs from its spawn until it serves.
 *
 * Checked: each transaction was answered with status 0 and raised the revision by one, and all keys are there, also through
 * the member that was started again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createEtcdClient } from '@flotilla/etcd-client';
import type { Teardown } from '#e2e/cluster.js';
import { memoryOf } from '../proc.ts';
import { keyCount, loadMillion, prefix, prefixEnd } from './million-keys.ts';
import type { SideName, StoreBenchmark } from './row.ts';
import { untilServes } from './serving.ts';
import { type Commands, type Side, leaderOf, startSide } from './sides.ts';
import { inFreshTurns, meteredTurn } from './turns.ts';
import type { Usage } from './usage.ts';

/** Until the memory is read: garbage of the load is collected when it pleases the runtime. */
const settleMs = 3_000;
const countTimeoutMs = 60_000;

async function checkCount(endpoint: string): Promise<void> {
  const client = createEtcdClient({ endpoints: [endpoint], attemptTimeoutMs: countTimeoutMs });
  try {
    const range = { key: prefix, rangeEnd: prefixEnd, countOnly: true };
    const { count } = await client.kv.range(range, { timeoutMs: countTimeoutMs });
    if (count !== keyCount) throw new Error(`${count} keys at ${endpoint}, not ${keyCount}`);
  } finally {
    client.close();
  }
}

async function restartFollower({ store }: Side, leader: number): Promise<number> {
  const index = (leader + 1) % store.endpoints.length;
  const endpoint = store.endpoints[index] ?? '';
  const pid = store.pidOf(index);
  process.kill(pid, 'SIGTERM');
  const spawned = await store.bringBack(index, pid);
  await untilServes(endpoint);
  const tookMs = performance.now() - spawned;
  await checkCount(endpoint);
  return tookMs;
}

interface MillionTurn {
  readonly values: readonly number[];
  readonly generatorCpuSeconds: number;
  readonly usage: readonly Usage[];
}

async function measure(scope: Teardown, name: SideName, commands: Commands): Promise<MillionTurn> {
  const side = await startSide(scope, name, commands);
  const cpuBefore = process.cpuUsage();
  const { result: keysPerSecond, usage } = await meteredTurn(side, () => loadMillion(side));
  const { user, system } = process.cpuUsage(cpuBefore);
  const leader = await leaderOf(side);
  await checkCount(leader.endpoint);
  await delay(settleMs);
  const { rssMiB } = memoryOf(side.store.pidOf(leader.index));
  const restartMs = await restartFollower(side, leader.index);
  return { values: [keysPerSecond, restartMs, rssMiB], generatorCpuSeconds: (user + system) / 1e6, usage };
}

export const benchmark: StoreBenchmark = {
  run: ({ runs, say, commands }) =>
    inFreshTurns({
      rows: [
        { name: 'load of 1,000,000 keys', unit: 'keys/s' },
        { name: 'restart of a member with 1,000,000 keys', unit: 'ms' },
        { name: 'memory of the leader with 1,000,000 keys', unit: 'MiB' },
      ],
      runs,
      say,
      measure: (scope, side) => measure(scope, side, commands),
    }),
};
