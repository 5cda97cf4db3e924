/**
 * Runs the cluster under test as a user without rights, where the machine lets us change to one: that is how most people run
 * it, and what needs root by accident then fails.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, chmodSync } from 'node:fs';

export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

const nobody = 65_534;

/** `nobody` when we are root and that user can run Flotilla from where it lies; else who we are. */
export function unprivilegedUser(command: string): RunAs {
  if (process.getuid?.() !== 0) return {};
  const user = { uid: nobody, gid: nobody };
  const tried = spawnSync(process.execPath, [command, 'version'], { ...user, stdio: 'ignore' });
  return tried.status === 0 ? user : {};
}

/** Gives a directory to the user who will work in it. */
export function give(directory: string, { uid, gid }: RunAs): void {
  chmodSync(directory, 0o700);
  if (uid !== undefined && gid !== undefined) chownSync(directory, uid, gid);
}
