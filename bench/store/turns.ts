/** Turns: one side after the other, again and again, each checked; what disturbed a turn is said, and the turn repeated. */
import { messageOf } from '@flotilla/base';
import type { SideName, StoreRow } from './row.ts';
import { type Side, leaderOf } from './sides.ts';
import { type Usage, metered } from './usage.ts';

export interface Sample {
  readonly value: number;
  readonly generatorCpuSeconds: number;
}

export interface TurnOptions {
  readonly name: string;
  readonly unit: string;
  readonly runs: number;
  readonly sides: readonly Side[];
  readonly say: (line: string) => void;
  /** One turn of load on a side. Throws when anything was not as it must be: then nothing of it counts. */
  readonly load: (side: Side) => Promise<Sample>;
}

/** Rejected turns of one row, on both sides together, until the row is given up. */
const patience = 4;

interface Turn extends Sample {
  readonly usage: readonly Usage[];
}

/** @throws Error when too many turns were rejected: the last reason */
export async function inTurns({ name, unit, runs, sides, say, load }: TurnOptions): Promise<StoreRow> {
  const turns: Record<SideName, Turn[]> = { flotilla: [], etcd: [] };
  let rejected = 0;
  const acceptedTurn = async (side: Side): Promise<Turn> => {
    for (;;) {
      try {
        return await oneTurn(side, load);
      } catch (error) {
        say(`${side.name}: ${name}: a turn was rejected: ${messageOf(error)}`);
        if (++rejected >= patience) throw error;
      }
    }
  };
  for (let run = 0; run < runs; run++) {
    for (const side of sides) {
      const turn = await acceptedTurn(side);
      turns[side.name].push(turn);
      say(`${side.name}: ${name}: ${shortNumber(turn.value)} ${unit}`);
    }
  }
  const ofTurns = <T>(take: (turn: Turn) => T): Record<SideName, readonly T[]> => ({
    flotilla: turns.flotilla.map(take),
    etcd: turns.etcd.map(take),
  });
  return {
    name,
    unit,
    samples: ofTurns(({ value }) => value),
    usage: ofTurns(({ usage }) => usage),
    generatorCpuSeconds: ofTurns(({ generatorCpuSeconds }) => generatorCpuSeconds),
  };
}

async function oneTurn(side: Side, load: (side: Side) => Promise<Sample>): Promise<Turn> {
  const before = await leaderOf(side);
  const { result, usage } = await metered(side, () => load(side));
  const after = await leaderOf(side);
  if (after.index !== before.index) throw new Error('the leader changed');
  const leader = usage[before.index];
  const others = usage.filter((_, index) => index !== before.index);
  return { ...result, usage: leader ? [leader, ...others] : others };
}

export function shortNumber(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

/** @param sorted ascending, at least one */
export function percentile(sorted: ArrayLike<number>, fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(fraction * sorted.length) - 1)] ?? NaN;
}
