/** A short time of chaos; `make chaos MINUTES=…` is the same for longer. */
import t from 'tap';
import { runRolling } from './rolling.ts';
import { runRounds } from './rounds.ts';
import { failureLines, rollingLine, roundLine } from './table.ts';

t.setTimeout(0);

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

t.test('whatever befalls the members, clients see one history, and lose nothing', async (t) => {
  let decided = 0;
  for await (const report of runRounds({ minutes: 2, seed })) {
    t.comment(roundLine(report));
    t.strictSame(failureLines(report), []);
    t.ok(report.operations > 0 && report.events > 0);
    if (report.isDecided) decided++;
  }
  t.ok(decided > 0, 'an order was found');
});

t.test('a deployment is rolled while whoever leads is killed', async (t) => {
  const report = await runRolling(t, { seed, rollouts: 3, killsEach: 2 });
  t.comment(rollingLine(report));
  t.strictSame(report.wrong, [], `SEED=${seed}`);
});
