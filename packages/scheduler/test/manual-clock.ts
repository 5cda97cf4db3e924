/** A clock that moves only when told, and then runs what became due, in order. */
import type { Clock } from '@flotilla/base';

export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(): ManualClock {
  let nowMs = 0;
  const pending = new Set<{ readonly atMs: number; readonly run: () => void }>();
  const after: Clock['after'] = (delayMs, run) => {
    const timer = { atMs: nowMs + delayMs, run };
    pending.add(timer);
    return { cancel: () => void pending.delete(timer) };
  };
  return {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after,
    every: () => {
      throw new Error('this clock has no periodic timers');
    },
    advance(ms) {
      const end = nowMs + ms;
      for (;;) {
        const [next] = [...pending].filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs);
        if (!next) break;
        pending.delete(next);
        nowMs = next.atMs;
        next.run();
      }
      nowMs = end;
    },
  };
}
