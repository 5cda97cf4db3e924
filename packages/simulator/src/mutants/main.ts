/**
 * `make mutants`: for each mutant a seed that catches it, the recorded one first; records what it finds. Arguments name the
 * mutants (any part of a name).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { catchingSeeds } from './catching-seeds.ts';
import { fits, hunt, inPairs, seedsFor } from './hunt.ts';
import { type Mutant, mutants } from './mutants.ts';

const count = Number(process.env['SEEDS'] ?? 40);
const from = Number(process.env['FROM'] ?? 1);
const record = new URL('../../src/mutants/catching-seeds.ts', import.meta.url);

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const wanted = process.argv.slice(2);
const chosen = mutants.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
const found = new Map(Object.entries(catchingSeeds));
let missed = 0;

async function look(mutant: Mutant): Promise<void> {
  const { name } = mutant;
  if (!fits(mutant)) {
    missed++;
    return print(`DOES NOT FIT the code any more  ${name}`);
  }
  const known = found.get(name);
  const seeds = seedsFor(mutant, from, count);
  const caught = await hunt(mutant, known === undefined ? seeds : [known, ...seeds]);
  if (!caught) missed++;
  if (caught) found.set(name, caught.seed);
  print(caught ? `caught  ${name}  seed ${caught.seed}: ${caught.violation.slice(0, 160)}` : `NOT CAUGHT  ${name}`);
}

await inPairs(chosen, look);
const lines = mutants.filter(({ name }) => found.has(name)).map(({ name }) => `  '${name}': ${found.get(name)},`);
const [head] = readFileSync(record, 'utf8').split('= {');
writeFileSync(record, `${head}= {\n${lines.join('\n')}\n};\n`);
print(`${chosen.length - missed} of ${chosen.length} caught`);
process.exitCode = missed > 0 ? 1 : 0;
