/**
 * How long a turn of a member's event loop gets, and whether the leader ever changes, while puts go on and something large is
 * asked for: `node bench/dist/store/long-turns.js [--node PATH] [--out FILE]`. Three members with a million keys of 256 B; the
 * puts overwrite them, 100 in flight. What is asked for: all keys (linearizably, serializably, without values, counted at an old
 * revision), a hash, a snapshot, a compaction of a million versions, and a follower that catches up by a snapshot.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Teardown } from '#e2e/cluster.js';
import { until } from '#e2e/until.js';
import { flotillaBrain } from '../members.ts';
import { describeMachine } from '../report.ts';
import { endWithScopes, withScope } from '#e2e/scope.js';
import { type LeanConnection, callLean, connectLean, deferred } from './lean-client.ts';
import { type RangeOf, compactFrame, emptyFrame, paths, putFrame, rangeFrame } from './messages.ts';
import { keyCount, loadMillion, millionKey, prefix, prefixEnd, valueBytes } from './million-keys.ts';
import { valueOf } from './preload.ts';
import { majorOf, markdown } from './report.ts';
import { untilServes } from './serving.ts';
import { type Commands, type Side, leaderOf, revisionOf, startSide } from './sides.ts';
import { type Turns, turnsFile } from './turn-meter.ts';
import { shortNumber } from './turns.ts';

const connectionCount = 10;
const inFlightOnEach = 10;
const quietMs = 5_000;
/** More entries than a leader keeps for a member that lags. */
const entriesMissed = 20_000;
const meterFile = new URL('turn-meter.js', import.meta.url);

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Puts of random keys, until they are told to end. */
class Puts {
  done = 0;
  #ending = false;
  readonly #running: Promise<unknown>;
  readonly #connections: readonly LeanConnection[];

  constructor(connections: readonly LeanConnection[]) {
    this.#connections = connections;
    const value = valueOf(valueBytes);
    const put = async (connection: LeanConnection): Promise<void> => {
      while (!this.#ending) {
        const key = millionKey(Math.floor(Math.random() * keyCount));
        await callLean(connection, paths.put, putFrame({ key, value }));
        this.done++;
      }
    };
    const workers = connections.flatMap((connection) => Array.from({ length: inFlightOnEach }, () => put(connection)));
    this.#running = Promise.all(workers);
    // What fails is told by `end`.
    this.#running.catch((error: unknown) => error);
  }

  /** @throws Error when a put failed */
  async end(): Promise<void> {
    this.#ending = true;
    try {
      await this.#running;
    } finally {
      for (const connection of this.#connections) connection.close();
    }
  }
}

async function startPuts(endpoint: string): Promise<Puts> {
  return new Puts(await Promise.all(Array.from({ length: connectionCount }, () => connectLean(endpoint))));
}

/** Runs a call to its end and counts the bytes of its answers. */
async function bytesOfCall(endpoint: string, path: string, request: Buffer): Promise<number> {
  const connection = await connectLean(endpoint);
  const { promise, resolve, reject } = deferred<number>();
  let bytes = 0;
  const message = (one: Buffer): void => void (bytes += one.length);
  const end = (ok: boolean): void => (ok ? resolve(bytes) : reject(new Error(`${path} failed`)));
  connection.open(path, request, { message, end }, true);
  try {
    return await promise;
  } finally {
    connection.close();
  }
}

interface Measured {
  readonly phase: string;
  readonly seconds: number;
  readonly putsPerSecond: number;
  readonly leader: Turns;
  /** The longest of each. */
  readonly followers: Turns;
  readonly leaderChanged: boolean;
}

class Bench {
  readonly side: Side;
  readonly measured: Measured[] = [];
  readonly #directory: string;

  constructor(side: Side, directory: string) {
    this.side = side;
    this.#directory = directory;
  }

  /** Runs something beside the puts. */
  async phase(name: string, run: (endpoint: string, puts: Puts) => Promise<unknown>): Promise<void> {
    const before = await this.#leadership();
    const puts = await startPuts(before.endpoint);
    await delay(500);
    await this.#takeTurns();
    const [startMs, doneBefore] = [performance.now(), puts.done];
    try {
      await run(before.endpoint, puts);
      const seconds = (performance.now() - startMs) / 1000;
      const putsPerSecond = (puts.done - doneBefore) / seconds;
      const turns = await this.#takeTurns();
      const after = await this.#leadership();
      const leader = turns[before.index] ?? noTurns;
      const followers = turns.filter((_, i) => i !== before.index).reduce(longerOf, noTurns);
      const leaderChanged = after.index !== before.index || after.term !== before.term;
      this.measured.push({ phase: name, seconds, putsPerSecond, leader, followers, leaderChanged });
      const longest = `longest turn ${shortNumber(leader.longestMs)} ms, followers ${shortNumber(followers.longestMs)} ms`;
      const leading = leaderChanged ? 'THE LEADER CHANGED' : 'the same leader';
      say(`${name}: ${shortNumber(seconds)} s, ${shortNumber(putsPerSecond)} puts/s, ${longest}, ${leading}`);
    } finally {
      await puts.end();
    }
  }

  async #leadership(): Promise<{ readonly index: number; readonly endpoint: string; readonly term: number }> {
    const { index, endpoint } = await leaderOf(this.side);
    const { raftTerm } = await this.side.client.maintenance.status(endpoint);
    return { index, endpoint, term: raftTerm };
  }

