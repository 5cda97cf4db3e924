/**
 * Loaded into a member before anything else (`NODE_OPTIONS=--import`), and into each of its threads: a wall clock that can be set
 * wrong, and a disk that can be made slow. What is wrong at the moment stands in the file that `CHAOS_FAULTS` names, as JSON. Slow
 * are the syncs of the log and the witness, whoever makes them, and the batches and compactions of LevelDB. What LevelDB
 * reads, and writes of its own accord behind its log, is as fast as the disk.
 */
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import threads, { type WorkerOptions } from 'node:worker_threads';

export interface ProcessFaults {
  /** Added to the wall clock. */
  readonly wallOffsetMs: number;
  /** Before each sync of the log, and each write of LevelDB: one does not wait for the other. */
  readonly diskDelayMs: number;
}

/** What LevelDB's native part has for those who write; its whole is shared by everybody in a process, bundled or not. */
interface LevelWrites {
  batch_do(...args: never[]): Promise<void>;
  db_compact_range(...args: never[]): Promise<void>;
}

const require = createRequire(import.meta.url);
const pollMs = 20;
let faults: ProcessFaults = { wallOffsetMs: 0, diskDelayMs: 0 };

function readFaults(file: string): ProcessFaults {
  return JSON.parse(fs.readFileSync(file, 'utf8')) as ProcessFaults;
}

/** @param delayMs of a sync that is made now */
function slowSyncs(delayMs: () => number): void {
  const { fdatasync, fdatasyncSync } = fs;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  fs.fdatasyncSync = (fd) => {
    Atomics.wait(pause, 0, 0, delayMs());
    fdatasyncSync(fd);
  };
  fs.fdatasync = ((fd, done) => void setTimeout(() => fdatasync(fd, done), delayMs())) as typeof fdatasync;
}

/** Threads are given this module too, and where the faults stand. */
class SlowWorker extends threads.Worker {
  constructor(entryPoint: string | URL, options?: WorkerOptions) {
    super(entryPoint, { ...options, execArgv: [`--import=${import.meta.url}`], env: { CHAOS_FAULTS: path } });
  }
}

/** Calls of one method, each made later, in their order. */
function slowed<Result>(method: (...args: never[]) => Promise<Result>): typeof method {
  return async (...args) => {
    const before = lastOfLevel;
    lastOfLevel = (async () => {
      await before;
      if (faults.diskDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.diskDelayMs));
    })();
    await lastOfLevel;
    return await method(...args);
  };
}

let lastOfLevel = Promise.resolve();

const path = process.env['CHAOS_FAULTS'];
if (path !== undefined && !threads.isMainThread) {
  // This thread has no event loop that would tell it.
  slowSyncs(() => readFaults(path).diskDelayMs);
  syncBuiltinESMExports();
} else if (path !== undefined) {
  const poll = (): void => {
    faults = readFaults(path);
  };
  poll();
  setInterval(poll, pollMs).unref();
  const trueNow = Date.now;
  Date.now = () => trueNow() + faults.wallOffsetMs;
  slowSyncs(() => faults.diskDelayMs);
  threads.Worker = SlowWorker;
  syncBuiltinESMExports();
  // The store calls these two, and only so.
  const level = require('classic-level/binding.js') as LevelWrites;
  level.batch_do = slowed(level.batch_do);
  level.db_compact_range = slowed(level.db_compact_range);
  // Whoever started this process is gone.
  process.once('disconnect', () => process.exit(1));
  process.channel?.unref();
}
