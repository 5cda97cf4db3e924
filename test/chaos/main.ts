/**
 * `make chaos MINUTES=…`: rounds until the time is over, then a deployment that is rolled under kills. `SEED` is the first
 * round's, `MEMBERS` how many each has in the beginning, `FAULTS` what happens (names with commas between them; then nothing is
 * rolled), `NAMESPACES` which rounds are in network namespaces: `all`, `none`, or, unless told, every fourth where that can be.
 */
import { endWithScopes, withScope } from '../e2e/scope.ts';
import { happenings } from './counts.ts';
import { namespacesMissing } from './namespaces.ts';
import { runRolling } from './rolling.ts';
import { runRounds } from './rounds.ts';
import { failureLines, headLine, rollingLine, roundLine } from './table.ts';

const { MINUTES = '2', SEED, MEMBERS, FAULTS, NAMESPACES = 'some' } = process.env;
const wanted = FAULTS === undefined ? undefined : happenings.filter((name) => FAULTS.split(',').includes(name));
const seed = Number(SEED ?? Date.now() % 1_000_000);
const members = MEMBERS === undefined ? undefined : Number(MEMBERS);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const missing = NAMESPACES === 'none' ? 'none are wanted' : namespacesMissing();
const inNamespaces = (round: number): boolean => missing === undefined && (NAMESPACES === 'all' || round % 4 === 3);

endWithScopes(say);
if (missing !== undefined) say(`No round in network namespaces: ${missing}.`);
say(headLine());
for await (const round of runRounds({ minutes: Number(MINUTES), seed, members, wanted, inNamespaces })) {
  say(roundLine(round));
  const failures = failureLines(round);
  for (const line of failures) say(line);
  if (failures.length > 0) process.exitCode = 1;
}
if (FAULTS === undefined) await roll();
// Clients of a round that did not come to rest have no end.
process.exit();

async function roll(): Promise<void> {
  const report = await withScope((scope) => runRolling(scope, { seed, rollouts: 6, killsEach: 3 }));
  say(rollingLine(report));
  if (report.wrong.length > 0) process.exitCode = 1;
}
