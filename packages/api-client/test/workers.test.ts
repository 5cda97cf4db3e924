import { leaderFenced } from '@flotilla/api';
import { createWorkQueue, runWorkers } from '@flotilla/api-client';
import { AssertionFailure, createManualClock } from '@flotilla/base';
import t from 'tap';

t.test('a failed reconcile is tried again, and a requeue comes after its delay', async (t) => {
  const clock = createManualClock();
  const queue = createWorkQueue({ clock });
  const stop = new AbortController();
  const seen: number[] = [];
  const running = runWorkers(queue, {
    workers: 2,
    signal: stop.signal,
    async reconcile() {
      seen.push(clock.monotonicMs());
      await Promise.resolve();
      if (seen.length === 1) throw new Error('not yet');
      return seen.length === 2 ? { requeueAfterMs: 1000 } : undefined;
    },
  });
  queue.add('a');
  await clock.advance(5000);
  t.equal(seen.length, 3);
  t.ok((seen[1] ?? 0) <= 5, 'the back-off is a few milliseconds');
  t.equal((seen[2] ?? 0) - (seen[1] ?? 0), 1000);
  stop.abort();
  await running;
});

t.test('at most so many keys are worked on at once, and never one twice', async (t) => {
  const queue = createWorkQueue();
  const stop = new AbortController();
  const open = new Set<string>();
  let most = 0;
  let count = 0;
  const running = runWorkers(queue, {
    workers: 3,
    signal: stop.signal,
    async reconcile(key) {
      t.notOk(open.has(key));
      open.add(key);
      most = Math.max(most, open.size);
      await new Promise((resolve) => void setImmediate(resolve));
      open.delete(key);
      if (count < 50) queue.add(key);
      if (++count === 100) stop.abort();
    },
  });
  for (let i = 0; i < 50; i++) queue.add(`key ${i}`);
  await running;
  t.equal(most, 3);
});

for (const [what, error] of [
  ['a lost fence', leaderFenced({ group: '', resource: 'pods' }, 'web', 'controllers')],
  ['an assertion', new AssertionFailure('impossible')],
] as const) {
  t.test(`${what} ends all workers and is never tried again`, async (t) => {
    const queue = createWorkQueue();
    let count = 0;
    const running = runWorkers(queue, {
      workers: 2,
      signal: new AbortController().signal,
      async reconcile() {
        count++;
        await Promise.resolve();
        throw error;
      },
    });
    queue.add('a');
    await t.rejects(running, error);
    t.equal(count, 1);
  });
}
