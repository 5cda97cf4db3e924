import { Marks, runSeed } from '@flotilla/simulator';
import t from 'tap';

const seeds = 20;

t.test(`${seeds} seeds keep every promise`, { timeout: 0 }, async (t) => {
  const marks = new Marks();
  let counted = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const report = await runSeed(seed);
    if (report.violation !== undefined)
      t.fail(`seed ${seed}: ${report.violation}; replay: make sim SEEDS=1 FROM=${seed}`);
    if (report.counts) counted++;
    marks.add(report.marks);
  }
  t.equal(counted, seeds, 'in each of them enough happened');
  for (const name of [
    'leader elected',
    'power lost',
    'killed while it led',
    'snapshot installed',
    'lease expired',
  ] as const) {
    t.ok(marks.count(name) > 0, name);
  }
});
