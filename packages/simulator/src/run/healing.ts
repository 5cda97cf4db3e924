/**
 * How long a healed cluster may take until it serves, and then from one step forward to the next until all members agree: what
 * takes longer is a stall of the code.
 *
 * To serve, it needs a majority, whose drives are fast in every mix. To agree, it needs its slowest drive too, and that may take
 * a second for a sync: a member on it is busy for 20 s before it has as much as started, and one that takes few entries at a
 * time catches up in a hundred syncs. So each step has its bound, in syncs; the steps come to an end, because clients have ended.
 */
import type { Drive } from '../disk/drive.ts';
import type { Plan } from './plan.ts';

export interface HealingBounds {
  readonly servesWithinMs: number;
  /** A member that is behind has come further within this. */
  readonly stepsWithinMs: number;
}

export interface HealedDrives {
  readonly drives: readonly Pick<Drive, 'busyUntilMs' | 'longestSyncMs'>[];
  /** When everything healed. */
  readonly nowMs: number;
}

/** For all that is no sync: connections, questions, retries; beside what elections take. */
const recoveryMs = 10_000;
/** Elections may fail so often, one after the other. */
const elections = 20;

/**
 * Syncs that follow each other, at the worst, until a member applies more than it ever had:
 *
 *     16  it begins its directory anew: witness 3, log 3, state 6, log and directory opened 4; or it was told to stop (log,
 *         witness and state, 4) and starts again (at most 12: witness 1, state 1, log repaired 2, opened 2, and restarted
 *         behind a snapshot that was installed just before, 6)
 *      1  the leader's term, in log and witness at once
 *     14  a snapshot: received 1 and announced 1; its rows 1, its record 2, opened 1, the old state closed 1; then the log
 *         behind it: the mark 1, a segment with witness and hard state 4, the mark 1, the old segments gone 1
 *      1  the entries behind the snapshot
 *      8  two segments of the log that are full on the way, 4 each
 */
const syncsOfAStep = 40;

/** Where members change, a majority may need a newcomer: who begins its directory, is given a snapshot, and follows. */
const stepsOfNewcomers = 3;

export function healingBounds(
  { settings, membership }: Pick<Plan, 'settings' | 'membership'>,
  { drives, nowMs }: HealedDrives,
): HealingBounds {
  const { heartbeatMs, electionTicks } = settings[0] as Plan['settings'][number];
  const withinMs = recoveryMs + elections * heartbeatMs * electionTicks;
  const neededMs = drives.map(
    ({ busyUntilMs, longestSyncMs }) => Math.max(0, busyUntilMs - nowMs) + syncsOfAStep * longestSyncMs,
  );
  const stepsWithinMs = withinMs + Math.max(...neededMs);
  return { servesWithinMs: membership ? stepsOfNewcomers * stepsWithinMs : withinMs, stepsWithinMs };
}
