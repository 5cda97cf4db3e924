/** Runs the planned components of a cluster: each as a process of its own, or all in this one. */
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type Clock,
  type LogLevel,
  type Logger,
  OperatingError,
  type Randomness,
  type Running,
  createLogger,
  messageOf,
} from '@flotilla/base';
import type { ComponentName } from '../components/component.ts';
import { loadComponent } from '../components/load-component.ts';
import type { RunningProcess } from '../state/running-file.ts';
import { type ProcessEvent, type SupervisedProcess, startSupervisedProcess } from './supervised-process.ts';

export interface PlannedComponent {
  /** Unique in the cluster. */
  readonly name: string;
  readonly component: ComponentName;
  readonly argv: readonly string[];
  readonly logFile: string;
  /** `host:port` where it serves, if it does. */
  readonly serves?: string;
}

export interface Launcher {
  /** Resolves when it serves for the first time. @throws OperatingError `COMPONENT_FAILED` */
  start(planned: PlannedComponent): Promise<void>;
  readonly planned: readonly PlannedComponent[];
  readonly processes: readonly RunningProcess[];
  /** Rejects when a component has ended that is not started again. */
  readonly failed: Promise<never>;
  /** Stops the components of each stage together, stage after stage. */
  close(stages: readonly StopStage[]): Promise<void>;
}

export interface StopStage {
  readonly components: readonly ComponentName[];
  /** After this time, milliseconds, what has not ended is killed. A stage that needs less leaves the rest to the next ones. */
  readonly graceMs: number;
}

export interface LauncherOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly onEvent: (event: ProcessEvent) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a process that has ended is started again. */
  readonly restart: boolean;
}

const command = fileURLToPath(new URL('../../bin/flotilla.js', import.meta.url));

function stoppedBefore({ name }: PlannedComponent): OperatingError {
  return new OperatingError('COMPONENT_STOPPED', `${name} was not started: the cluster is stopping`);
}

/** A process a component, each started again when it ends. */
export function createProcessLauncher(options: LauncherOptions): Launcher {
  const entries: { planned: PlannedComponent; supervised: SupervisedProcess }[] = [];
  let closed = false;
  return {
    async start(planned) {
      if (closed) throw stoppedBefore(planned);
      const { name, component, argv, logFile } = planned;
      const spec = { name, command: process.execPath, args: [command, component, ...argv], env: options.env, logFile };
      const supervised = startSupervisedProcess({ ...options, spec });
      entries.push({ planned, supervised });
      await supervised.firstReady;
    },
    get planned() {
      return entries.map(({ planned }) => planned);
    },
    get processes() {
      return entries.map(({ planned: { name, component }, supervised: { pid, state, restarts } }) => ({
        name,
        component,
        pid,
        state,
        restarts,
      }));
    },
    failed: new Promise(() => undefined),
    async close(stages) {
      closed = true;
      let endMs = options.clock.monotonicMs();
      for (const { components, graceMs } of stages) {
        endMs += graceMs;
        const leftMs = Math.max(0, endMs - options.clock.monotonicMs());
        const members = entries.filter(({ planned }) => components.includes(planned.component));
        await Promise.all(members.map(({ supervised }) => supervised.close(leftMs)));
      }
    },
  };
}

interface InProcessEntry {
  readonly planned: PlannedComponent;
  readonly end: () => void;
  /** Absent while it starts. */
  running?: Running;
}

/** All in this process. Nothing is started again: what ends by itself ends the whole. */
export function createInProcessLauncher(options: LauncherOptions): Launcher {
  const entries: InProcessEntry[] = [];
  let fail: (error: Error) => void;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch((error: unknown) => error);
  let closed = false;
  return {
    async start(planned) {
      if (closed) throw stoppedBefore(planned);
      const { name, component, argv, logFile } = planned;
      const log = openSync(logFile, 'a', 0o600);
      const entry: InProcessEntry = { planned, end: () => closeSync(log) };
      entries.push(entry);
      try {
        const { start } = await loadComponent(component);
        const logger = (level: LogLevel): Logger => createLogger({ component: name, level, fd: log });
        const running = await start({ argv, env: options.env, logger });
        entry.running = running;
        running.stopped.catch((error: unknown) => {
          fail(new OperatingError('COMPONENT_FAILED', `${name} stopped: ${messageOf(error)}`, { cause: error }));
        });
        await Promise.race([running.ready, failed]);
        options.onEvent({ type: 'ready', name, restarts: 0 });
      } catch (error) {
        if (!(error instanceof OperatingError)) throw error;
        throw new OperatingError('COMPONENT_FAILED', `${name}: ${error.message}`, { cause: error });
      }
    },
    get planned() {
      return entries.map(({ planned }) => planned);
    },
    get processes() {
      return entries.map(({ planned: { name, component }, running }) => ({
        name,
        component,
        pid: process.pid,
        state: running ? 'ready' : 'starting',
        restarts: 0,
      }));
    },
    failed,
    async close(stages) {
      closed = true;
      for (const { components } of stages) {
        const members = entries.filter(({ planned }) => components.includes(planned.component));
        await Promise.all(members.map(async ({ running }) => running?.close()));
        for (const { end } of members) end();
      }
    },
  };
}
