/**
 * The machine's disk, for all that a member writes: log, witness and applied state. Whether it is synced is decided here, once.
 *
 * `--unsafe-no-fsync` is for tests: every promise that a write is durable becomes one that the operating system knows of it. A
 * process that is killed loses nothing; a machine that stops may lose what was acknowledged, and a vote that was given.
 */
import type { Logger } from '@flotilla/base';
import { type OpenDatabase, type StateDirectory, openDiskDatabase, openStateDirectory } from '@flotilla/store';
import type { Files } from './log/files.ts';
import { createSystemFiles } from './log/system-files.ts';
import type { BrainSettings } from './options.ts';

export interface Disk {
  readonly files: Files;
  readonly openDatabase: OpenDatabase;
  readonly openStateDirectory: (path: string) => StateDirectory;
}

export function openDisk({ unsafeNoFsync, dataDir }: BrainSettings, logger: Logger): Disk {
  const syncs = !unsafeNoFsync;
  if (!syncs) {
    logger.warn(
      '--unsafe-no-fsync: nothing is synced to disk. When the machine stops without a shutdown, acknowledged writes may be ' +
        'lost, two leaders may be elected, and this data directory may be refused; for tests only',
      { directory: dataDir },
    );
  }
  return {
    files: createSystemFiles({ syncs }),
    openDatabase: (options) => openDiskDatabase({ ...options, syncs }),
    openStateDirectory: (path) => openStateDirectory(path, { syncs }),
  };
}
