/**
 * The owner of background work. A component starts its loops in one group; closing the group aborts their
 * signal and waits for them. A loop that throws fails the group: nothing is swallowed.
 */
import { messageOf } from './errors.ts';

export interface TaskGroup {
  /** Aborted when the group is closed or a task failed. */
  readonly signal: AbortSignal;
  /** Runs `task` in the background; a rejection (other than after abort) fails the group. */
  run(name: string, task: (signal: AbortSignal) => Promise<void>): void;
  /** Aborts all tasks and waits until they returned. Idempotent. */
  close(): Promise<void>;
  /** Resolves after `close`; rejects with the first failure. */
  readonly stopped: Promise<void>;
}

export function createTaskGroup(): TaskGroup {
  const controller = new AbortController();
  const tasks = new Set<Promise<void>>();
  let settle: { resolve(): void; reject(error: Error): void };
  const stopped = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // A group whose owner only calls close() must not end the process with an unhandled rejection.
  stopped.catch((error: unknown) => error);

  return {
    signal: controller.signal,
    stopped,
    run(name, task) {
      const running = task(controller.signal).catch((error: unknown) => {
        if (controller.signal.aborted) return;
        settle.reject(new Error(`${name} failed: ${messageOf(error)}`, { cause: error }));
        controller.abort();
      });
      tasks.add(running);
      void running.finally(() => tasks.delete(running));
    },
    async close() {
      controller.abort();
      while (tasks.size > 0) await Promise.all(tasks);
      settle.resolve();
    },
  };
}
