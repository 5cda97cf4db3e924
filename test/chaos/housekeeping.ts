/** What operators do to the keyspace while clients work: compactions at any revision, with watchers behind them, and defragmentations. */
import { attempt, callTimeoutMs } from './attempts.ts';
import type { ChangeName, Counts } from './counts.ts';
import type { Work } from './key-clients.ts';
import { shownBefore } from './memory.ts';
import { pause } from './pause.ts';
import { followEverything } from './watchers.ts';

/** Between two of them, at most. */
const restMs = 2500;
/** A watcher that comes for a while, at most. */
const visitMs = 1500;

export interface HousekeepingOptions {
  readonly counts: Counts;
  readonly wanted: ReadonlySet<ChangeName>;
}

export async function keepHouse(work: Work, { counts, wanted }: HousekeepingOptions): Promise<void> {
  const { random, isOver } = work;
  while (!isOver()) {
    await pause(restMs * random());
    if (wanted.has('compact') && random() < 0.7 && (await compact(work))) counts.add('compact');
    if (wanted.has('defragment') && random() < 0.4 && (await defragment(work))) counts.add('defragment');
  }
}

/** Never beyond what was shown to somebody: the judge must know what happened. */
async function compact({ callers, memory, random }: Work): Promise<boolean> {
  const before = memory.compacted;
  const revision = before + Math.floor(random() * (shownBefore(memory) - before));
  if (revision <= before) return false;
  memory.compacted = revision;
  const request = { revision, physical: random() < 0.3 };
  return (await attempt(() => callers.any().client.kv.Compact(request, { timeoutMs: callTimeoutMs }))) !== undefined;
}

async function defragment({ callers }: Work): Promise<boolean> {
  const { client } = callers.any();
  return (await attempt(() => client.maintenance.Defragment({}, { timeoutMs: 4 * callTimeoutMs }))) !== undefined;
}

/** Watchers that begin anywhere in the past, see a part of it, and go. */
export async function visit(work: Work, number: number): Promise<void> {
  const { callers, memory, random, isOver } = work;
  for (let visit = 1; !isOver(); visit++) {
    const end = new AbortController();
    const options = {
      name: `visit ${visit} of ${number}`,
      member: callers.any().member,
      first: 1 + Math.floor(random() * shownBefore(memory)),
      memory,
      end: end.signal,
      isVisitor: true,
    };
    const following = followEverything(callers, options);
    await pause(visitMs * random());
    end.abort();
    await following;
  }
}
