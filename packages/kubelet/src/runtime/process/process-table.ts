/**
 * The machine's processes as /proc shows them. A pid alone names nobody (pids are reused): a process is its pid, its start time
 * and the boot it belongs to. A zombie counts as gone.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since the boot (Linux), or the text `ps` prints. */
  readonly startTime: string;
  readonly bootId: string;
}

interface ProcessStat {
  readonly state: string;
  readonly sessionId: number;
  readonly startTime: string;
}

const onLinux = process.platform === 'linux';

/** Differs from one boot of the machine to the next. */
export function readBootId(): string {
  return onLinux ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : 'unknown';
}

/** The process that now has this pid, or undefined. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = onLinux ? readStat(pid) : readPortableStat(pid);
  if (!stat || stat.state === 'Z' || stat.state === 'X') return undefined;
  return { pid, startTime: stat.startTime, bootId: readBootId() };
}

/**
 * Like {@link identify}, also for a child that ended but is not yet reaped: within the turn of its spawn a child always has an
 * identity.
 */
export function identifyChild(pid: number): ProcessIdentity {
  const stat = onLinux ? readStat(pid) : readPortableStat(pid);
  return { pid, startTime: stat?.startTime ?? '', bootId: readBootId() };
}

export function isRunning(identity: ProcessIdentity): boolean {
  const current = identify(identity.pid);
  return current !== undefined && current.startTime === identity.startTime && current.bootId === identity.bootId;
}

/** A process that carries a marker in the environment it was started with. */
export interface MarkedProcess {
  readonly identity: ProcessIdentity;
  /** What follows `NAME=` in its environment. */
  readonly marker: string;
  /** It leads its session: the container's first process. */
  readonly leader: boolean;
}

/**
 * All processes of this user whose environment holds `variable` with a value that starts with `prefix`. They are found wherever
 * they went: a new session or a dead parent does not hide them. Without /proc the list is empty.
 */
export function findMarked(variable: string, prefix: string): readonly MarkedProcess[] {
  if (!onLinux) return [];
  const found: MarkedProcess[] = [];
  const needle = `${variable}=${prefix}`;
  const bootId = readBootId();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const environment = readProcFile(`/proc/${name}/environ`);
    if (environment === undefined || !environment.includes(needle)) continue;
    const value = environment.split('\0').find((entry) => entry.startsWith(needle));
    const stat = readStat(pid);
    if (value === undefined || !stat || stat.state === 'Z' || stat.state === 'X') continue;
    const identity = { pid, startTime: stat.startTime, bootId };
    found.push({ identity, marker: value.slice(variable.length + 1), leader: stat.sessionId === pid });
  }
  return found;
}

/** `pid (comm) state ppid pgrp session …`; comm may hold blanks and parentheses, so fields count from the last one. */
function readStat(pid: number): ProcessStat | undefined {
  const text = readProcFile(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , , session] = fields;
  const startTime = fields[19];
  if (state === undefined || session === undefined || startTime === undefined) return undefined;
  return { state, sessionId: Number(session), startTime };
}

/** The file's text; undefined when the process is gone or belongs to somebody else. */
function readProcFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // Processes come and go while we look: one that cannot be read is not one of ours.
    return undefined;
  }
}

function readPortableStat(pid: number): ProcessStat | undefined {
  const { status, stdout } = spawnSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const match = /^\s*(\S)\S*\s+(.+?)\s*$/.exec(stdout ?? '');
  const [, state, startTime] = match ?? [];
  if (status !== 0 || state === undefined || startTime === undefined) return undefined;
  return { state, sessionId: 0, startTime };
}
