import { runSeed } from '@flotilla/simulator';
import t from 'tap';

t.test('a seed is replayed exactly', { timeout: 0 }, async (t) => {
  const first = await runSeed(3);
  const second = await runSeed(3);
  t.equal(first.violation, undefined);
  t.ok(first.counts, 'enough happened for the run to prove something');
  t.equal(second.traceHash, first.traceHash);
  t.same(second.trace, first.trace);
  t.equal(second.happened, first.happened);
});

t.test('another seed is another run', { timeout: 0 }, async (t) => {
  const [a, b] = [await runSeed(4), await runSeed(5)];
  t.not(a.traceHash, b.traceHash);
});
