/**
 * The recent events of a kind, bounded. A watch may begin at any revision from `start` on: all events after it are here.
 */
import type { CacheEvent } from './cache-event.ts';

export interface EventWindow {
  /** Events with a greater revision are all here. */
  readonly start: number;
  push(event: CacheEvent): void;
  /** Events with a revision greater than `revision`, oldest first; only for `revision >= start`. */
  after(revision: number): readonly CacheEvent[];
}

/** @param capacity the most events that are kept. @param start the revision of the list that the window follows. */
export function createEventWindow(capacity: number, start: number): EventWindow {
  let events: CacheEvent[] = [];
  let head = 0;
  return {
    get start() {
      return start;
    },
    push(event) {
      events.push(event);
      while (events.length - head > capacity) {
        // Every event of a revision goes at once, else a watch from the one before would miss the rest.
        start = events[head]?.revision ?? start;
        while (events[head]?.revision === start) head++;
      }
      if (head < capacity) return;
      events = events.slice(head);
      head = 0;
    },
    after(revision) {
      let low = head;
      let high = events.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((events[middle]?.revision ?? 0) > revision) high = middle;
        else low = middle + 1;
      }
      return events.slice(low);
    },
  };
}
