/**
 * Loaded into a member before anything else (`NODE_OPTIONS=--import`): a wall clock that can be set wrong, and a disk of the log
 * that can be made slow. What is wrong at the moment stands in the file that `CHAOS_FAULTS` names, as JSON. The thread that
 * writes the log loads no hooks, so its requests are held back on this side.
 */
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import threads, { type Transferable, type WorkerOptions } from 'node:worker_threads';

export interface ProcessFaults {
  /** Added to the wall clock. */
  readonly wallOffsetMs: number;
  /** Before each write of the log. */
  readonly diskDelayMs: number;
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

if (path !== undefined) {
  readFaults(path);
  setInterval(() => readFaults(path), pollMs).unref();
  const trueNow = Date.now;
  Date.now = () => trueNow() + faults.wallOffsetMs;
  threads.Worker = SlowWorker;
  syncBuiltinESMExports();
  // Whoever started this process is gone.
  process.once('disconnect', () => process.exit(1));
  process.channel?.unref();
}
