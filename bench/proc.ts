/** What the kernel knows about processes: CPU seconds and memory, from /proc. Linux only. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

/** `USER_HZ`: the unit of the times in /proc/<pid>/stat, the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** Of the process and of its children that have ended. */
  readonly cpuSeconds: number;
}

/** Undefined when the process has ended. */
function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function statOf(pid: number): Stat | undefined {
  const text = readProc(pid, 'stat');
  if (text === undefined) return undefined;
  // The name, in parentheses, may hold anything; from behind it the fields count from the third, the state.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return { pid, parent: field(4), cpuSeconds: (field(14) + field(15) + field(16) + field(17)) / ticksPerSecond };
}

/** CPU seconds, user and system, of everything that `ancestor` started, itself not counted. */
export function cpuSecondsBelow(ancestor: number): number {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? []);
  const secondsBelow = (pid: number): number =>
    stats
      .filter(({ parent }) => parent === pid)
      .reduce((sum, child) => sum + child.cpuSeconds + secondsBelow(child.pid), 0);
  return secondsBelow(ancestor);
}

/** CPU seconds, user and system, of a process and of its children that have ended. @throws Error when it has ended */
export function cpuSecondsOf(pid: number): number {
  const stat = statOf(pid);
  if (!stat) throw new Error(`process ${pid} has ended`);
  return stat.cpuSeconds;
}

/** CPU seconds of this process's children that have ended. */
export function cpuSecondsOfEnded(): number {
  const text = readFileSync('/proc/self/stat', 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
}

/** What the process has given to file systems with a disk below, pages that were not written out yet included. */
export function writtenMiB(pid: number): number {
  const [, bytes] = /^write_bytes: (\d+)$/m.exec(readProc(pid, 'io') ?? '') ?? [];
  if (bytes === undefined) throw new Error(`process ${pid} has ended, or the kernel does not tell what it wrote`);
  return Number(bytes) / 2 ** 20;
}

/** From now on the peak is counted anew. */
export function resetPeakRss(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

export function peakRssMiB(pid: number): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readProc(pid, 'status') ?? '') ?? [];
  if (kibibytes === undefined) throw new Error(`process ${pid} has ended`);
  return Number(kibibytes) / 1024;
}

export interface Memory {
  /** Resident: shared pages count in each process that maps them. */
  readonly rssMiB: number;
  /** Proportional: shared pages are split among those who map them, so that a sum makes sense. */
  readonly pssMiB: number;
}

/** @throws Error when the process has ended */
export function memoryOf(pid: number): Memory {
  const text = readProc(pid, 'smaps_rollup') ?? '';
  const mebibytes = (name: string): number => {
    const [, kibibytes] = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text) ?? [];
    if (kibibytes === undefined) throw new Error(`process ${pid} has ended, or the kernel does not tell its memory`);
    return Number(kibibytes) / 1024;
  };
  return { rssMiB: mebibytes('Rss'), pssMiB: mebibytes('Pss') };
}
