import { Marks, runSeeds } from '@flotilla/simulator';
import t from 'tap';

t.setTimeout(0);

/** In few seeds of a thousand too little happens for them to count (`RunReport.counts`). */
const seeds = 310;
const mustCount = 300;

t.test(`${mustCount} seeds that count keep every promise`, async (t) => {
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
  t.ok(counted >= mustCount, `in ${counted} of ${seeds} enough happened`);
  t.same(marks.missed, [], 'between them they came to every mark');
});
