/**
 * The requests of `file-requests.ts` until their thread has started: a start makes a dozen small files durable, and would wait
 * longer for the thread than for the disk. What the disk must be waited for, the syncs, goes to the process's own thread pool; to do
 * the rest there would take longer than to do it here.
 */
import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { syncDirectory } from '@flotilla/base';
import type { FileRequest } from './file-thread.ts';
import { type FlatWrites, syncFailed, writeAll } from './sync-write.ts';

const fdatasync = promisify(fs.fdatasync);

/** A sync that took longer has waited for other work of the pool, as look-ups of names, or the disk is slow. */
const longSyncMs = 50;

export class FilePool {
  /** Syncs under way, of each open file that has some. */
  readonly #syncing = new Map<number, number>();
  #hasWaited = false;

  /** Whether a sync took long: the next may wait as well. */
  get hasWaited(): boolean {
    return this.#hasWaited;
  }

  /** Nothing is under way for any open file. */
  get idle(): boolean {
    return this.#syncing.size === 0;
  }

  /** Something is under way for this open file; of one that is only named nothing is ordered. */
  serves(file: number | string): boolean {
    return typeof file === 'number' && this.#syncing.has(file);
  }

  /** @returns and throws what the thread would. */
  async do(request: FileRequest): Promise<number> {
    switch (request[0]) {
      case 'open':
        return fs.openSync(request[1], request[2], 0o600);
      case 'write': {
        const [, fd, syncs, ...writes] = request;
        return await this.#write(fd, writes, syncs);
      }
      case 'truncate': {
        const [, fd, syncs, size] = request;
        fs.ftruncateSync(fd, size);
        if (syncs) await this.#sync(fd);
        return 0;
      }
      case 'close':
        fs.closeSync(request[1]);
        return 0;
      case 'syncDirectory':
        await syncDirectory(request[1]);
        return 0;
    }
  }

  async #write(fd: number, writes: FlatWrites, syncs: boolean): Promise<number> {
    const beganMs = performance.now();
    writeAll(fd, writes);
    if (syncs) {
      await this.#sync(fd).catch((error: unknown) => {
        throw syncFailed(error);
      });
    }
    return performance.now() - beganMs;
  }

  async #sync(fd: number): Promise<void> {
    const beganMs = performance.now();
    this.#syncing.set(fd, (this.#syncing.get(fd) ?? 0) + 1);
    try {
      await fdatasync(fd);
    } finally {
      this.#hasWaited ||= performance.now() - beganMs > longSyncMs;
      const left = (this.#syncing.get(fd) ?? 0) - 1;
      if (left > 0) this.#syncing.set(fd, left);
      else this.#syncing.delete(fd);
    }
  }
}
