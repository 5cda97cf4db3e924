/** What a benchmark is: a file that exports one of these, and a line in `catalogue.ts`. */
/** One measured quantity of one side. Raw samples only: what they amount to is the report's business. */
export interface Row {
  readonly name: string;
  /** Which side was measured. Rows of the same name and different sides are compared, sample by sample. */
  readonly side: 'flotilla' | 'etcd';
  readonly unit: 'ms' | 's' | 'MiB';
  /** In the order in which they were taken. */
  readonly samples: readonly number[];
}

export interface BenchmarkContext {
  readonly runs: number;
  /** A line for whoever waits. */
  readonly say: (line: string) => void;
}

export interface Benchmark {
  /** How often it measures unless told. */
  readonly runs: number;
  run(context: BenchmarkContext): Promise<readonly Row[]>;
}
