/**
 * How puts and linearizable reads grow: with 1, 3, 5 members, 10 to 10,000 clients, 1,000 to 1,000,000 keys and values of 100 B
 * to 1 MB. `node bench/dist/store/scaling.js [--node PATH] [--peer-etcd PATH] [--seconds S] [--out FILE] [axes…]`. Coarse: one
 * short turn of each side at each point, checked like those of the rows; a point that cannot be taken says why. A client is
 * a connection.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { messageOf } from '@flotilla/base';
import type { Teardown } from '#e2e/cluster.js';
import { type Machine, describeMachine } from '../report.ts';
import { endWithScopes, withScope } from '#e2e/scope.js';
import { type Generator, type UnaryRow, openGenerator } from './generator.ts';
import { keyAt, keySpace } from './key-rotation.ts';
import { paths, putFrame, rangeFrame } from './messages.ts';
import { fill, valueOf } from './preload.ts';
import { majorOf, markdown } from './report.ts';
import type { SideName } from './row.ts';
import { type Commands, type Side, commandsOf, leaderOf, startSides } from './sides.ts';
import { shortNumber } from './turns.ts';

interface Point {
  readonly members: number;
  readonly connections: number;
  /** On each connection. */
  readonly inFlight: number;
  readonly keyCount: number;
  readonly valueBytes: number;
}

const usual: Point = { members: 3, connections: 10, inFlight: 10, keyCount: keySpace, valueBytes: 256 };

interface Axis {
  readonly unit: string;
  readonly points: readonly Point[];
  readonly labelOf: (point: Point) => number;
}

const axes: Readonly<Record<string, Axis>> = {
  members: {
    unit: 'members',
    points: [1, 3, 5].map((members) => ({ ...usual, members })),
    labelOf: ({ members }) => members,
  },
  clients: {
    unit: 'clients, one call in flight each',
    points: [10, 100, 1_000, 10_000].map((connections) => ({ ...usual, connections, inFlight: 1 })),
    labelOf: ({ connections }) => connections,
  },
  keys: {
    unit: 'keys of 256 B',
    points: [1_000, 10_000, 100_000, 1_000_000].map((keyCount) => ({ ...usual, keyCount })),
    labelOf: ({ keyCount }) => keyCount,
  },
  values: {
    unit: 'bytes a value, 10 in flight, 100 keys',
    points: [100, 1_000, 10_000, 100_000, 1_000_000].map((valueBytes) => ({
      ...usual,
      inFlight: 1,
      keyCount: 100,
      valueBytes,
    })),
    labelOf: ({ valueBytes }) => valueBytes,
  },
};

/** Reads first: as long as nothing was put, all answers are alike, and an error among them shows. */
const loads = ['linearizable range', 'put'] as const;
const warmUpSeconds = 1;
/** So many connections take longer to be opened than a short turn lasts. */
const manyConnections = 1_000;
const longerForMany = 5;

interface Measured {
  readonly axis: string;
  readonly at: number;
  readonly load: (typeof loads)[number];
  /** Calls a second; absent where the point could not be taken. */
  readonly callsPerSecond: Readonly<Partial<Record<SideName, number>>>;
}

