/** The process that runs seeds with one mutant in the code, until one of them breaks a promise; prints which, and what. */
import { register } from 'node:module';
import { mutants } from './mutants.ts';

// Of a violation only the first line is told, and never where it was made.
Error.stackTraceLimit = 0;

const [name = '', seeds = ''] = process.argv.slice(2);
const mutant = mutants.find((one) => one.name === name);
if (!mutant) throw new Error(`no mutant ${name}`);
register('./hooks.js', import.meta.url, { data: mutant });
// Only what is loaded from now on is put wrong.
const { runSeed } = await import('../run/run-seed.ts');

for (const seed of seeds.split(',').map(Number)) {
  const { violation } = await runSeed(seed);
  if (violation === undefined) continue;
  process.stdout.write(JSON.stringify({ seed, violation: violation.split('\n')[0] }), () => process.exit(0));
  break;
}
