/** `make mutants`: for each mutant the first seed that catches it. Arguments name the mutants (any part of a name). */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Mutant, mutants } from './mutants.ts';

const seeds = process.env['SEEDS'] ?? '40';
const from = process.env['FROM'] ?? '1';
const longestMs = 15 * 60 * 1000;
const probe = fileURLToPath(new URL('probe.js', import.meta.url));
const packages = new URL('../../../', import.meta.url);

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A mutant whose place is gone would prove nothing. */
function fits({ file, find }: Mutant): boolean {
  return readFileSync(new URL(file, packages), 'utf8').split(find).length === 2;
}

function hunt(mutant: Mutant): string | undefined {
  if (!fits(mutant)) return undefined;
  const { stdout, status } = spawnSync(process.execPath, [probe, mutant.name, from, seeds], {
    encoding: 'utf8',
    timeout: longestMs,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`${mutant.name}: the process that runs it ended with ${status}`);
  if (stdout === '') return undefined;
  const { seed, violation } = JSON.parse(stdout) as { seed: number; violation: string };
  return `seed ${seed}: ${violation.slice(0, 160)}`;
}

const wanted = process.argv.slice(2);
const chosen = mutants.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
let missed = 0;
for (const mutant of chosen) {
  const caught = hunt(mutant);
  if (caught === undefined) missed++;
  const fate = fits(mutant) ? 'NOT CAUGHT' : 'DOES NOT FIT the code any more';
  print(`${caught === undefined ? fate : 'caught'}  ${mutant.name}${caught === undefined ? '' : `  ${caught}`}`);
}
print(`${chosen.length - missed} of ${chosen.length} caught`);
process.exitCode = missed > 0 ? 1 : 0;
