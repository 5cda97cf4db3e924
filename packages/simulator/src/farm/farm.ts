/** Many seeds on several threads. What a seed does depends on the seed alone, so the reports are the same for any number of threads. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { RunReport } from '../run/run-seed.ts';

export interface FarmOptions {
  readonly from: number;
  readonly count: number;
  /** One for each processor unless told. */
  readonly threads?: number;
  /** Called once a seed, in the order of the seeds. */
  readonly onReport: (report: RunReport) => void;
}

/** A run leaves little behind and throws much away: a large nursery makes for few collections. */
const resourceLimits = { maxYoungGenerationSizeMb: 96 };

/** Runs the seeds [from, from + count). @throws what ends a thread. */
export async function runSeeds({
  from,
  count,
  threads = availableParallelism(),
  onReport,
}: FarmOptions): Promise<void> {
  const end = from + count;
  const early = new Map<number, RunReport>();
  let next = from;
  let told = from;
  const take = (): number | undefined => (next < end ? next++ : undefined);
  const tell = (report: RunReport): void => {
    early.set(report.seed, report);
    for (let due = early.get(told); due; due = early.get(told)) {
      early.delete(told++);
      onReport(due);
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, count) }, () => runThread(take, tell)));
}

async function runThread(take: () => number | undefined, tell: (report: RunReport) => void): Promise<void> {
  const worker = new Worker(new URL('worker.js', import.meta.url), { resourceLimits });
  try {
    await serve(worker, take, tell);
  } finally {
    await worker.terminate();
  }
}

function serve(worker: Worker, take: () => number | undefined, tell: (report: RunReport) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const hand = (): void => {
      const seed = take();
      if (seed === undefined) resolve();
      else worker.postMessage(seed);
    };
    worker.on('message', (report: RunReport) => {
      tell(report);
      hand();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`a thread of the farm ended by itself with ${code}`)));
    hand();
  });
}
