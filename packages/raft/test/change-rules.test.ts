/** Which of the rules of membership changes are needed, tried on a model of nothing else. */
import t from 'tap';
import { type ChangeRules, explore } from './harness/change-rules.ts';

// Work, not waiting.
t.setTimeout(0);

const all: ChangeRules = { oneAtATime: true, appliesBeforeCampaigns: true, twoProveOne: true, ownTermFirst: true };
const bounds = { terms: 2, entries: 5 };

t.test('with all rules there is one history', (t) => {
  t.match(explore(all, bounds), { breaks: false });
  t.end();
});

t.test('the rule of the own term is not needed where a change is in force once it is applied', (t) => {
  for (const within of [bounds, { terms: 3, entries: 4 }]) {
    const { breaks, situations } = explore({ ...all, ownTermFirst: false }, within);
    t.notOk(breaks);
    t.ok(situations > 10_000, 'much was tried');
  }
  t.end();
});

for (const rule of ['oneAtATime', 'appliesBeforeCampaigns', 'twoProveOne'] as const) {
  t.test(`without the rule "${rule}" two histories come to be, with the rule of the own term too`, (t) => {
    t.match(explore({ ...all, [rule]: false }, bounds), { breaks: true });
    t.end();
  });
}
