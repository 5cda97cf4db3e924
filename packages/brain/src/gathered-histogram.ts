/**
 * A histogram for what happens on every write: an observation is kept, and the Prometheus histogram learns of many at once, or when
 * somebody reads it.
 */
import { Histogram, type Registry } from '@flotilla/base/metrics';

/** So many are kept. */
const batch = 256;

export interface GatheredHistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly buckets: number[];
  readonly registers: Registry[];
}

export class GatheredHistogram {
  readonly #kept = new Float64Array(batch);
  readonly #histogram: Histogram;
  #count = 0;

  constructor(options: GatheredHistogramOptions) {
    this.#histogram = new Histogram({ ...options, collect: () => this.#report() });
  }

  observe(value: number): void {
    this.#kept[this.#count++] = value;
    if (this.#count === batch) this.#report();
  }

  #report(): void {
    for (const value of this.#kept.subarray(0, this.#count)) this.#histogram.observe(value);
    this.#count = 0;
  }
}
