/**
 * A counter for what happens on every call: counting is an addition, and the Prometheus counter learns the sum when somebody
 * reads it.
 */
import { Counter, Gauge, type Registry } from '@flotilla/base/metrics';

export interface Tally {
  add(amount: number): void;
}

interface Pending<L extends string> {
  readonly labels: Readonly<Record<L, string>>;
  amount: number;
}

export interface TalliedCounterOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly L[];
  readonly registers: Registry[];
}

/** As a {@link TalliedCounter} without labels, for what etcd calls a gauge although it only grows. */
export function talliedGauge(name: string, help: string, registry: Registry): Tally {
  let sum = 0;
  const gauge: Gauge = new Gauge({ name, help, registers: [registry], collect: () => gauge.set(sum) });
  return { add: (amount) => void (sum += amount) };
}

export class TalliedCounter<L extends string> {
  readonly #labelNames: readonly L[];
  readonly #pending = new Map<string, Pending<L>>();

  constructor({ name, help, labelNames, registers }: TalliedCounterOptions<L>) {
    this.#labelNames = labelNames;
    const counter: Counter<L> = new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers,
      collect: () => this.#report(counter),
    });
  }

  /** What counts for these labels; the same one for the same labels. */
  tally(labels: Readonly<Record<L, string>>): Tally {
    const key = this.#labelNames.map((name) => labels[name]).join('\n');
    const known = this.#pending.get(key);
    const pending = known ?? { labels, amount: 0 };
    if (!known) this.#pending.set(key, pending);
    return { add: (amount) => void (pending.amount += amount) };
  }

  #report(counter: Counter<L>): void {
    for (const pending of this.#pending.values()) {
      if (pending.amount > 0) counter.inc({ ...pending.labels }, pending.amount);
      pending.amount = 0;
    }
  }
}