  /** The turns of each member since this was last asked. */
  async #takeTurns(): Promise<readonly Turns[]> {
    const { store } = this.side;
    return await Promise.all(
      store.endpoints.map(async (_, index) => {
        const pid = store.pidOf(index);
        const file = turnsFile(this.#directory, pid);
        rmSync(file, { force: true });
        process.kill(pid, 'SIGUSR2');
        await until(`member ${index} tells its turns`, () => existsSync(file));
        return JSON.parse(readFileSync(file, 'utf8')) as Turns;
      }),
    );
  }
}

const noTurns: Turns = { longestMs: 0, p99Ms: 0 };

function longerOf(a: Turns, b: Turns): Turns {
  return { longestMs: Math.max(a.longestMs, b.longestMs), p99Ms: Math.max(a.p99Ms, b.p99Ms) };
}

function rangeOfAll(options: Omit<RangeOf, 'key' | 'rangeEnd'>): Buffer {
  return rangeFrame({ key: prefix, rangeEnd: prefixEnd, ...options });
}

/** All keys, as often as is needed to be sure of it. */
function rangePhase(
  options: Omit<RangeOf, 'key' | 'rangeEnd'>,
  leastBytes: number,
): (endpoint: string) => Promise<void> {
  return async (endpoint) => {
    for (let i = 0; i < 3; i++) {
      const bytes = await bytesOfCall(endpoint, paths.range, rangeOfAll(options));
      if (bytes < leastBytes) throw new Error(`a range of all keys was answered with ${bytes} bytes`);
    }
  };
}

/** A follower is told to stop, misses more than the leader keeps of the log, and comes back. */
async function catchUp({ side }: Bench, puts: Puts): Promise<void> {
  const { store, client } = side;
  const leader = await leaderOf(side);
  const index = (leader.index + 1) % store.endpoints.length;
  const pid = store.pidOf(index);
  const endpoint = store.endpoints[index] ?? '';
  process.kill(pid, 'SIGKILL');
  const missedFrom = puts.done;
  await until('the follower has missed enough', () => puts.done >= missedFrom + entriesMissed);
  await store.bringBack(index, pid);
  // The puts leave it little of the machine.
  await untilServes(endpoint).catch(() => untilServes(endpoint));
  await until('the follower has caught up', async () => {
    const [own, first] = await Promise.all([
      client.maintenance.status(endpoint),
      client.maintenance.status(leader.endpoint),
    ]);
    return own.raftIndex + 1_000 >= first.raftIndex;
  });
}

async function measure(scope: Teardown, commands: Commands, directory: string): Promise<readonly Measured[]> {
  const bench = new Bench(await startSide(scope, 'flotilla', commands), directory);
  const { side } = bench;
  say('loading a million keys, twice');
  await loadMillion(side);
  const loaded = await revisionOf(side);
  await loadMillion(side);
  await bench.phase('puts alone', () => delay(quietMs));
  await bench.phase('all keys, linearizable, 3 times', rangePhase({}, keyCount * valueBytes));
  await bench.phase('all keys, serializable, 3 times', rangePhase({ serializable: true }, keyCount * valueBytes));
  await bench.phase('all keys without values, 3 times', rangePhase({ keysOnly: true }, keyCount * prefix.length));
  await bench.phase('count at an old revision, 3 times', rangePhase({ countOnly: true, revision: loaded }, 1));
  await bench.phase('HashKV', (endpoint) => bytesOfCall(endpoint, paths.hashKv, emptyFrame()));
  await bench.phase('snapshot', (endpoint) => bytesOfCall(endpoint, paths.snapshot, emptyFrame()));
  const compacted = compactFrame(await revisionOf(side));
  await bench.phase('compaction of a million versions', (endpoint) => bytesOfCall(endpoint, paths.compact, compacted));
  await bench.phase('a follower catches up', (_, puts) => catchUp(bench, puts));
  return bench.measured;
}

function tableOf(measured: readonly Measured[]): string {
  const lines = measured.map(({ phase, seconds, putsPerSecond, leader, followers, leaderChanged }) => [
    phase,
    shortNumber(seconds),
    shortNumber(putsPerSecond),
    shortNumber(leader.longestMs),
    shortNumber(leader.p99Ms),
    shortNumber(followers.longestMs),
    leaderChanged ? 'yes' : 'no',
  ]);
  const head = [
    'beside the puts',
    's',
    'puts/s',
    'longest turn, leader, ms',
    'p99',
    'longest, followers',
    'leader changed',
  ];
  return markdown([head, ...lines], new Set([1, 2, 3, 4, 5]));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { node: { type: 'string', default: process.execPath }, out: { type: 'string' } },
  });
  const node = spawnSync(values.node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const machine = { ...describeMachine(), node };
  const measured = await withScope(async (scope) => {
    const directory = mkdtempSync(join(tmpdir(), 'flotilla-bench-turns-'));
    scope.teardown(() => rmSync(directory, { recursive: true, force: true }));
    const brain = flotillaBrain(values.node);
    const meter = new URL(meterFile);
    meter.searchParams.set('directory', directory);
    const flotilla = { command: brain.command, args: ['--import', meter.href, ...brain.args] };
    return await measure(scope, { flotilla, etcd: { command: '', args: [] } }, directory);
  });
  process.stdout.write(`Turns of the event loop, Node ${node}\n\n${tableOf(measured)}\n`);
  const results = fileURLToPath(new URL('../../results/', import.meta.url));
  const file = values.out ?? join(results, `turns-node${majorOf(node)}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ machine, measured }, undefined, 1)}\n`);
  say(`kept in ${file}`);
  if (measured.some(({ leaderChanged }) => leaderChanged)) throw new Error('the leader changed');
}

endWithScopes(say);

main().catch((error: unknown) => {
  say(error instanceof Error ? String(error.stack) : String(error));
  process.exitCode = 1;
});
