/** Signals to processes and their groups. A target that is already gone is what the caller wanted. */
import { constants } from 'node:os';
import { codeOf } from '@flotilla/base';
import { findMarked, isRunning, type ProcessIdentity } from './process-table.ts';

/** Signals the whole process group that `leader` leads, if that very process still runs (its pid could be somebody else's). */
export function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): void {
  if (isRunning(leader)) send(-leader.pid, signal);
}

/** Kills every process that carries the marker; true when there was none. */
export function killMarked({ variable, prefix }: { readonly variable: string; readonly prefix: string }): boolean {
  const found = findMarked(variable, prefix);
  for (const { identity } of found) send(identity.pid, 'SIGKILL');
  return found.length === 0;
}

/** The exit code a shell gives to a process that ended by a signal. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    // ESRCH: already gone. EPERM: it changed its user, and only that user may end it; the caller sees that it goes on.
    const code = codeOf(error);
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
