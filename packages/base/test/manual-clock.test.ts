import { createManualClock, sleep } from '@flotilla/base';
import t from 'tap';

t.test('timers fire in the order of their times, those set meanwhile included', async (t) => {
  const clock = createManualClock();
  const fired: string[] = [];
  clock.after(20, () => fired.push(`b at ${clock.monotonicMs()}`));
  clock.after(10, () => {
    fired.push(`a at ${clock.monotonicMs()}`);
    clock.after(5, () => fired.push(`c at ${clock.monotonicMs()}`));
  });
  const cancelled = clock.after(15, () => fired.push('never'));
  cancelled.cancel();
  await clock.advance(100);
  t.same(fired, ['a at 10', 'c at 15', 'b at 20']);
  t.equal(clock.monotonicMs(), 100);
  t.equal(clock.pending, 0);
});

t.test('a loop that sleeps gets as many turns as time has room for', async (t) => {
  const clock = createManualClock();
  const stop = new AbortController();
  let turns = 0;
  const loop = (async () => {
    while (!stop.signal.aborted) {
      await sleep(clock, 10, stop.signal);
      turns++;
    }
  })();
  await clock.advance(55);
  t.equal(turns, 5);
  stop.abort();
  await loop;
  t.equal(clock.pending, 0);
});

t.test('every goes on until it is cancelled', async (t) => {
  const clock = createManualClock();
  let count = 0;
  const timer = clock.every(10, () => count++);
  await clock.advance(35);
  timer.cancel();
  await clock.advance(100);
  t.equal(count, 3);
});
