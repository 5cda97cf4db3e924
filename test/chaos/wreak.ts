/** Faults, one after the other or two at a time, all undone in the end. */
import type { Counts } from './counts.ts';
import { type FaultName, type Undo, faultsByName, isPossible, lonelyFaults } from './faults.ts';
import { pause } from './pause.ts';
import type { Stage } from './stage.ts';
import type { Turns } from './turns.ts';

/** Between faults, at most. */
const calmMs = 600;
/** A fault lasts, at most. */
const faultMs = 2500;

export interface WreakOptions {
  /** In [0, 1) */
  readonly random: () => number;
  readonly seconds: number;
  readonly wanted: readonly FaultName[];
  readonly counts: Counts;
  /** A lonely fault takes one: nobody changes the members meanwhile. */
  readonly turns: Turns;
}

export async function wreak(stage: Stage, { random, seconds, wanted, counts, turns }: WreakOptions): Promise<void> {
  const endMs = performance.now() + seconds * 1000;
  let active: Undo[] = [];
  const begin = async (name: FaultName): Promise<void> => {
    counts.add(name);
    active.push(await faultsByName[name]({ stage, random }));
    await pause(faultMs * random());
  };
  const undoAll = async (): Promise<void> => {
    for (const undo of active) await undo();
    active = [];
  };
  while (performance.now() < endMs) {
    const possible = wanted.filter((name) => isPossible(name, stage));
    const name = possible[Math.floor(random() * possible.length)];
    if (name === undefined) {
      await pause(calmMs);
    } else if (lonelyFaults.has(name)) {
      await undoAll();
      await turns.run(async () => {
        await stage.allServe();
        // Whom it was for may be gone by now.
        if (!isPossible(name, stage)) return;
        await begin(name);
        await undoAll();
        await stage.allServe();
      });
    } else {
      await begin(name);
      // Sometimes the next fault comes on top.
      if (active.length <= 1 && random() >= 0.7) continue;
      await undoAll();
      if (random() < 0.5) await stage.allServe();
    }
    await pause(calmMs * random());
  }
  await undoAll();
}
