/** Supervises one child (argument 1, with the log file as argument 2) and prints its pid when it is ready. */
import { systemClock, systemRandomness } from '@flotilla/base';
import { startSupervisedProcess } from '@flotilla/cli';

const [child = '', logFile = ''] = process.argv.slice(2);
const supervised = startSupervisedProcess({
  spec: { name: 'child', command: process.execPath, args: [child, 'ready'], env: process.env, logFile },
  clock: systemClock,
  randomness: systemRandomness,
  onEvent: () => undefined,
});
await supervised.firstReady;
process.stdout.write(`${supervised.pid}\n`);
