/**
 * How long a container that ended waits for its restart, as Kubernetes has it: the first restart is at once, the next ones wait
 * 10 s, 20 s, … up to 5 min after the end; a container that ran for 10 min starts anew.
 *
 * Example, ends at 0, 1 and 12 s: restarts at 0 (delay becomes 10 s), at 11 (20 s), at 32 (40 s).
 */

const initialMs = 10_000;
const maxMs = 300_000;
const resetMs = 600_000;

export interface RestartBackoff {
  /** How long a container that ended at `finishedAtMs` still waits; 0 when it may start. */
  waitMs(name: string, at: { readonly finishedAtMs: number; readonly nowMs: number }): number;
  /** The delay that now applies, for people. */
  delayMs(name: string): number;
  /** A restart happened. */
  restarted(name: string, nowMs: number): void;
}

export function createRestartBackoff(): RestartBackoff {
  const delays = new Map<string, { delayMs: number; restartedAtMs: number }>();
  return {
    waitMs(name, { finishedAtMs, nowMs }) {
      const entry = delays.get(name);
      if (!entry) return 0;
      if (finishedAtMs - entry.restartedAtMs > resetMs) {
        delays.delete(name);
        return 0;
      }
      // A wall clock that jumped back must not make a container wait for longer than its delay.
      return Math.min(entry.delayMs, Math.max(0, finishedAtMs + entry.delayMs - nowMs));
    },
    delayMs: (name) => delays.get(name)?.delayMs ?? 0,
    restarted(name, nowMs) {
      const entry = delays.get(name);
      const delayMs = entry ? Math.min(maxMs, entry.delayMs * 2) : initialMs;
      delays.set(name, { delayMs, restartedAtMs: nowMs });
    },
  };
}
