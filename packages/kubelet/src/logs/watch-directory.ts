/** Notices of changes in a directory, where the system has any left to give: whoever listens must also look from time to time. */
import { watch } from 'node:fs';
import { codeOf } from '@flotilla/base';

export interface DirectoryWatch {
  close(): void;
}

const noWatch: DirectoryWatch = { close: () => undefined };

export function watchDirectory(directory: string, changed: (file: string | null) => void): DirectoryWatch {
  try {
    const watcher = watch(directory, { persistent: false }, (_event, file) => changed(file));
    // The directory may go before its watcher.
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch (error) {
    // The system's limit of watches (ENOSPC, EMFILE), or a directory that is already gone.
    if (codeOf(error) === undefined) throw error;
    return noWatch;
  }
}
