/** Writes and syncs a file, holding up the caller until that is done. Shared by the thread of the files and by who may wait. */
import * as fs from 'node:fs';

/** Position, bytes and how often, for each write: what costs least to pass to a thread. */
export type FlatWrites = readonly (number | Uint8Array)[];

export interface SyncOptions {
  /** False: what was written may be lost when the machine stops. */
  readonly syncs: boolean;
}

/**
 * Does all writes in their order, then makes content and size durable, if it `syncs`.
 * @throws what the operating system says of a write; of the sync, `SYNC_FAILED` whatever it says: a disk that was found full then
 *   must not look like one that refused a write, which can be done again.
 */
export function writeAndSync(fd: number, writes: FlatWrites, { syncs }: SyncOptions): void {
  writeAll(fd, writes);
  if (syncs) sync(fd);
}

/** Does all writes in their order. */
export function writeAll(fd: number, writes: FlatWrites): void {
  for (let i = 0; i < writes.length; i += 3) {
    writeTimes(fd, writes[i] as number, writes[i + 1] as Uint8Array, writes[i + 2] as number);
  }
}

function sync(fd: number): void {
  try {
    fs.fdatasyncSync(fd);
  } catch (error) {
    throw syncFailed(error);
  }
}

/** What is thrown for a sync that failed with `error`. */
export function syncFailed(error: unknown): Error {
  const { message } = error as Error;
  return Object.assign(new Error(`the sync failed: ${message}`, { cause: error }), { code: 'SYNC_FAILED' });
}

function writeTimes(fd: number, position: number, bytes: Uint8Array, times: number): void {
  for (let i = 0; i < times; i++) writeOne(fd, position + i * bytes.length, bytes);
}

function writeOne(fd: number, position: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += fs.writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}
