/**
 * Time as a parameter. Everything that waits or measures takes a Clock, so that a simulator can own time.
 */

/** A timer that was started; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since the epoch; may jump. */
  wallMs(): number;
  /** Monotonic clock, milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
  /** Calls `callback` once after at least `delayMs`. A pending timer does not keep the process alive when `unref` is set. */
  after(delayMs: number, callback: () => void, options?: { unref?: boolean }): Timer;
  /** Calls `callback` every `periodMs` until cancelled. */
  every(periodMs: number, callback: () => void, options?: { unref?: boolean }): Timer;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback, options) {
    const handle = setTimeout(callback, delayMs);
    if (options?.unref === true) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, callback, options) {
    const handle = setInterval(callback, periodMs);
    if (options?.unref === true) handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
};

/** Resolves after `delayMs`, or as soon as `signal` is aborted (it never rejects: check the signal). */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const finish = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.after(delayMs, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
