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

/**
 * A thread that learns of each request later, in the order of the requests. A request is a message, or what lies in the memory that
 * both share, and then a bell, which lies at the beginning of that memory: what is held back is the bell, and the message with it.
 */
class SlowWorker extends threads.Worker {
  #queued: (readonly [value: unknown, transfer: readonly Transferable[] | undefined])[] = [];
  #held = 0;
  #last = Promise.resolve();

  constructor(entryPoint: string | URL, options?: WorkerOptions) {
    super(entryPoint, options);
    const memory: unknown = options?.workerData;
    if (memory instanceof SharedArrayBuffer) slowWorkers.set(memory, this);
  }

  get isSlow(): boolean {
    return faults.diskDelayMs > 0 || this.#held > 0;
  }

  override postMessage(value: unknown, transfer?: readonly Transferable[]): void {
    if (this.isSlow) this.#queued.push([value, transfer]);
    else super.postMessage(value, transfer);
  }

  /** The bell rings, later. */
  ringLater(ring: () => void): void {
    const messages = this.#queued.splice(0);
    const { diskDelayMs } = faults;
    this.#held++;
    this.#last = this.#last.then(async () => {
      await new Promise((resolve) => setTimeout(resolve, diskDelayMs));
      this.#held--;
      for (const [value, transfer] of messages) super.postMessage(value, transfer);
      ring();
    });
  }
}

/** By the memory that they share with this thread. */
const slowWorkers = new WeakMap<ArrayBufferLike, SlowWorker>();

/** To ring is to raise a number and to notify whoever sleeps on it. */
function holdBellsBack(): void {
  const { add, notify } = Atomics;
  const slow = ({ buffer }: ArrayBufferView): SlowWorker | undefined => {
    const worker = slowWorkers.get(buffer);
    return worker?.isSlow === true ? worker : undefined;
  };
  const bells = {
    add: (array: Int32Array, index: number, value: number) => (slow(array) ? 0 : add(array, index, value)),
    notify(array: Int32Array, index: number, count?: number) {
      const worker = slow(array);
      if (!worker) return notify(array, index, count);
      worker.ringLater(() => {
        add(array, index, 1);
        notify(array, index);
      });
      return 0;
    },
  };
  Object.assign(Atomics, bells);
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
  holdBellsBack();
  syncBuiltinESMExports();
  // The store calls these two, and only so.
  const level: LevelWrites = ClassicLevel.prototype;
  Object.assign(level, { batch: slowed(level.batch), compactRange: slowed(level.compactRange) });
  // Whoever started this process is gone.
  process.once('disconnect', () => process.exit(1));
  process.channel?.unref();
}
