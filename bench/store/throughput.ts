/**
 * The two rows of a load of calls: throughput first, then the p99 latency of the same calls at 70 % of what etcd reached, the
 * same rate offered to both. A side that falls behind the rate is said to: its latency is of fewer calls than were asked for.
 */
import { summaryOf } from '../statistics.ts';
import type { StoreRow } from './row.ts';
import type { Side } from './sides.ts';
import { type TurnsOfBoth, inTurns, percentile } from './turns.ts';

/** What one turn of calls came to. */
export interface Driven {
  readonly perSecond: number;
  /** Milliseconds of each call, ascending; needed only at a rate. */
  readonly latenciesMs: readonly number[];
  readonly generatorCpuSeconds: number;
}

export interface Driving extends TurnsOfBoth {
  readonly name: string;
  /** One turn, checked: as fast as answers come, or at a rate. */
  readonly drive: (side: Side, rate?: number) => Promise<Driven>;
}

const offeredShare = 0.7;
/** Less of the offered rate than this was not a measurement at that rate. */
const keptShare = 0.97;

export async function throughputThenLatency({ name, drive, ...turns }: Driving): Promise<readonly StoreRow[]> {
  const [throughput] = await inTurns({
    ...turns,
    rows: [{ name, unit: 'calls/s' }],
    load: async (side) => {
      const { perSecond, generatorCpuSeconds } = await drive(side);
      return { values: [perSecond], generatorCpuSeconds };
    },
  });
  if (!throughput) throw new Error(`${name} was not measured`);
  const rate = offeredShare * summaryOf(throughput.samples.etcd).median;
  const [p99, share] = await inTurns({
    ...turns,
    rows: [
      { name: `${name}: p99 at 70 % of etcd`, unit: 'ms' },
      { name: `${name}: share of the offered rate`, unit: '' },
    ],
    load: async (side) => {
      const { perSecond, latenciesMs, generatorCpuSeconds } = await drive(side, rate);
      return { values: [percentile(latenciesMs, 0.99), perSecond / rate], generatorCpuSeconds };
    },
  });
  if (!p99 || !share) throw new Error(`the latency of ${name} was not measured`);
  const keptTurns = {
    flotilla: share.samples.flotilla.filter((kept) => kept >= keptShare).length,
    etcd: share.samples.etcd.filter((kept) => kept >= keptShare).length,
  };
  return [throughput, { ...p99, offered: { perSecond: rate, keptTurns } }];
}
