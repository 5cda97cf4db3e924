/**
 * Finds the watchers of a key: those of the one key in a map, those of intervals by interval, so that a thousand
 * watchers of one prefix cost one comparison. Watchers of an interval that want the same are a class, which is visited
 * as a whole.
 */
import { bytesToText } from '../bytes.ts';
import { type Interval, contains } from '../interval.ts';
import type { Watcher } from './watcher.ts';

/** Watchers of one interval that get the same events. */
export interface WatcherClass {
  readonly wantsPuts: boolean;
  readonly wantsDeletes: boolean;
  readonly wantsPrevious: boolean;
  readonly members: Set<Watcher>;
}

interface Group {
  readonly interval: Interval;
  readonly classes: WatcherClass[];
}

export class WatcherIndex {
  readonly #points = new Map<string, Group>();
  readonly #ranges = new Map<string, Group>();

  get isEmpty(): boolean {
    return this.#points.size === 0 && this.#ranges.size === 0;
  }

  add(watcher: Watcher): void {
    const { interval } = watcher.options;
    const { groups, name } = this.#placeOf(interval);
    let group = groups.get(name);
    if (!group) {
      group = { interval, classes: [] };
      groups.set(name, group);
    }
    classFor(group, watcher).members.add(watcher);
  }

  remove(watcher: Watcher): void {
    const { groups, name } = this.#placeOf(watcher.options.interval);
    const group = groups.get(name);
    if (!group) return;
    for (const { members } of group.classes) members.delete(watcher);
    if (group.classes.every(({ members }) => members.size === 0)) groups.delete(name);
  }

  /** Visits the classes of a key. Watchers may be removed while they are visited. */
  match(key: Uint8Array, visit: (watchers: WatcherClass) => void): void {
    if (this.#points.size > 0) this.#points.get(bytesToText(key))?.classes.forEach(visit);
    for (const { interval, classes } of this.#ranges.values()) {
      if (contains(interval, key)) classes.forEach(visit);
    }
  }

  #placeOf(interval: Interval): { readonly groups: Map<string, Group>; readonly name: string } {
    return { groups: interval.isPoint ? this.#points : this.#ranges, name: nameOf(interval) };
  }
}

function classFor({ classes }: Group, { options }: Watcher): WatcherClass {
  const { wantsPuts, wantsDeletes, wantsPrevious } = options;
  const found = classes.find(
    (one) => one.wantsPuts === wantsPuts && one.wantsDeletes === wantsDeletes && one.wantsPrevious === wantsPrevious,
  );
  if (found) return found;
  const made = { wantsPuts, wantsDeletes, wantsPrevious, members: new Set<Watcher>() };
  classes.push(made);
  return made;
}

/** Keys may hold any byte, so the start's length is part of the name. */
function nameOf({ start, end, isPoint }: Interval): string {
  if (isPoint) return bytesToText(start);
  return `${start.length}:${bytesToText(start)}${end ? `-${bytesToText(end)}` : ''}`;
}
