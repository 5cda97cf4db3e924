/** What the tests of the process runtime share: a runtime on a directory of its own, and small containers. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@flotilla/base';
import {
  openProcessRuntime,
  type ContainerConfig,
  type PodSandboxConfig,
  type ProcessRuntime,
} from '@flotilla/kubelet';

export interface RuntimeBench {
  readonly directory: string;
  readonly logDirectory: string;
  readonly runtime: ProcessRuntime;
  /** A second runtime on the same directory, as after a restart of the kubelet. */
  reopen(): ProcessRuntime;
  close(): Promise<void>;
}

/** Each process of the test run gets ranges of its own, so that test files may run at the same time. */
export function podCidrOfTest(index = 0): string {
  return `127.${100 + (process.pid % 100)}.${(process.pid >>> 7) % 200}.${(index % 4) * 64}/26`;
}

export function openBench(podCidr = podCidrOfTest()): RuntimeBench {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-runtime-'));
  const open = (): ProcessRuntime =>
    openProcessRuntime({
      directory: join(directory, 'runtime'),
      podCidr,
      hostAddress: '127.0.0.1',
      clock: systemClock,
      logger: silentLogger,
    });
  let current = open();
  return {
    directory,
    logDirectory: join(directory, 'logs'),
    get runtime() {
      return current;
    },
    reopen() {
      current = open();
      return current;
    },
    async close() {
      await current.close({ graceMs: 0 });
      rmSync(directory, { recursive: true });
    },
  };
}

export function sandboxConfig(bench: { readonly logDirectory: string }, name = 'pod'): PodSandboxConfig {
  return {
    metadata: { name, uid: `uid-${name}`, namespace: 'default', attempt: 0 },
    hostname: name,
    log_directory: join(bench.logDirectory, name),
    labels: {},
    annotations: {},
  };
}

export function containerConfig(command: readonly string[], more: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    metadata: { name: 'main', attempt: 0 },
    image: { image: 'none' },
    command,
    args: [],
    working_dir: '',
    envs: [],
    mounts: [],
    labels: {},
    annotations: {},
    log_path: 'main/0.log',
    ...more,
  };
}

/** Awaits a condition that nothing announces. */
export async function until<T>(probe: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const result = await probe();
    if (result !== undefined && result !== false) return result;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The texts of a CRI log, without time and tag. */
export function logTexts(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => line.split(' ').slice(3).join(' '));
}

/** True while a process of this pid runs. */
export function processRuns(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    // No such file: no such process.
    return false;
  }
}
