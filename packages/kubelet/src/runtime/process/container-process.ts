/**
 * One container of the process runtime: a process group in a session of its own, from creation to its end.
 *
 * Invariants: the record on disk is never ahead of what was done and never more than one step behind it; the phase only goes
 * created → starting → running → exited; `exited` is written when no process with the container's marker runs and the log is
 * whole. Whoever leads the group decides the exit: when it ends, the rest of the group is killed, as in a PID namespace.
 */
import { spawn } from 'node:child_process';
import { chownSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { OperatingError, assert, messageOf, sleep, type Clock, type Logger, type Timer } from '@flotilla/base';
import { prepareRoot, prepareWorkingDirectory } from './container-directory.ts';
import type { ContainerExit, ContainerPhase, ContainerRecord } from './container-record.ts';
import { markerVariable, processEnvironment } from './environment.ts';
import { OutputCollector, type OutputLimits } from './output-collector.ts';
import { identifyChild, isRunning, type ProcessIdentity } from './process-table.ts';
import { exitCodeOfSignal, killMarked, signalGroup } from './signals.ts';

export interface ContainerSurroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: OutputLimits;
  /** The container's folder: record, raw output, root. */
  readonly directory: string;
  /** Value of the marker variable in the environment of all its processes. */
  readonly marker: string;
  /** The pod's own address, undefined in the host's network. */
  readonly address: string | undefined;
  readonly hostname: string;
  /** Directory that the config's `log_path` is relative to. */
  readonly logDirectory: string;
  save(record: ContainerRecord): void;
  changed(container: ContainerProcess, change: 'started' | 'stopped'): void;
}

/** How a process ended that nobody watched, in the kubelet's own words. */
const unwatchedExit: ContainerExit = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The process ended while no kubelet watched it; its exit code is not known',
};

/** How often an adopted process is looked at: it is not our child, so nobody tells us. */
const adoptedPollMs = 200;
/** SIGKILL works at once unless the kernel holds the process (a dead network disk). */
const killTimeoutMs = 10_000;

export class ContainerProcess {
  #record: ContainerRecord;
  readonly #surroundings: ContainerSurroundings;
  readonly #root: string;
  readonly #rawDirectory: string;
  readonly #ended: Promise<void>;
  #settleEnded: () => void = () => undefined;
  #collector: OutputCollector | undefined;
  #poll: Timer | undefined;
  #kill: { readonly atMs: number; readonly timer: Timer } | undefined;
  readonly #closed = new AbortController();

