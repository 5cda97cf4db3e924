/** Runs the seeds that it is handed, one after the other: one thread of the farm. */
import { parentPort } from 'node:worker_threads';
import { runSeed } from '../run/run-seed.ts';

const port = parentPort;
if (!port) throw new Error('this is a thread of the farm, not a program');

// Most errors of a run are answers, and where each was made is seldom read and takes long to gather. A seed that fails is
// replayed outside of the farm (`make sim SEEDS=1`), where it is told.
Error.stackTraceLimit = 0;

port.on('message', (seed: number) => {
  runSeed(seed).then(
    (report) => port.postMessage(report),
    // A run reports what goes wrong in it: this is a bug of the simulator.
    (error: unknown) => {
      throw error;
    },
  );
});
