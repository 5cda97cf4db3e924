/** How often each thing befell the members of a round. */
import { type FaultName, faultNames } from './faults.ts';

/** What operators do, meaning well. */
export const changeNames = ['grow', 'shrink', 'removeLeader', 'replace', 'compact', 'defragment'] as const;

export type ChangeName = (typeof changeNames)[number];
export type Happening = FaultName | ChangeName;

export const happenings: readonly Happening[] = [...faultNames, ...changeNames];

export class Counts {
  readonly #counts = new Map<Happening, number>();

  add(name: Happening): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  get all(): ReadonlyMap<Happening, number> {
    return this.#counts;
  }
}
