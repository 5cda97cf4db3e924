import { catchingSeeds, fits, hunt, inPairs, mutants, seedsFor } from '@flotilla/simulator';
import t from 'tap';

t.setTimeout(0);

/** A change of the code makes another run of a recorded seed: then one that catches the bug is looked for among so many. */
const seedsMore = 12;

t.test('each known bug is caught by the seed that is recorded for it, or by another', async (t) => {
  t.ok(Object.keys(catchingSeeds).length >= 25, 'so many are caught');
  await inPairs(mutants, async (mutant) => {
    const { name } = mutant;
    t.ok(fits(mutant), `${name}: its place is still in the code`);
    const known = catchingSeeds[name];
    if (known === undefined) return;
    const caught = (await hunt(mutant, [known])) ?? (await hunt(mutant, seedsFor(mutant, 1, seedsMore)));
    t.ok(caught, `${name}: seed ${known} does not catch it any more, nor do others; see make mutants`);
  });
});
