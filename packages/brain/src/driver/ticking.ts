/**
 * Ticks, counted against the monotonic clock. After a late timer (a stalled turn, a paused process) one poll phase first
 * delivers what the sockets hold; then the ticks that passed are counted: on a follower at most one short of the election
 * timeout, because what it missed may have been this process's fault; on a leader all of them.
 */
import type { Clock, Timer } from '@flotilla/base';
import type { Raft } from '@flotilla/raft';

export interface TickingOptions {
  readonly clock: Clock;
  readonly raft: Raft;
  readonly tickMs: number;
  readonly electionTicks: number;
  /** Runs `callback` when the sockets had their turn. */
  readonly afterPoll: (callback: () => void) => void;
  /** Told when a leader's heartbeats leave more than two intervals after the ones before. */
  readonly onLateHeartbeats: () => void;
  /** Told after ticks were counted. */
  readonly onTick: () => void;
}

export function startTicking(options: TickingOptions): Timer {
  const { clock, raft, tickMs, electionTicks, afterPoll, onTick, onLateHeartbeats } = options;
  let countedMs = clock.monotonicMs();
  /** Of a leader. */
  let heartbeatMs: number | undefined;
  let stopped = false;

  const count = (): void => {
    if (stopped) return;
    const nowMs = clock.monotonicMs();
    const passed = Math.floor((nowMs - countedMs) / tickMs);
    if (passed === 0) return;
    if (raft.role === 'leader' && heartbeatMs !== undefined && nowMs - heartbeatMs > 2 * tickMs) onLateHeartbeats();
    heartbeatMs = raft.role === 'leader' ? nowMs : undefined;
    countedMs += passed * tickMs;
    const due = raft.role === 'leader' ? passed : Math.min(passed, electionTicks - 1);
    for (let i = 0; i < due; i++) raft.tick();
    onTick();
  };
  // The timer runs at twice the pace of the ticks: its own lateness must not make a tick a whole period late.
  const timer = clock.every(tickMs / 2, () => {
    const lateBy = clock.monotonicMs() - countedMs;
    if (lateBy < 2 * tickMs) count();
    else afterPoll(count);
  });
  return {
    cancel() {
      stopped = true;
      timer.cancel();
    },
  };
}