function rowOf(load: Measured['load'], point: Point): UnaryRow {
  const key = keyAt(0);
  const common = { ...point, name: load, keys: 'different' } as const;
  // etcd refuses puts while it is more than 5,000 entries behind with applying them.
  const overload = point.connections * point.inFlight > 5_000;
  return load === 'put'
    ? { ...common, overload, path: paths.put, frame: putFrame({ key, value: valueOf(point.valueBytes) }), writes: true }
    : { ...common, path: paths.range, frame: rangeFrame({ key }), writes: false };
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface Where {
  readonly axis: string;
  readonly at: number;
  readonly point: Point;
}

async function measurePoint(scope: Teardown, { axis, at, point }: Where, order: Order): Promise<readonly Measured[]> {
  const sides = await startSides(scope, order.commands, point.members);
  for (const side of sides) await fill(await leaderOf(side), point);
  const measured: Measured[] = [];
  for (const load of loads) {
    const callsPerSecond: Partial<Record<SideName, number>> = {};
    const generator = openGenerator(scope, rowOf(load, point));
    for (const side of sides) {
      const found = await rateOf({ side, generator, point, seconds: order.seconds });
      if (typeof found === 'number') callsPerSecond[side.name] = found;
      say(
        `  ${axis} ${at}: ${side.name}: ${load}: ${typeof found === 'number' ? `${shortNumber(found)} calls/s` : found}`,
      );
    }
    measured.push({ axis, at, load, callsPerSecond });
  }
  return measured;
}

interface Attempt {
  readonly side: Side;
  readonly generator: Generator;
  readonly point: Point;
  readonly seconds: number;
}

function secondsAt({ connections }: Point, seconds: number): number {
  return connections >= manyConnections ? seconds * longerForMany : seconds;
}

/** @returns calls a second, or why there are none */
async function rateOf({ side, generator, point, seconds }: Attempt): Promise<number | string> {
  try {
    await generator.load(side, { seconds: secondsAt(point, warmUpSeconds) });
    return (await generator.load(side, { seconds: secondsAt(point, seconds) })).perSecond;
  } catch (error) {
    return messageOf(error);
  }
}

function tableOf(axis: string, measured: readonly Measured[]): string {
  const own = measured.filter((point) => point.axis === axis);
  const figure = (value: number | undefined): string => (value === undefined ? 'none' : shortNumber(value));
  const cells = (at: number, load: Measured['load']): readonly string[] => {
    const { flotilla, etcd } = own.find((point) => point.at === at && point.load === load)?.callsPerSecond ?? {};
    const ratio = flotilla !== undefined && etcd !== undefined ? (flotilla / etcd).toFixed(2) : '';
    return [figure(flotilla), figure(etcd), ratio];
  };
  const head = [axes[axis]?.unit ?? axis, ...loads.flatMap((load) => [`${load}: Flotilla`, 'etcd', 'ratio'])];
  const lines = [...new Set(own.map(({ at }) => at))].map((at) => [
    at.toLocaleString('en'),
    ...loads.flatMap((load) => cells(at, load)),
  ]);
  return markdown([head, ...lines], new Set(head.keys()));
}

interface Order {
  readonly commands: Commands;
  readonly seconds: number;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      node: { type: 'string', default: process.execPath },
      'peer-etcd': { type: 'string', default: 'etcd' },
      seconds: { type: 'string', default: '2' },
      out: { type: 'string' },
    },
    allowPositionals: true,
  });
  const seconds = Number(values.seconds);
  if (!Number.isInteger(seconds) || seconds < 1) throw new Error('--seconds wants a whole number from 1 on');
  const unknown = positionals.filter((name) => !axes[name]);
  if (unknown.length > 0) throw new Error(`there is no axis ${unknown.join(', ')}: ${Object.keys(axes).join(', ')}`);
  const names = positionals.length > 0 ? positionals : Object.keys(axes);
  const node = spawnSync(values.node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const machine: Machine = { ...describeMachine(values['peer-etcd']), node };
  const commands = commandsOf({ node: values.node, peerEtcd: values['peer-etcd'] });
  const measured: Measured[] = [];
  for (const axis of names) {
    for (const point of axes[axis]?.points ?? []) {
      const where = { axis, at: axes[axis]?.labelOf(point) ?? NaN, point };
      measured.push(...(await withScope((scope) => measurePoint(scope, where, { commands, seconds }))));
    }
  }
  process.stdout.write(`Calls a second, Node ${node} beside etcd ${machine.etcd}\n`);
  for (const axis of names) process.stdout.write(`\n${tableOf(axis, measured)}\n`);
  const whole = names.length === Object.keys(axes).length;
  const kept = fileURLToPath(new URL(`../../results/scaling-node${majorOf(node)}.json`, import.meta.url));
  const file = values.out ?? (whole ? kept : undefined);
  if (file === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ machine, measured }, undefined, 1)}\n`);
  say(`kept in ${file}`);
}

endWithScopes(say);

main().catch((error: unknown) => {
  say(error instanceof Error ? String(error.stack) : String(error));
  process.exitCode = 1;
});
