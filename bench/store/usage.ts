/** What a load costs the members, by the kernel and by their own metrics: CPU, peak memory, bytes written, syncs of the log. */
import { cpuSecondsOf, peakRssMiB, resetPeakRss, writtenMiB } from '../proc.ts';
import type { Side } from './sides.ts';

/** Of one member, over one turn. */
export interface Usage {
  readonly cpuSeconds: number;
  /** The highest within the turn. */
  readonly peakRssMiB: number;
  /** Given to the file system, whether or not it has reached the disk. */
  readonly writtenMiB: number;
  readonly syncsPerSecond: number;
}

interface Reading {
  readonly atMs: number;
  readonly members: readonly { readonly cpuSeconds: number; readonly writtenMiB: number; readonly syncs: number }[];
}

/** Both name it alike: it counts the syncs of the write-ahead log. */
const syncMetric = 'etcd_disk_wal_fsync_duration_seconds_count';

async function syncsOf(endpoint: string): Promise<number> {
  const response = await fetch(`http://${endpoint}/metrics`);
  const [, count] = new RegExp(`^${syncMetric}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(await response.text()) ?? [];
  if (count === undefined) throw new Error(`${endpoint} does not tell ${syncMetric}`);
  return Number(count);
}

async function readingOf({ store }: Side): Promise<Reading> {
  const members = await Promise.all(
    store.endpoints.map(async (endpoint, index) => {
      const pid = store.pidOf(index);
      return { cpuSeconds: cpuSecondsOf(pid), writtenMiB: writtenMiB(pid), syncs: await syncsOf(endpoint) };
    }),
  );
  return { atMs: performance.now(), members };
}

export interface Metered<T> {
  readonly result: T;
  /** By member, in the order of the endpoints. */
  readonly usage: readonly Usage[];
}

/** Runs a turn of load between two readings. */
export async function metered<T>(side: Side, load: () => Promise<T>): Promise<Metered<T>> {
  const before = await readingOf(side);
  for (const index of side.store.endpoints.keys()) resetPeakRss(side.store.pidOf(index));
  const result = await load();
  const after = await readingOf(side);
  const seconds = (after.atMs - before.atMs) / 1000;
  const usage = after.members.map((member, index) => {
    const earlier = before.members[index] ?? member;
    return {
      cpuSeconds: member.cpuSeconds - earlier.cpuSeconds,
      peakRssMiB: peakRssMiB(side.store.pidOf(index)),
      writtenMiB: member.writtenMiB - earlier.writtenMiB,
      syncsPerSecond: (member.syncs - earlier.syncs) / seconds,
    };
  });
  return { result, usage };
}
