/** The end of a member, which comes once: because somebody asks for it, or because the member can't go on. */
import { type Logger, messageOf } from '@flotilla/base';

export interface Ending {
  /** Resolves when the member was closed, rejects when it had to stop or did not close in good order. */
  readonly stopped: Promise<void>;
  /** The member can't go on. */
  fail(error: Error): void;
  /** Says how the member stops; one that failed while it started does so at once. */
  begin(stop: () => Promise<void>): void;
  close(): Promise<void>;
}

export function createEnding(logger: Logger): Ending {
  let settle: { resolve(): void; reject(error: Error): void } = { resolve: () => undefined, reject: () => undefined };
  const stopped = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Whoever does not look at it still hears of the failure in the log.
  stopped.catch((error: unknown) => error);
  let stop: (() => Promise<void>) | undefined;
  let stopping: Promise<void> | undefined;
  let failure: Error | undefined;
  const stopOnce = (): Promise<void> => (stopping ??= stop?.() ?? Promise.resolve());
  const stopFailed = async (error: Error): Promise<void> => {
    try {
      await stopOnce();
    } catch (stopError) {
      logger.error('the member did not stop in good order', { err: stopError });
    }
    settle.reject(error);
  };
  return {
    stopped,
    fail(error) {
      failure ??= error;
      if (stop) void stopFailed(failure);
    },
    begin(given) {
      stop = given;
      if (failure) void stopFailed(failure);
    },
    async close() {
      try {
        await stopOnce();
        settle.resolve();
      } catch (error) {
        settle.reject(failure ?? (error instanceof Error ? error : new Error(messageOf(error))));
        throw error;
      }
    },
  };
}
