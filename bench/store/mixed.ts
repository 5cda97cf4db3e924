/**
 * 80 % linearizable reads and 20 % puts of different keys, 100 in flight: ten connections of ten, spread over all members. By
 * the lean client, because h2load cannot mix calls. Each answer is checked: its status, and that it holds a message; and the
 * revision must have risen by the number of puts.
 */
import type { Teardown } from '#e2e/cluster.js';
import { withScope } from '#e2e/scope.js';
import { keyAt, keyPrefix, keySpace } from './key-rotation.ts';
import { type LeanConnection, connectLean } from './lean-client.ts';
import { offsetsOf, paths, putFrame, rangeFrame } from './messages.ts';
import { fill, valueOf } from './preload.ts';
import type { StoreBenchmark, StoreContext, StoreRow } from './row.ts';
import { type Side, leaderOf, revisionOf, startSides } from './sides.ts';
import { type Driven, throughputThenLatency } from './throughput.ts';

const name = 'mixed 80 % reads, 20 % puts, all members';
const connectionCount = 10;
const inFlight = 10;
const valueBytes = 256;
/** One call in this many is a put. */
const putEvery = 5;
const stride = 7_919;
const warmUpSeconds = 1.5;
const paceMs = 10;

/** A request with another key each time. */
interface Template {
  readonly path: string;
  readonly frame: Buffer;
  readonly offset: number;
}

function templateOf(path: string, frame: Buffer): Template {
  return { path, frame, offset: (offsetsOf(frame, keyAt(0))[0] ?? 0) + keyPrefix.length };
}

const put = templateOf(paths.put, putFrame({ key: keyAt(0), value: valueOf(valueBytes) }));
const range = templateOf(paths.range, rangeFrame({ key: keyAt(0) }));

/** Sends calls and counts what comes of them. */
class MixedLoad {
  calls = 0;
  puts = 0;
  answered = 0;
  failed = 0;
  /** Seconds until the answers, of calls that were begun within the measured time. */
  readonly latenciesMs: number[] = [];

  call(connection: LeanConnection, onEnd: () => void): void {
    const { path, frame, offset } = this.calls % putEvery === 0 ? put : range;
    if (path === paths.put) this.puts++;
    const request = Buffer.from(frame);
    request.write(String((this.calls * stride) % keySpace).padStart(6, '0'), offset, 'latin1');
    this.calls++;
    const startMs = performance.now();
    let messages = 0;
    const end = (ok: boolean): void => {
      if (ok && messages === 1) this.answered++;
      else this.failed++;
      this.latenciesMs.push(performance.now() - startMs);
      onEnd();
    };
    connection.open(path, request, { message: () => messages++, end }, true);
  }
}

/** Keeps as many calls in flight as the row has, for so long. @returns answers within the time */
async function runFreely(load: MixedLoad, connections: readonly LeanConnection[], seconds: number): Promise<number> {
  let over = false;
  let open = 0;
  let answeredInTime = 0;
  await new Promise<void>((resolve) => {
    const next = (connection: LeanConnection): void => {
      open++;
      load.call(connection, () => {
        open--;
        // After a failure the turn is void.
        if (!over && load.failed === 0) return next(connection);
        if (open > 0) return;
        clearTimeout(end);
        resolve();
      });
    };
    const end = setTimeout(() => {
      over = true;
      answeredInTime = load.answered;
      if (open === 0) resolve();
    }, seconds * 1000);
    for (const connection of connections) for (let i = 0; i < inFlight; i++) next(connection);
  });
  return answeredInTime;
}

/** Offers calls at a rate for so long, in the same rhythm as h2load. @returns answers within the time */
async function runAtRate(
  load: MixedLoad,
  connections: readonly LeanConnection[],
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
): Promise<number> {
  let open = 0;
  let sent = 0;
  let answeredInTime = 0;
  let over = false;
  const startMs = performance.now();
  await new Promise<void>((resolve) => {
    const pace = setInterval(() => {
      const elapsed = (performance.now() - startMs) / 1000;
      if (elapsed >= seconds) {
        clearInterval(pace);
        over = true;
        answeredInTime = load.answered;
        if (open === 0) resolve();
        return;
      }
      for (const due = Math.round(elapsed * rate); sent < due; sent++) {
        const connection = connections[sent % connections.length];
        if (!connection) return;
        open++;
        load.call(connection, () => {
          if (--open === 0 && over) resolve();
        });
      }
    }, paceMs);
  });
  return answeredInTime;
}

async function checkedLoad(side: Side, seconds: number, rate?: number): Promise<Driven> {
  const { endpoints } = side.store;
  const connections = await Promise.all(
    Array.from({ length: connectionCount }, (_, i) => connectLean(endpoints[i % endpoints.length] ?? '')),
  );
  try {
    const before = await revisionOf(side);
    const load = new MixedLoad();
    const cpuBefore = process.cpuUsage();
    const answered = await (rate === undefined
      ? runFreely(load, connections, seconds)
      : runAtRate(load, connections, { rate, seconds }));
    const { user, system } = process.cpuUsage(cpuBefore);
    if (load.failed > 0) throw new Error(`${load.failed} of ${load.calls} calls failed`);
    const risen = (await revisionOf(side)) - before;
    if (risen !== load.puts) throw new Error(`${load.puts} puts, but the revision rose by ${risen}`);
    const latenciesMs = load.latenciesMs.sort((a, b) => a - b);
    return { perSecond: answered / seconds, latenciesMs, generatorCpuSeconds: (user + system) / 1e6 };
  } finally {
    for (const connection of connections) connection.close();
  }
}

async function measure(scope: Teardown, context: StoreContext): Promise<readonly StoreRow[]> {
  const { runs, seconds, say, commands } = context;
  const sides = await startSides(scope, commands);
  for (const side of sides) {
    await fill(await leaderOf(side), { keyCount: keySpace, valueBytes });
    await checkedLoad(side, warmUpSeconds);
  }
  return throughputThenLatency({
    name,
    runs,
    sides,
    say,
    drive: (side, rate) => checkedLoad(side, seconds, rate),
  });
}

export const benchmark: StoreBenchmark = {
  run: (context) => withScope((scope) => measure(scope, context)),
};
