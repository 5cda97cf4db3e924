/** The members of a round change: two more than it began with, and back, with some replaced on the way. */
import type { ChangeName, Counts } from './counts.ts';
import type { Operator } from './operator.ts';
import { pause } from './pause.ts';
import type { Stage } from './stage.ts';
import type { Turns } from './turns.ts';

/** Between two changes, at most. */
const restMs = 2000;
/** So many come, and go again. */
const more = 2;

export interface ReconfigureOptions {
  readonly stage: Stage;
  /** In [0, 1) */
  readonly random: () => number;
  readonly isOver: () => boolean;
  /** Members in the beginning. */
  readonly size: number;
  readonly wanted: ReadonlySet<ChangeName>;
  readonly counts: Counts;
  readonly turns: Turns;
}

/** Resolves when it is over, and the change that was under way is done. */
export async function reconfigure(operator: Operator, options: ReconfigureOptions): Promise<void> {
  const { stage, random, isOver, size, wanted, counts, turns } = options;
  let grows = true;
  while (!isOver()) {
    await pause(restMs * random());
    await turns.run(async () => {
      if (isOver()) return;
      const { length } = stage.voters;
      if (length >= size + more) grows = false;
      if (length <= size) grows = true;
      const shrinking = random() < 0.5 ? 'removeLeader' : 'shrink';
      const name = random() < 0.25 ? 'replace' : grows ? 'grow' : shrinking;
      if (!wanted.has(name)) return;
      await operator[name]();
      counts.add(name);
    });
  }
}
