/**
 * 1,000 watches on one prefix, in 10 streams and in 1,000 streams, over 10 connections to the leader. Two rows each: events
 * delivered a second while one writer writes as fast as the deliveries let it, and the latency of events, from the sending of
 * the put to its arrival at each watch, at a modest fixed rate of puts.
 *
 * The writer keeps a few puts whose events have not all arrived: more would only fill the servers' buffers, which end in the
 * catching-up of slow watches and not in more events. It is the only writer, so each watch must get the revisions one by one;
 * a gap, a repetition or a missing event rejects the turn.
 */
import { messageOf } from '@flotilla/base';
import type { Teardown } from '#e2e/cluster.js';
import { withScope } from '#e2e/scope.js';
import { keyAt, keyPrefix, keyPrefixEnd, keySpace } from './key-rotation.ts';
import { type LeanConnection, callLean, connectLean, deferred } from './lean-client.ts';
import { FieldReader, paths, putFrame, watchFrame } from './messages.ts';
import { valueOf } from './preload.ts';
import type { StoreBenchmark, StoreContext, StoreRow } from './row.ts';
import { type Side, leaderOf, startSides } from './sides.ts';
import { inTurns, percentile } from './turns.ts';

const watches = 1_000;
const connectionCount = 10;
const valueBytes = 256;
const putsAhead = 16;
const modestPutsPerSecond = 20;
/** Long enough for 200 puts: with fewer, a p99 is the latency of the one put that fared worst. */
const modestSeconds = 10;
const warmUpSeconds = 2;

const shapes = [
  { name: 'watch: 1,000 watches in 10 streams', streams: 10 },
  { name: 'watch: 1,000 watches in 1,000 streams', streams: 1_000 },
] as const;

const message = new FieldReader();
const event = new FieldReader();
const keyValue = new FieldReader();

/** The decimal digits at `[start, end)`. */
function numberAt(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + (bytes[at] ?? 0) - 0x30;
  return value;
}

/** Watches of one turn, and what has come on them. */
class Watches {
  created = 0;
  delivered = 0;
  fault: string | undefined;
  /** Called for each event, with the number of its key. */
  onEvent: (key: number) => void = () => undefined;
  /** Called when something came. */
  onProgress: () => void = () => undefined;

  /** The last revision that each watch has seen. */
  readonly #seen = new Float64Array(watches);
  #closing = false;

  constructor(revision: number) {
    this.#seen.fill(revision);
  }

  /** Opens a stream with so many watches, the first of them being number `from` of all. */
  open(connection: LeanConnection, { from, count }: { readonly from: number; readonly count: number }): void {
    const request = watchFrame(keyPrefix, keyPrefixEnd);
    const stream = connection.open(
      paths.watch,
      request,
      {
        message: (bytes) => this.#onMessage(bytes, from),
        end: () => {
          if (!this.#closing) this.fail('a watch stream ended');
        },
      },
      false,
    );
    for (let i = 1; i < count; i++) connection.send(stream, request);
  }

  close(): void {
    this.#closing = true;
  }

  #onMessage(bytes: Buffer, from: number): void {
    let watchId = 0;
    message.reset(bytes, 0, bytes.length);
    while (message.next()) {
      if (message.field === 2) watchId = message.value;
      else if (message.field === 3) this.created++;
      else if (message.field === 4) this.fail('a watch was cancelled');
      else if (message.field === 11) this.#onEvent(from + watchId, bytes, message.start, message.end);
    }
    this.onProgress();
  }

  #onEvent(watch: number, bytes: Buffer, start: number, end: number): void {
    let revision = 0;
    let key = 0;
    event.reset(bytes, start, end);
    while (event.next()) {
      if (event.field !== 2) continue;
      keyValue.reset(bytes, event.start, event.end);
      while (keyValue.next()) {
        if (keyValue.field === 1) key = numberAt(bytes, keyValue.start + keyPrefix.length, keyValue.end);
        if (keyValue.field !== 3) continue;
        revision = keyValue.value;
        break;
      }
    }
    const last = this.#seen[watch] ?? NaN;
    if (revision !== last + 1) this.fail(`watch ${watch} got revision ${revision} after ${last}`);
    this.#seen[watch] = revision;
    this.delivered++;
    this.onEvent(key);
  }

  fail(fault: string): void {
    this.fault ??= fault;
    this.onProgress();
  }
}

interface WatchedTurn {
  readonly eventsPerSecond: number;
  /** Ascending. */
  readonly latenciesMs: Float64Array;
  readonly generatorCpuSeconds: number;
}

interface Writing {
  readonly seconds: number;
  /** As fast as deliveries allow unless given. */
  readonly putsPerSecond?: number;
}

