/** Runs the seeds that it is handed, one after the other: one thread of the farm. */
import { parentPort } from 'node:worker_threads';
import { runSeed } from '../run/run-seed.ts';

const port = parentPort;
if (!port) throw new Error('this is a thread of the farm, not a program');

port.on('message', (seed: number) => {
  runSeed(seed).then(
    (report) => port.postMessage(report),
    // A run reports what goes wrong in it: this is a bug of the simulator.
    (error: unknown) => {
      throw error;
    },
  );
});
