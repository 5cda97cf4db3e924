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
import { callLean, connectLean } from './lean-client.ts';
import { paths, putAllFrame } from './messages.ts';
import { valueOf } from './preload.ts';
import type { SideName, StoreBenchmark } from './row.ts';
import { untilServes } from './serving.ts';
import { type Commands, type Side, leaderOf, revisionOf, startSide } from './sides.ts';
import { inFreshTurns, meteredTurn } from './turns.ts';
import type { Usage } from './usage.ts';

const keys = 1_000_000;
const keysInTxn = 100;
const inFlight = 16;
const connectionCount = 4;
const valueBytes = 256;
const prefix = 'bench/million/';
const prefixEnd = 'bench/million0';
/** Until the memory is read: garbage of the load is collected when it pleases the runtime. */
const settleMs = 3_000;
const countTimeoutMs = 60_000;

const keyOf = (index: number): string => `${prefix}${String(index).padStart(8, '0')}`;

/** @returns keys a second */
async function load(side: Side): Promise<number> {
  const { endpoint } = await leaderOf(side);
  const connections = await Promise.all(Array.from({ length: connectionCount }, () => connectLean(endpoint)));
  const value = valueOf(valueBytes);
  const before = await revisionOf(side);
  let next = 0;
  const startMs = performance.now();
  const putSome = async (_: unknown, worker: number): Promise<void> => {
    const connection = connections[worker % connectionCount];
    while (connection && next < keys) {
      const from = next;
      next += keysInTxn;
      const pairs = Array.from({ length: keysInTxn }, (__, i) => ({ key: keyOf(from + i), value }));
      await callLean(connection, paths.txn, putAllFrame(pairs));
    }
  };
  try {
    await Promise.all(Array.from({ length: inFlight }).map(putSome));
  } finally {
    for (const connection of connections) connection.close();
  }
  const seconds = (performance.now() - startMs) / 1000;
  const risen = (await revisionOf(side)) - before;
  if (risen !== keys / keysInTxn) throw new Error(`${keys / keysInTxn} transactions raised the revision by ${risen}`);
  return keys / seconds;
}

async function checkCount(endpoint: string): Promise<void> {
  const client = createEtcdClient({ endpoints: [endpoint], attemptTimeoutMs: countTimeoutMs });
  try {
    const range = { key: prefix, rangeEnd: prefixEnd, countOnly: true };
    const { count } = await client.kv.range(range, { timeoutMs: countTimeoutMs });
    if (count !== keys) throw new Error(`${count} keys at ${endpoint}, not ${keys}`);
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
  const { result: keysPerSecond, usage } = await meteredTurn(side, () => load(side));
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
