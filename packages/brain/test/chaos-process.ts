/** For long runs by hand: `node dist-test/chaos-process.js BLOWS [SEED [BALLAST]]` prints what it does, and what is wrong. */
import { runChaos } from './chaos.ts';

const blows = Number(process.argv[2] ?? 20);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const ballastBytes = Number(process.argv[4] ?? 0);
const note = (text: string): void => void process.stdout.write(`${text}\n`);

note(`seed ${seed}`);
const report = await runChaos({ seed, blows, ballastBytes, note });
note(JSON.stringify(report, undefined, 2));
process.exitCode = report.violations.length === 0 ? 0 : 1;
