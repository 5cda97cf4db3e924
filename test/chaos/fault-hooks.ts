/**
 * Loaded into a member before anything else (`NODE_OPTIONS=--import`): a wall clock that can be set wrong, and a disk that can be
 * made slow. What is wrong at the moment stands in the file that `CHAOS_FAULTS` names, as JSON. The thread that writes the log
 * loads no hooks, so its requests are held back on this side, each before it is made; so are the batches and compactions of
 * LevelDB. What LevelDB reads, and writes of its own accord behind its log, is as fast as the disk.
 */
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { ClassicLevel } from 'classic-level';
import threads, { type Transferable, type WorkerOptions } from 'node:worker_threads';

export interface ProcessFaults {
  /** Added to the wall clock. */
  readonly wallOffsetMs: number;
  /** Before each write of the log, and each of LevelDB: one does not wait for the other. */
  readonly diskDelayMs: number;
}

interface LevelWrites {
  batch(...args: never[]): Promise<void>;
  compactRange(...args: never[]): Promise<void>;
}

const path = process.env['CHAOS_FAULTS'];
const pollMs = 20;
let faults: ProcessFaults = { wallOffsetMs: 0, diskDelayMs: 0 };

function readFaults(file: string): void {
  faults = JSON.parse(readFileSync(file, 'utf8')) as ProcessFaults;
}

/** A thread that learns of each request later, in the order of the requests. */
class SlowWorker extends threads.Worker {
  readonly #bell: unknown;
  #held = 0;
  #last = Promise.resolve();

  constructor(entryPoint: string | URL, options?: WorkerOptions) {
    super(entryPoint, options);
    this.#bell = options?.workerData;
  }

  override postMessage(value: unknown, transfer?: readonly Transferable[]): void {
    const { diskDelayMs } = faults;
    if (diskDelayMs === 0 && this.#held === 0) return super.postMessage(value, transfer);
    this.#held++;
    this.#last = this.#last.then(async () => {
      await new Promise((resolve) => setTimeout(resolve, diskDelayMs));
      this.#held--;
      super.postMessage(value, transfer);
      if (!(this.#bell instanceof Int32Array)) return;
      Atomics.add(this.#bell, 0, 1);
      Atomics.notify(this.#bell, 0);
    });
  }
}

/** Calls of one method, each made later, in their order. */
function slowed<Result>(method: (...args: never[]) => Promise<Result>): typeof method {
  return async function (this: unknown, ...args) {
    const before = lastOfLevel;
    lastOfLevel = (async () => {
      await before;
      if (faults.diskDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.diskDelayMs));
    })();
    await lastOfLevel;
    return await method.apply(this, args);
  };
}

let lastOfLevel = Promise.resolve();

if (path !== undefined) {
  readFaults(path);
  setInterval(() => readFaults(path), pollMs).unref();
  const trueNow = Date.now;
  Date.now = () => trueNow() + faults.wallOffsetMs;
  threads.Worker = SlowWorker;
  syncBuiltinESMExports();
  // The store calls these two, and only so.
  const level: LevelWrites = ClassicLevel.prototype;
  Object.assign(level, { batch: slowed(level.batch), compactRange: slowed(level.compactRange) });
  // Whoever started this process is gone.
  process.once('disconnect', () => process.exit(1));
  process.channel?.unref();
}
