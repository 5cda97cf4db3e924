/** A clock that a test moves. */
import type { Clock } from '@flotilla/base';

export interface TestClock extends Clock {
  /** Moves time and runs what falls due, in order. */
  advance(ms: number): void;
}

export function createTestClock(): TestClock {
  let now = 1000;
  const timers = new Set<{ at: number; run: () => void }>();
  const after = (delayMs: number, run: () => void) => {
    const timer = {
      at: now + delayMs,
      run: () => {
        timers.delete(timer);
        run();
      },
    };
    timers.add(timer);
    return { cancel: () => void timers.delete(timer) };
  };
  return {
    wallMs: () => now,
    monotonicMs: () => now,
    after,
    every(periodMs, callback) {
      let current = after(periodMs, function fire() {
        current = after(periodMs, fire);
        callback();
      });
      return { cancel: () => current.cancel() };
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        now = due.at;
        due.run();
      }
      now = end;
    },
  };
}
