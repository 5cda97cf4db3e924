/**
 * The machine's file system. What a batch of the log may wait for goes to a thread of its own (`file-requests.ts`); what takes long
 * of the rest (reading a log at the start, removing what is done with) to the thread pool of the process. What is short is done on
 * the spot: at the start of several members the pool is full of syncs.
 *
 * A small write whose caller may be held up is done on the spot, which saves both hops, as long as the disk has been fast. When
 * it hangs all the same, it holds up the whole process, once: the writes after it go to the thread again.
 */
import { closeSync, constants, mkdirSync, openSync, readFile, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { codeOf } from '@flotilla/base';
import { DiskPace } from './disk-pace.ts';
import { FileRequests } from './file-requests.ts';
import type { FileWrite, Files, OpenFile } from './files.ts';
import { type FlatWrites, writeAndSync } from './sync-write.ts';

/** More is never done on the spot. */
const maxBlockingBytes = 16 * 1024;

export interface SystemFilesOptions {
  /** Entry point of the thread; a test may give one that fails. */
  readonly thread?: URL;
  /** False: nothing is made durable, whatever `Files` promises (`disk.ts`); true unless told. */
  readonly syncs?: boolean;
}

/** Files with a thread of their own, which ends when the last open file is closed. */
export function createSystemFiles(options: SystemFilesOptions = {}): Files {
  // Beside this file, in the bundle too.
  const { thread = new URL('./file-thread.js', import.meta.url), syncs = true } = options;
  const requests = new FileRequests(thread);
  const pace = new DiskPace();
  return {
    async makeDirectory(path) {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    },
    async list(path) {
      try {
        return readdirSync(path);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return [];
        throw error;
      }
    },
    async read(path) {
      const fd = openUnlessMissing(path);
      if (fd === undefined) return undefined;
      try {
        return await promisify(readFile)(fd);
      } finally {
        closeSync(fd);
      }
    },
    async open(path, mode) {
      const flags = mode === 'create' ? constants.O_RDWR | constants.O_CREAT | constants.O_EXCL : constants.O_RDWR;
      requests.hold();
      try {
        return openFile(await requests.send(['open', path, flags]), { requests, pace, syncs });
      } catch (error) {
        await requests.release();
        throw error;
      }
    },
    async remove(path) {
      await rm(path, { recursive: true, force: true });
    },
    async syncDirectory(path) {
      if (!syncs) return;
      requests.hold();
      try {
        await requests.send(['syncDirectory', path]);
      } finally {
        await requests.release();
      }
    },
  };
}

function openUnlessMissing(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function openFile(
  fd: number,
  { requests, pace, syncs }: { readonly requests: FileRequests; readonly pace: DiskPace; readonly syncs: boolean },
): OpenFile {
  return {
    async write(writes) {
      pace.took(await requests.write(fd, flatten(writes), { syncs }));
    },
    writeNow(writes) {
      // What is under way comes first.
      if (!pace.fast || !requests.idle || bytesOf(writes) > maxBlockingBytes) return false;
      const beganMs = performance.now();
      writeAndSync(fd, flatten(writes), { syncs });
      pace.took(performance.now() - beganMs);
      return true;
    },
    async truncate(size) {
      await requests.send(['truncate', fd, syncs, size]);
    },
    async close() {
      if (requests.failed) closeSync(fd);
      else await requests.send(['close', fd]);
      await requests.release();
    },
  };
}

function bytesOf(writes: readonly FileWrite[]): number {
  let sum = 0;
  for (const { bytes, times = 1 } of writes) sum += times * bytes.length;
  return sum;
}

function flatten(writes: readonly FileWrite[]): FlatWrites {
  const flat: (number | Uint8Array)[] = [];
  for (const { position, bytes, times = 1 } of writes) flat.push(position, bytes, times);
  return flat;
}
