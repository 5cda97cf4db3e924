/** One kubelet a data directory: the lock names the process that holds it, so that a dead holder's lock counts for nothing. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OperatingError } from '@flotilla/base';
import { isRecord, readJson, writeJson } from '../../durable-file.ts';
import { identify, isRunning, type ProcessIdentity } from './process-table.ts';

export interface DirectoryLock {
  release(): void;
}

/** Directories locked by this very process, which its identity alone would not tell apart. */
const heldHere = new Set<string>();

/** @throws OperatingError `DATA_DIR_IN_USE` */
export function lockDirectory(directory: string): DirectoryLock {
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  const path = join(directory, 'lock.json');
  const holder = readJson(path, isIdentity);
  if (heldHere.has(path) || (holder && holder.pid !== process.pid && isRunning(holder))) {
    throw new OperatingError(
      'DATA_DIR_IN_USE',
      `the kubelet with process id ${holder?.pid ?? process.pid} uses ${directory}; stop it, or give this one a data directory of its own`,
    );
  }
  writeJson(path, identify(process.pid));
  heldHere.add(path);
  return {
    release() {
      if (heldHere.delete(path)) rmSync(path, { force: true });
    },
  };
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return isRecord(value) && typeof value['pid'] === 'number' && typeof value['startTime'] === 'string';
}
