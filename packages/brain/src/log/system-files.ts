/**
 * The machine's file system. What a batch of the log may wait for goes to a thread of its own (`file-requests.ts`); the rest
 * (reading at the start, removing what is done with) to the thread pool of the process.
 */
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { codeOf } from '@flotilla/base';
import { FileRequests } from './file-requests.ts';
import type { Files, OpenFile } from './files.ts';

export interface SystemFilesOptions {
  /** Entry point of the thread; a test may give one that fails. */
  readonly thread?: URL;
}

/** Files with a thread of their own, which ends when the last open file is closed. */
export function createSystemFiles(options: SystemFilesOptions = {}): Files {
  // Beside this file, in the bundle too.
  const { thread = new URL('./file-thread.js', import.meta.url) } = options;
  const requests = new FileRequests(thread);
  return {
    async makeDirectory(path) {
      await fs.mkdir(path, { recursive: true, mode: 0o700 });
    },
    async list(path) {
      try {
        return await fs.readdir(path);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return [];
        throw error;
      }
    },
    async read(path) {
      try {
        return await fs.readFile(path);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    },
    async open(path, mode) {
      const flags = mode === 'create' ? constants.O_RDWR | constants.O_CREAT | constants.O_EXCL : constants.O_RDWR;
      requests.hold();
      try {
        return openFile(requests, await requests.send(['open', path, flags]));
      } catch (error) {
        await requests.release();
        throw error;
      }
    },
    async remove(path) {
      await fs.rm(path, { recursive: true, force: true });
    },
    async syncDirectory(path) {
      requests.hold();
      try {
        await requests.send(['syncDirectory', path]);
      } finally {
        await requests.release();
      }
    },
  };
}

function openFile(requests: FileRequests, fd: number): OpenFile {
  return {
    async write(writes) {
      const flat: (number | Uint8Array)[] = [];
      for (const { position, bytes, times = 1 } of writes) flat.push(position, bytes, times);
      await requests.send(['write', fd, ...flat]);
    },
    async truncate(size) {
      await requests.send(['truncate', fd, size]);
    },
    async close() {
      // A thread closes what it has opened when it ends.
      if (!requests.failed) await requests.send(['close', fd]);
      await requests.release();
    },
  };
}
