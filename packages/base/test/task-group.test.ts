import t from 'tap';
import { createBackoff, createTaskGroup, seededRandomness, sleep, systemClock } from '@flotilla/base';

t.test('closing a group aborts its tasks and waits until they returned', async (t) => {
  const group = createTaskGroup();
  let finished = false;
  group.run('waiter', async (signal) => {
    await sleep(systemClock, 1_000_000, signal);
    finished = true;
  });
  await group.close();
  t.ok(finished);
  await group.stopped;
});

t.test('a task that throws fails its group with its name and cause, and ends the others', async (t) => {
  const group = createTaskGroup();
  const others = new Promise<void>((resolve) => {
    group.run('other', async (signal) => {
      await sleep(systemClock, 1_000_000, signal);
      resolve();
    });
  });
  group.run('failing', () => Promise.reject(new Error('disk is full')));
  await t.rejects(group.stopped, { message: 'failing failed: disk is full', cause: { message: 'disk is full' } });
  await others;
  await group.close();
});

t.test('sleep ends at once when its signal is aborted, before or meanwhile', async (t) => {
  const controller = new AbortController();
  const sleeping = sleep(systemClock, 1_000_000, controller.signal);
  controller.abort();
  await sleeping;
  await sleep(systemClock, 1_000_000, controller.signal);
  t.pass('both returned');
});

t.test('a back-off grows to its bound and starts anew after a reset', (t) => {
  const backoff = createBackoff({ initialMs: 10, maxMs: 100, jitter: 0 }, seededRandomness(1));
  t.same(
    [1, 2, 3, 4, 5, 6].map(() => backoff.nextMs()),
    [10, 20, 40, 80, 100, 100],
  );
  backoff.reset();
  t.equal(backoff.nextMs(), 10);
  t.end();
});

t.test('a seed gives the same sequence every time, and another seed another one', (t) => {
  const draw = (seed: number): number[] => {
    const randomness = seededRandomness(seed);
    return [randomness.next(), randomness.next(), ...randomness.bytes(4)];
  };
  t.same(draw(7), draw(7));
  t.not(draw(7)[0], draw(8)[0]);
  t.end();
});
