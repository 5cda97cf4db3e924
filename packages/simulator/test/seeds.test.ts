import { Marks, runSeeds } from '@flotilla/simulator';
import t from 'tap';

t.setTimeout(0);

const seeds = 300;

t.test(`${seeds} seeds keep every promise`, async (t) => {
  const marks = new Marks();
  let counted = 0;
  await runSeeds({
    from: 1,
    count: seeds,
    onReport({ seed, violation, counts, marks: reached }) {
      if (violation !== undefined) t.fail(`seed ${seed}: ${violation}; replay: make sim SEEDS=1 FROM=${seed}`);
      if (counts) counted++;
      marks.add(reached);
    },
  });
  t.equal(counted, seeds, 'in each of them enough happened');
  t.same(marks.missed, [], 'between them they came to every mark');
});
