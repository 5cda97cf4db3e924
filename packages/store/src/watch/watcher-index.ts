/**
 * Finds the watchers of a key: those of the one key in a map, those of intervals by interval, so that a thousand
 * watchers of one prefix cost one comparison.
 */
import { bytesToText } from '../bytes.ts';
import { type Interval, contains } from '../interval.ts';
import type { Watcher } from './watcher.ts';

interface Group {
  readonly interval: Interval;
  readonly watchers: Set<Watcher>;
}

export class WatcherIndex {
  readonly #points = new Map<string, Set<Watcher>>();
  readonly #ranges = new Map<string, Group>();

  get isEmpty(): boolean {
    return this.#points.size === 0 && this.#ranges.size === 0;
  }

  add(watcher: Watcher): void {
    const { interval } = watcher.options;
    const name = nameOf(interval);
    if (interval.isPoint) {
      const watchers = this.#points.get(name) ?? new Set();
      this.#points.set(name, watchers.add(watcher));
    } else {
      const group = this.#ranges.get(name) ?? { interval, watchers: new Set() };
      group.watchers.add(watcher);
      this.#ranges.set(name, group);
    }
  }

  remove(watcher: Watcher): void {
    const { interval } = watcher.options;
    const name = nameOf(interval);
    const watchers = interval.isPoint ? this.#points.get(name) : this.#ranges.get(name)?.watchers;
    watchers?.delete(watcher);
    if (watchers?.size !== 0) return;
    if (interval.isPoint) this.#points.delete(name);
    else this.#ranges.delete(name);
  }

  /** Visits the watchers of a key. A watcher may be removed while it is visited. */
  match(key: Uint8Array, visit: (watcher: Watcher) => void): void {
    this.#points.get(bytesToText(key))?.forEach(visit);
    for (const { interval, watchers } of this.#ranges.values()) {
      if (contains(interval, key)) watchers.forEach(visit);
    }
  }
}

/** Keys may hold any byte, so the start's length is part of the name. */
function nameOf({ start, end, isPoint }: Interval): string {
  if (isPoint) return bytesToText(start);
  return `${start.length}:${bytesToText(start)}${end ? `-${bytesToText(end)}` : ''}`;
}
