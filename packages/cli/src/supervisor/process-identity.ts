/** Tells a process from a later one with the same pid: by the moment it started. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A text that no other process of this boot has; undefined when there is no such process. */
export function processIdentity(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') return startedAt(pid);
    // The command's name, in parentheses, may hold anything; the start time is the 20th field after it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[0];
    return state === 'Z' || state === 'X' ? undefined : `${pid}:${fields[19]}`;
  } catch (error) {
    // No such process: the one reason for which both ways fail.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function startedAt(pid: number): string | undefined {
  const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return text === '' ? undefined : `${pid}:${text}`;
}
