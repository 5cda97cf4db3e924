/** A short time of chaos; `make chaos MINUTES=…` is the same for longer. */
import t from 'tap';
import { until } from '@flotilla/brain/test/cluster';
import { runRolling } from './rolling.ts';
import { namespacesMissing, startNamespaceRound } from './namespaces.ts';
import { namespacesOfAll, namespacesUnder } from './namespaces-in-use.ts';
import { runRounds } from './rounds.ts';
import { failureLines, rollingLine, roundLine } from './table.ts';

t.setTimeout(0);

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

t.test('whatever befalls the members, clients see one history, and lose nothing', async (t) => {
  let decided = 0;
  for await (const round of runRounds({ minutes: 2, seed })) {
    const { report } = round;
    t.comment(roundLine(round));
    t.strictSame(failureLines(round), []);
    t.ok(report.operations > 0 && report.events > 0);
    if (report.isDecided) decided++;
  }
  t.ok(decided > 0, 'an order was found');
});

const missing = namespacesMissing();
const isOptional = process.env['CI'] !== 'true' || process.getuid?.() !== 0;
const skip = isOptional && missing !== undefined ? missing : false;

t.test('so also in network namespaces, with TLS between members and cables that are pulled', { skip }, async (t) => {
  t.equal(missing, undefined);
  const round = startNamespaceRound({ seed, members: 3, seconds: 20 });
  if (!(await round.begun).hasNetem) t.comment('no netem in this kernel: lines are narrow instead of slow');
  const told = { report: await round.done, inNamespaces: true };
  t.comment(roundLine(told));
  t.strictSame(failureLines(told), []);
  t.ok(told.report.operations > 0 && told.report.events > 0);
});

t.test('a round in namespaces that is killed leaves none behind', { skip }, async (t) => {
  const round = startNamespaceRound({ seed, members: 3, seconds: 20 });
  await round.begun;
  await until(() => namespacesUnder(round.pid).size === 4);
  const namespaces = namespacesUnder(round.pid);
  round.kill();
  await t.rejects(round.done, /SIGKILL/);
  await until(() => ![...namespacesOfAll().values()].some((one) => namespaces.has(one)));
});

t.test('a deployment is rolled while whoever leads is killed', async (t) => {
  const report = await runRolling(t, { seed, rollouts: 3, killsEach: 2 });
  t.comment(rollingLine(report));
  t.strictSame(report.wrong, [], `SEED=${seed}`);
});
