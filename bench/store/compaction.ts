/**
 * What a compaction costs whoever works meanwhile: puts and linearizable reads of single keys at a fixed rate, at rest and while
 * a compaction of 200,000 superseded versions runs, in the same turn. The figures are the 99th percentiles during compactions
 * divided by those at rest.
 *
 * Each turn: 20,000 keys of 256 B are written ten times over, load at rest, then a compaction (`physical`, so that its answer is its
 * end) under the same load; again until there are enough latencies under compactions. A latency runs from the moment at which
 * the call was due.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Teardown } from '#e2e/cluster.js';
import { keyAt } from './key-rotation.ts';
import { type LeanConnection, callLean, connectLean } from './lean-client.ts';
import { paths, putFrame, rangeFrame } from './messages.ts';
import { fill, valueOf } from './preload.ts';
import type { SideName, StoreBenchmark } from './row.ts';
import { type Commands, type Side, leaderOf, revisionOf, startSide } from './sides.ts';
import { inFreshTurns, percentile } from './turns.ts';

const keyCount = 20_000;
const versions = 10;
const valueBytes = 256;
/** Of each kind; far below what either side can do. */
const callsPerSecond = 400;
/** Latencies of each kind that a 99th percentile is taken of, at least. */
const enoughLatencies = 800;
const settleMs = 1_500;
const compactionTimeoutMs = 60_000;

const value = valueOf(valueBytes);
const kinds = ['puts', 'reads'] as const;
type Latencies = Record<(typeof kinds)[number], number[]>;

/** Calls at a fixed rate until told to end; all have been answered then. */
class SteadyLoad {
  readonly #connection: LeanConnection;
  readonly #latencies: Latencies = { puts: [], reads: [] };
  readonly #calls = new Set<Promise<void>>();
  readonly #startMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;
  #fault: unknown;

  constructor(connection: LeanConnection) {
    this.#connection = connection;
    this.#timer = setInterval(() => this.#sendDue(), 1);
  }

  async end(): Promise<Latencies> {
    clearInterval(this.#timer);
    await Promise.all(this.#calls);
    if (this.#fault !== undefined) throw this.#fault as Error;
    return this.#latencies;
  }

  #sendDue(): void {
    const elapsedMs = performance.now() - this.#startMs;
    while (this.#sent < (elapsedMs * callsPerSecond) / 1000) {
      const dueMs = this.#startMs + (this.#sent * 1000) / callsPerSecond;
      const key = keyAt((this.#sent * 7919) % keyCount);
      this.#sent++;
      this.#call('puts', dueMs, callLean(this.#connection, paths.put, putFrame({ key, value })));
      this.#call('reads', dueMs, callLean(this.#connection, paths.range, rangeFrame({ key })));
    }
  }

  #call(kind: keyof Latencies, dueMs: number, call: Promise<unknown>): void {
    const answered = call.then(
      () => void this.#latencies[kind].push(performance.now() - dueMs),
      (error: unknown) => void (this.#fault ??= error),
    );
    this.#calls.add(answered);
    void answered.finally(() => this.#calls.delete(answered));
  }
}

async function overwrite(side: Side): Promise<void> {
  const leader = await leaderOf(side);
  for (let i = 0; i < versions; i++) await fill(leader, { keyCount, valueBytes });
  await delay(settleMs);
}

async function measure(
  scope: Teardown,
  name: SideName,
  commands: Commands,
  seconds: number,
): Promise<readonly number[]> {
  const side = await startSide(scope, name, commands);
  const { endpoint } = await leaderOf(side);
  const connection = await connectLean(endpoint);
  scope.teardown(() => connection.close());
  const atRest: Latencies = { puts: [], reads: [] };
  const during: Latencies = { puts: [], reads: [] };
  const compactionsMs: number[] = [];
  const add = (to: Latencies, more: Latencies): void => kinds.forEach((kind) => void to[kind].push(...more[kind]));
  while (during.puts.length < enoughLatencies) {
    await overwrite(side);
    const rest = new SteadyLoad(connection);
    await delay(seconds * 1000);
    add(atRest, await rest.end());
    const revision = await revisionOf(side);
    const load = new SteadyLoad(connection);
    const beganMs = performance.now();
    await side.client.kv.compact({ revision, physical: true }, { timeoutMs: compactionTimeoutMs });
    compactionsMs.push(performance.now() - beganMs);
    add(during, await load.end());
  }
  const figures = kinds.flatMap((kind) => {
    const duringMs = at(during[kind], 0.99);
    return [duringMs / at(atRest[kind], 0.99), duringMs];
  });
  return [...figures, at(compactionsMs, 0.5)];
}

function at(samples: readonly number[], fraction: number): number {
  return percentile(
    [...samples].sort((a, b) => a - b),
    fraction,
  );
}

export const benchmark: StoreBenchmark = {
  run: ({ runs, seconds, say, commands }) =>
    inFreshTurns({
      rows: [
        ...kinds.flatMap((kind) => [
          { name: `compaction: p99 of ${kind} during, by that at rest`, unit: 'times' },
          { name: `compaction: p99 of ${kind} during`, unit: 'ms' },
        ]),
        { name: 'compaction of 200,000 versions', unit: 'ms' },
      ],
      runs,
      say,
      measure: async (scope, side) => ({ values: await measure(scope, side, commands, seconds) }),
    }),
};
