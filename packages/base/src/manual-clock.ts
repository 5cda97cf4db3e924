/** A clock that moves only when told to: time for tests and simulations. */
import type { Clock } from './clock.ts';

export interface ManualClock extends Clock {
  /**
   * Moves time on, calling what falls due in order of its time; before each call and at the end, everything that is ready to
   * run gets its turn, so that a timer set meanwhile is met as well.
   */
  advance(ms: number): Promise<void>;
  /** Timers that are pending. */
  readonly pending: number;
}

interface Due {
  readonly atMs: number;
  readonly callback: () => void;
}

/** @param startWallMs the wall clock at the start; the monotonic clock starts at 0. */
export function createManualClock(startWallMs = 1_767_225_600_000): ManualClock {
  const timers = new Set<Due>();
  let nowMs = 0;

  const after = (delayMs: number, callback: () => void): { cancel(): void } => {
    const due = { atMs: nowMs + delayMs, callback };
    timers.add(due);
    return { cancel: () => void timers.delete(due) };
  };
  const next = (untilMs: number): Due | undefined => {
    let earliest: Due | undefined;
    for (const due of timers) if (due.atMs <= untilMs && due.atMs < (earliest?.atMs ?? Infinity)) earliest = due;
    return earliest;
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => void setImmediate(resolve));
  };

  return {
    wallMs: () => startWallMs + nowMs,
    monotonicMs: () => nowMs,
    after,
    every(periodMs, callback) {
      let timer = after(periodMs, function again() {
        timer = after(periodMs, again);
        callback();
      });
      return { cancel: () => timer.cancel() };
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let due = next(untilMs); due; due = next(untilMs)) {
        timers.delete(due);
        nowMs = Math.max(nowMs, due.atMs);
        due.callback();
        await settle();
      }
      nowMs = untilMs;
      await settle();
    },
    get pending() {
      return timers.size;
    },
  };
}
