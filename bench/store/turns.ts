/** Turns: one side after the other, again and again, each checked; what disturbed a turn is said, and the turn repeated. */
import { messageOf } from '@flotilla/base';
import type { Teardown } from '#e2e/cluster.js';
import { withScope } from '#e2e/scope.js';
import { deferred } from './lean-client.ts';
import type { SideName, StoreRow } from './row.ts';
import { type Side, leaderOf, sideNames } from './sides.ts';
import { type Metered, type Usage, metered } from './usage.ts';

export interface Sample {
  /** One for each of the rows. */
  readonly values: readonly number[];
  readonly generatorCpuSeconds: number;
}

export interface TurnsOfBoth {
  readonly runs: number;
  readonly sides: readonly Side[];
  readonly say: (line: string) => void;
}

/** Beyond these a turn hangs: that is a finding, and must end by itself. */
const turnPatienceMs = 120_000;
const freshTurnPatienceMs = 900_000;

async function within<T>(patienceMs: number, turn: Promise<T>): Promise<T> {
  const { promise: late, reject } = deferred<never>();
  const timer = setTimeout(() => reject(new Error(`no end after ${patienceMs / 1000} s`)), patienceMs);
  try {
    return await Promise.race([turn, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A turn with members of its own. */
interface FreshTurn {
  /** One for each of the rows. */
  readonly values: readonly number[];
  readonly generatorCpuSeconds?: number;
  readonly usage?: readonly Usage[];
}

export interface FreshTurnOptions {
  readonly rows: readonly Pick<StoreRow, 'name' | 'unit' | 'note'>[];
  readonly runs: number;
  readonly say: (line: string) => void;
  readonly measure: (scope: Teardown, side: SideName) => Promise<FreshTurn>;
}

/** Like `inTurns`, where each turn starts and ends its own members. A turn that fails fails the row. */
export async function inFreshTurns({ rows, runs, say, measure }: FreshTurnOptions): Promise<readonly StoreRow[]> {
  const turns: Record<SideName, FreshTurn[]> = { flotilla: [], etcd: [] };
  for (let run = 0; run < runs; run++) {
    for (const side of sideNames) {
      const turn = await withScope((scope) => within(freshTurnPatienceMs, measure(scope, side)));
      turns[side].push(turn);
      say(
        `${side}: ${rows.map(({ name, unit }, i) => `${name}: ${shortNumber(turn.values[i] ?? NaN)} ${unit}`).join('; ')}`,
      );
    }
  }
  const ofTurns = <T>(take: (turn: FreshTurn) => T): Record<SideName, readonly T[]> => ({
    flotilla: turns.flotilla.map(take),
    etcd: turns.etcd.map(take),
  });
  const hasCosts = turns.flotilla.some(({ usage }) => usage !== undefined);
  const costs = {
    usage: ofTurns(({ usage }) => usage ?? []),
    generatorCpuSeconds: ofTurns(({ generatorCpuSeconds }) => generatorCpuSeconds ?? NaN),
  };
  return rows.map((row, i) => ({
    ...row,
    samples: ofTurns(({ values }) => values[i] ?? NaN),
    ...(i === 0 && hasCosts ? costs : {}),
  }));
}

export interface TurnOptions extends TurnsOfBoth {
  /** What one turn measures. */
  readonly rows: readonly Pick<StoreRow, 'name' | 'unit' | 'note'>[];
  /** One turn of load on a side. Throws when anything was not as it must be: then nothing of it counts. */
  readonly load: (side: Side) => Promise<Sample>;
}

/** Rejected turns of one row, on both sides together, until the row is given up. */
const patience = 4;

interface Turn extends Sample {
  readonly usage: readonly Usage[];
}

/**
 * @returns a row for each that was asked for; what the load cost stands in the first
 * @throws Error when too many turns were rejected: the last reason
 */
export async function inTurns({ rows, runs, sides, say, load }: TurnOptions): Promise<readonly StoreRow[]> {
  const what = rows[0]?.name ?? '';
  const turns: Record<SideName, Turn[]> = { flotilla: [], etcd: [] };
  let rejected = 0;
  const acceptedTurn = async (side: Side): Promise<Turn> => {
    for (;;) {
      try {
        return await oneTurn(side, load);
      } catch (error) {
        say(`${side.name}: ${what}: a turn was rejected: ${messageOf(error)}`);
        if (++rejected >= patience) throw error;
      }
    }
  };
  for (let run = 0; run < runs; run++) {
    for (const side of sides) {
      const turn = await acceptedTurn(side);
      turns[side.name].push(turn);
      say(`${side.name}: ${what}: ${turn.values.map(shortNumber).join(', ')} ${rows[0]?.unit}`);
    }
  }
  const ofTurns = <T>(take: (turn: Turn) => T): Record<SideName, readonly T[]> => ({
    flotilla: turns.flotilla.map(take),
    etcd: turns.etcd.map(take),
  });
  const costs = {
    usage: ofTurns(({ usage }) => usage),
    generatorCpuSeconds: ofTurns(({ generatorCpuSeconds }) => generatorCpuSeconds),
  };
  return rows.map((row, i) => ({
    ...row,
    samples: ofTurns(({ values }) => values[i] ?? NaN),
    ...(i === 0 ? costs : {}),
  }));
}

/** Runs a load with its costs, the leader's first. @throws Error when the leader changed meanwhile */
export async function meteredTurn<T>(side: Side, load: () => Promise<T>): Promise<Metered<T>> {
  const before = await leaderOf(side);
  const { result, usage } = await metered(side, load);
  const after = await leaderOf(side);
  if (after.index !== before.index) throw new Error('the leader changed');
  const leader = usage[before.index];
  const others = usage.filter((_, index) => index !== before.index);
  return { result, usage: leader ? [leader, ...others] : others };
}

async function oneTurn(side: Side, load: (side: Side) => Promise<Sample>): Promise<Turn> {
  const { result, usage } = await within(
    turnPatienceMs,
    meteredTurn(side, () => load(side)),
  );
  return { ...result, usage };
}

export function shortNumber(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

/** @param sorted ascending, at least one */
export function percentile(sorted: ArrayLike<number>, fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(fraction * sorted.length) - 1)] ?? NaN;
}
