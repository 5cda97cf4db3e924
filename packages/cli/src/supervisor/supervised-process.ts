/**
 * One process that is kept running. Its states:
 *
 *   starting → ready → (ended) → waiting → starting → …        until closed
 *   starting → (ended before it was ever ready, by itself)     → failed, for good
 *
 * With `restart: false` what has ended stays ended. A process that ended by a signal is otherwise always started again: somebody killed it. One that ends by itself before it was ever
 * ready has a reason that starting again does not remove (a port in use, a broken directory): that fails the start.
 *
 * The child holds one end of an IPC channel: when this process dies, however it dies, the channel closes and the child ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { type Backoff, type Clock, OperatingError, type Randomness, type Timer, createBackoff } from '@flotilla/base';
import { asChildMessage } from './child-messages.ts';

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Its stdout and stderr are appended to this file. */
  readonly logFile: string;
}

export type ProcessState = 'starting' | 'ready' | 'waiting' | 'ended' | 'failed' | 'stopped';

export type ProcessEvent =
  | { readonly type: 'ready'; readonly name: string; readonly restarts: number }
  | { readonly type: 'ended'; readonly name: string; readonly how: string; readonly againInMs: number | undefined };

export interface SupervisedProcess {
  readonly spec: ProcessSpec;
  readonly state: ProcessState;
  /** While it runs. */
  readonly pid: number | undefined;
  readonly restarts: number;
  /** Resolves when it was ready for the first time; rejects with `COMPONENT_FAILED` when it never will be. */
  readonly firstReady: Promise<void>;
  /** Asks it to end, and kills it when it has not after `graceMs`. Idempotent. */
  close(graceMs: number): Promise<void>;
}

export interface SupervisedProcessOptions {
  readonly spec: ProcessSpec;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly onEvent: (event: ProcessEvent) => void;
  /** Whether it is started again when it has ended; true unless told. */
  readonly restart?: boolean;
}

/** A process that ran this long starts its back-off anew. */
const steadyMs = 10_000;

export function startSupervisedProcess(options: SupervisedProcessOptions): SupervisedProcess {
  const { spec, clock, onEvent } = options;
  const backoff: Backoff = createBackoff({ initialMs: 100, maxMs: 10_000 }, options.randomness);
  let state: ProcessState = 'starting';
  let child: ChildProcess | undefined;
  let restarts = 0;
  let wasReady = false;
  let reason: string | undefined;
  let again: Timer | undefined;
  let settle: { resolve(): void; reject(error: Error): void };
  const firstReady = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Whoever only closes the process must not be told of the failure a second time.
  firstReady.catch((error: unknown) => error);

  const run = (): void => {
    state = 'starting';
    reason = undefined;
    const startedMs = clock.monotonicMs();
    const running = spawnLogged(spec);
    child = running;
    running.on('message', (value) => {
      const message = asChildMessage(value);
      if (message?.type === 'failed') reason = message.message;
      if (message?.type !== 'ready' || state !== 'starting') return;
      state = 'ready';
      wasReady = true;
      onEvent({ type: 'ready', name: spec.name, restarts });
      settle.resolve();
    });
    // A child that could not be spawned has no exit event.
    running.on('error', (error) => ended(`could not be run: ${error.message}`, { bySignal: false, startedMs }));
    running.on('exit', (code, signal) => {
      const how = signal === null ? `ended with code ${code}` : `was killed (${signal})`;
      ended(wasReady && reason !== undefined ? `${how}: ${reason}` : how, { bySignal: signal !== null, startedMs });
    });
  };

  const ended = (how: string, { bySignal, startedMs }: { bySignal: boolean; startedMs: number }): void => {
    child = undefined;
    if (state === 'stopped' || state === 'failed') return;
    if (!wasReady && !bySignal) {
      state = 'failed';
      const sentence = reason ?? `${how}; see ${spec.logFile}`;
      settle.reject(new OperatingError('COMPONENT_FAILED', `${spec.name}: ${sentence}`));
      return;
    }
    if (options.restart === false) {
      state = 'ended';
      onEvent({ type: 'ended', name: spec.name, how, againInMs: undefined });
      return;
    }
    if (clock.monotonicMs() - startedMs >= steadyMs) backoff.reset();
    const againInMs = backoff.nextMs();
    state = 'waiting';
    onEvent({ type: 'ended', name: spec.name, how, againInMs });
    restarts++;
    again = clock.after(againInMs, run);
  };

  run();
  return {
    spec,
    get state() {
      return state;
    },
    get pid() {
      return child?.pid;
    },
    get restarts() {
      return restarts;
    },
    firstReady,
    async close(graceMs) {
      again?.cancel();
      if (state !== 'failed') state = 'stopped';
      settle.reject(new OperatingError('COMPONENT_STOPPED', `${spec.name} was stopped before it was ready`));
      if (child) await endChild(child, { clock, graceMs });
    },
  };
}

function spawnLogged({ command, args, env, logFile }: ProcessSpec): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    // A process group of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops all in good order.
    return spawn(command, args, { env, stdio: ['ignore', log, log, 'ipc'], detached: true });
  } finally {
    closeSync(log);
  }
}

async function endChild(child: ChildProcess, { clock, graceMs }: { clock: Clock; graceMs: number }): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const late = clock.after(graceMs, () => child.kill('SIGKILL'));
  await gone;
  late.cancel();
}