  constructor(record: ContainerRecord, surroundings: ContainerSurroundings) {
    this.#record = record;
    this.#surroundings = surroundings;
    this.#root = join(surroundings.directory, 'root');
    this.#rawDirectory = join(surroundings.directory, 'output');
    this.#ended = new Promise((resolveEnded) => {
      this.#settleEnded = resolveEnded;
    });
    if (record.phase.state === 'exited') this.#settleEnded();
  }

  get record(): ContainerRecord {
    return this.#record;
  }

  get logPath(): string {
    return resolve(this.#surroundings.logDirectory, this.#record.config.log_path);
  }

  /** What a process of this container is started with. */
  get environment(): NodeJS.ProcessEnv {
    const { marker, address, hostname } = this.#surroundings;
    return processEnvironment({ envs: this.#record.config.envs, marker, address, hostname, home: this.#root });
  }

  /** @throws OperatingError `INVALID_CONTAINER` */
  get workingDirectory(): string {
    return prepareWorkingDirectory(this.#root, this.#record.config);
  }

  /** @throws OperatingError `CONTAINER_START_FAILED`; the container is then exited with code 128. */
  async start(): Promise<void> {
    assert(this.#record.phase.state === 'created', 'a container is started once');
    const startedAtMs = this.#surroundings.clock.wallMs();
    try {
      this.#enter({ state: 'starting', startedAtMs });
      await this.#spawn(startedAtMs);
    } catch (error) {
      const message = messageOf(error);
      this.#exit({ exitCode: 128, reason: 'StartError', message });
      throw new OperatingError('CONTAINER_START_FAILED', message, { cause: error });
    }
  }

  /** Takes over the process that an earlier kubelet started; without one the container has ended unwatched. */
  adopt(leader: ProcessIdentity | undefined): void {
    const { phase } = this.#record;
    assert(phase.state === 'starting' || phase.state === 'running', 'only a started container is adopted');
    this.#collect();
    if (!leader) {
      void this.#leaderEnded(unwatchedExit);
      return;
    }
    this.#enter({ state: 'running', startedAtMs: phase.startedAtMs, process: leader });
    this.#poll = this.#surroundings.clock.every(
      adoptedPollMs,
      () => {
        if (!isRunning(leader)) void this.#leaderEnded(unwatchedExit);
      },
      { unref: true },
    );
  }

  /** @throws OperatingError `CONTAINER_STOP_FAILED` */
  async stop({
    timeoutMs,
    signal,
  }: {
    readonly timeoutMs: number;
    readonly signal?: AbortSignal | undefined;
  }): Promise<void> {
    const { phase } = this.#record;
    if (phase.state !== 'running') return;
    if (timeoutMs > 0 && !this.#kill) signalGroup(phase.process, 'SIGTERM');
    this.#killAfter(timeoutMs, phase.process);
    await this.#endedOr(signal);
  }

  /** Leaves the process running and lets go of everything else. */
  detach(): void {
    this.#closed.abort();
    this.#poll?.cancel();
    this.#kill?.timer.cancel();
    this.#collector?.close();
  }

  /** The timer of the nearest deadline counts; a later one never delays an earlier one. */
  #killAfter(timeoutMs: number, leader: ProcessIdentity): void {
    const { clock } = this.#surroundings;
    const atMs = clock.monotonicMs() + timeoutMs;
    if (this.#kill && this.#kill.atMs <= atMs) return;
    this.#kill?.timer.cancel();
    this.#kill = { atMs, timer: clock.after(timeoutMs, () => signalGroup(leader, 'SIGKILL'), { unref: true }) };
  }

  async #endedOr(signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#surroundings;
    for (;;) {
      const remainingMs = (this.#kill?.atMs ?? 0) + killTimeoutMs - clock.monotonicMs();
      const patience = new AbortController();
      const stops = [patience.signal, this.#closed.signal, ...(signal ? [signal] : [])];
      await Promise.race([this.#ended, sleep(clock, Math.max(0, remainingMs), AbortSignal.any(stops))]);
      patience.abort();
      if (this.#record.phase.state === 'exited' || this.#closed.signal.aborted || signal?.aborted === true) return;
      if ((this.#kill?.atMs ?? 0) + killTimeoutMs <= clock.monotonicMs()) {
        throw new OperatingError('CONTAINER_STOP_FAILED', `the processes of ${this.#record.id} do not end on SIGKILL`);
      }
    }
  }

  async #spawn(startedAtMs: number): Promise<void> {
    const { config } = this.#record;
    const [command = '', ...args] = [...config.command, ...config.args];
    prepareRoot(this.#root, config.mounts);
    const cwd = this.workingDirectory;
    const user = this.#user();
    mkdirSync(this.#rawDirectory, { recursive: true });
    const stdout = openSync(join(this.#rawDirectory, 'stdout'), 'a', 0o600);
    const stderr = openSync(join(this.#rawDirectory, 'stderr'), 'a', 0o600);
    try {
      const child = spawn(isAbsolute(command) ? this.#mounted(command) : command, args, {
        cwd,
        env: this.environment,
        detached: true,
        stdio: ['ignore', stdout, stderr],
        ...user,
      });
      const { pid } = child;
      const settled = new Promise<void>((resolveSpawn, reject) => {
        child.once('spawn', resolveSpawn);
        child.once('error', reject);
      });
      child.once('exit', (code, signal) => {
        if (pid !== undefined) void this.#leaderEnded(exitOf(code, signal));
      });
      child.unref();
      // Same turn as the spawn: the child cannot have been reaped, so this is its identity and nobody else's.
      if (pid !== undefined) this.#enter({ state: 'running', startedAtMs, process: identifyChild(pid) });
      await settled;
    } finally {
      closeSync(stdout);
      closeSync(stderr);
    }
    this.#collect();
    this.#surroundings.changed(this, 'started');
  }

  /** A program in a volume: `/app/run` with a mount at `/app` is found in the container's directory. */
  #mounted(command: string): string {
    const { mounts } = this.#record.config;
    const inside = mounts.some((mount) => command.startsWith(`${mount.container_path}/`));
    return inside ? join(this.#root, command) : command;
  }

  #user(): { readonly uid?: number; readonly gid?: number } {
    const security = this.#record.config.linux?.security_context;
    const uid = security?.run_as_user?.value;
    const gid = security?.run_as_group?.value;
    if (uid === undefined && gid === undefined) return {};
    const own = process.getuid?.();
    if (own === 0) {
      chownSync(this.#root, uid ?? 0, gid ?? 0);
      return { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
    }
    if (uid !== undefined && uid !== own) {
      throw new OperatingError(
        'INVALID_CONTAINER',
        `a kubelet that runs as user ${own} cannot run a container as ${uid}`,
      );
    }
    return {};
  }

  #collect(): void {
    if (this.#collector || this.#closed.signal.aborted || this.#record.phase.state === 'exited') return;
    const { clock, limits, directory, logger } = this.#surroundings;
    mkdirSync(this.#rawDirectory, { recursive: true });
    const positionPath = join(directory, 'position.json');
    this.#collector = new OutputCollector({
      rawDirectory: this.#rawDirectory,
      logPath: this.logPath,
      positionPath,
      limits,
      clock,
      logger,
    });
  }

  async #leaderEnded(exit: ContainerExit): Promise<void> {
    this.#poll?.cancel();
    const { signal } = this.#closed;
    const marked = { variable: markerVariable, prefix: this.#surroundings.marker };
    for (let waitMs = 5; !signal.aborted && !killMarked(marked); waitMs = Math.min(1000, waitMs * 2)) {
      await sleep(this.#surroundings.clock, waitMs, signal);
    }
    // Whoever detached leaves the end to the next kubelet, which finds no process and no exit code.
    if (signal.aborted) return;
    this.#exit(exit);
  }

  #exit(exit: ContainerExit): void {
    const { phase } = this.#record;
    assert(phase.state === 'starting' || phase.state === 'running', 'a container ends once');
    this.#collect();
    this.#collector?.finish();
    this.#kill?.timer.cancel();
    const finishedAtMs = this.#surroundings.clock.wallMs();
    this.#enter({ state: 'exited', startedAtMs: phase.startedAtMs, finishedAtMs, exit });
    this.#settleEnded();
    this.#surroundings.changed(this, 'stopped');
  }

  /**
   * A start that cannot be recorded does not happen. What cannot be recorded later (a full disk) is found again by the next kubelet:
   * a running process by its marker, an ended one by its absence.
   */
  #enter(phase: ContainerPhase): void {
    this.#record = { ...this.#record, phase };
    try {
      this.#surroundings.save(this.#record);
    } catch (error) {
      if (phase.state === 'starting') throw error;
      const { logger } = this.#surroundings;
      logger.error('a container could not be recorded', { container: this.#record.id, state: phase.state, err: error });
    }
  }
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): ContainerExit {
  const exitCode = signal === null ? (code ?? 0) : exitCodeOfSignal(signal);
  return { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', message: '' };
}
