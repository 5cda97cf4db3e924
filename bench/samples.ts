/** Collects the samples of several rows while they come. */
import type { Row } from './benchmark.ts';

export class Samples {
  readonly #rows = new Map<string, { readonly row: Omit<Row, 'samples'>; readonly samples: number[] }>();

  add(row: Omit<Row, 'samples'>, sample: number): void {
    const key = `${row.side}/${row.name}`;
    const entry = this.#rows.get(key) ?? { row, samples: [] };
    this.#rows.set(key, entry);
    entry.samples.push(sample);
  }

  rows(): readonly Row[] {
    return [...this.#rows.values()].map(({ row, samples }) => ({ ...row, samples }));
  }
}