async function watchedTurn(side: Side, streams: number, writing: Writing): Promise<WatchedTurn> {
  const { endpoint } = await leaderOf(side);
  const connections = await Promise.all(Array.from({ length: connectionCount + 1 }, () => connectLean(endpoint)));
  const [writer, ...readers] = connections;
  if (!writer) throw new Error('there is no writer');
  const { header } = await side.client.kv.range({ key: keyAt(0), countOnly: true });
  const open = new Watches(header.revision);
  try {
    const count = watches / streams;
    for (let i = 0; i < streams; i++) {
      const reader = readers[i % readers.length];
      if (reader) open.open(reader, { from: i * count, count });
    }
    await progress(open, () => open.created === watches);
    return await writeAndFollow(writer, open, writing);
  } finally {
    open.close();
    for (const connection of connections) connection.close();
  }
}

/** Waits, as answers come, until a condition holds. @throws Error when a watch failed */
async function progress(open: Watches, holds: () => boolean): Promise<void> {
  const { promise, resolve, reject } = deferred<void>();
  const look = (): void => {
    if (open.fault !== undefined) reject(new Error(open.fault));
    else if (holds()) resolve();
  };
  open.onProgress = look;
  look();
  await promise;
}

async function writeAndFollow(
  writer: LeanConnection,
  open: Watches,
  { seconds, putsPerSecond }: Writing,
): Promise<WatchedTurn> {
  const value = valueOf(valueBytes);
  /** When each key was last sent. */
  const sentMs = new Float64Array(keySpace);
  const latencies: number[] = [];
  open.onEvent = (key) => latencies.push(performance.now() - (sentMs[key] ?? NaN));
  const puts: Promise<void>[] = [];
  const put = async (): Promise<void> => {
    const key = puts.length % keySpace;
    sentMs[key] = performance.now();
    try {
      await callLean(writer, paths.put, putFrame({ key: keyAt(key), value }));
    } catch (error) {
      open.fail(messageOf(error));
    }
  };
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const inTime = (): boolean => performance.now() - startMs < seconds * 1000;
  if (putsPerSecond === undefined) {
    while (inTime()) {
      while (puts.length * watches < open.delivered + putsAhead * watches) puts.push(put());
      const before = open.delivered;
      await progress(open, () => open.delivered >= before + watches || open.delivered === puts.length * watches);
    }
  } else {
    const { promise, resolve } = deferred<void>();
    const pace = setInterval(() => {
      if (inTime()) return void puts.push(put());
      clearInterval(pace);
      resolve();
    }, 1000 / putsPerSecond);
    await promise;
  }
  const elapsed = (performance.now() - startMs) / 1000;
  const { delivered } = open;
  const { user, system } = process.cpuUsage(cpuBefore);
  await Promise.all(puts);
  await progress(open, () => open.delivered >= puts.length * watches);
  return {
    eventsPerSecond: delivered / elapsed,
    latenciesMs: Float64Array.from(latencies).sort(),
    generatorCpuSeconds: (user + system) / 1e6,
  };
}

interface Shape {
  readonly name: string;
  readonly streams: number;
}

async function measureShape(
  scope: Teardown,
  { name, streams }: Shape,
  context: StoreContext,
): Promise<readonly StoreRow[]> {
  const { runs, seconds, say, commands } = context;
  const sides = await startSides(scope, commands);
  const turns = { runs, sides, say };
  for (const side of sides) await watchedTurn(side, streams, { seconds: warmUpSeconds });
  const throughput = await inTurns({
    ...turns,
    rows: [{ name, unit: 'events/s' }],
    load: async (side) => {
      const { eventsPerSecond, generatorCpuSeconds } = await watchedTurn(side, streams, { seconds });
      return { values: [eventsPerSecond], generatorCpuSeconds };
    },
  });
  const note = `at ${modestPutsPerSecond} puts/s`;
  const writing = { seconds: Math.max(seconds, modestSeconds), putsPerSecond: modestPutsPerSecond };
  const latencies = await inTurns({
    ...turns,
    rows: ['p50', 'p99'].map((which) => ({ name: `${name}: event latency ${which}`, unit: 'ms', note })),
    load: async (side) => {
      const { latenciesMs, generatorCpuSeconds } = await watchedTurn(side, streams, writing);
      return { values: [percentile(latenciesMs, 0.5), percentile(latenciesMs, 0.99)], generatorCpuSeconds };
    },
  });
  return [...throughput, ...latencies];
}

export const benchmark: StoreBenchmark = {
  async run(context) {
    const rows: StoreRow[] = [];
    for (const shape of shapes) rows.push(...(await withScope((scope) => measureShape(scope, shape, context))));
    return rows;
  },
};
