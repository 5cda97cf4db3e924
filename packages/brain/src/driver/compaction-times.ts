/** Measures the compactions of a keyspace. */
import type { Clock } from '@flotilla/base';
import type { CompactionObserver } from '@flotilla/store';
import type { CompactionMetrics } from '../metrics.ts';

export function compactionTimes(metrics: CompactionMetrics, clock: Clock): CompactionObserver {
  let beganMs = 0;
  let sliceBeganMs = 0;
  return {
    began() {
      beganMs = clock.monotonicMs();
    },
    sliceBegan() {
      sliceBeganMs = clock.monotonicMs();
    },
    sliceEnded() {
      const tookMs = clock.monotonicMs() - sliceBeganMs;
      metrics.indexPauseMs.observe(tookMs);
      metrics.pauseMs.observe(tookMs);
    },
    ended() {
      metrics.totalMs.observe(clock.monotonicMs() - beganMs);
      metrics.last.set(Math.floor(clock.wallMs() / 1000));
    },
  };
}
