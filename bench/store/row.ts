/** One measured row of the store: raw samples of both sides, turn by turn, and what they cost. */
import type { Row } from '../benchmark.ts';
import type { Commands } from './sides.ts';
import type { Usage } from './usage.ts';

export type SideName = Row['side'];

export interface StoreRow {
  readonly name: string;
  readonly unit: string;
  /** In the order of the turns; those of one index were taken after each other. */
  readonly samples: Readonly<Record<SideName, readonly number[]>>;
  /** Of each turn, member by member, in the order leader first. */
  readonly usage?: Readonly<Record<SideName, readonly (readonly Usage[])[]>>;
  /** CPU seconds of the generator in each turn. */
  readonly generatorCpuSeconds?: Readonly<Record<SideName, readonly number[]>>;
  readonly offered?: Offered;
  /** What the reader should know. */
  readonly note?: string;
}

/** The rate of a row of latencies, and how many turns of each side kept up with it. */
export interface Offered {
  readonly perSecond: number;
  readonly keptTurns: Readonly<Record<SideName, number>>;
}

/** What a benchmark of the store is: it measures one or more rows. */
export interface StoreBenchmark {
  run(context: StoreContext): Promise<readonly StoreRow[]>;
}

export interface StoreContext {
  /** Turns of each side. */
  readonly runs: number;
  /** Of load in a turn. */
  readonly seconds: number;
  readonly commands: Commands;
  readonly say: (line: string) => void;
}
