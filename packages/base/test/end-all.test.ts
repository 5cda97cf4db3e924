import t from 'tap';
import { endAfter, endAll } from '@flotilla/base';

t.test('every step is taken, in order, whichever fails, and the first failure is told', async (t) => {
  const taken: string[] = [];
  const steps = [
    () => void taken.push('ports'),
    () => {
      taken.push('log');
      throw new Error('the log');
    },
    async () => {
      await Promise.resolve();
      taken.push('state');
      throw new Error('the state');
    },
    () => void taken.push('timers'),
  ];
  await t.rejects(endAll(steps), { message: 'the log' });
  t.strictSame(taken.splice(0), ['ports', 'log', 'state', 'timers']);
  await t.rejects(endAfter(new Error('the start'), steps), { message: 'the start' });
  t.strictSame(taken, ['ports', 'log', 'state', 'timers']);
});

t.test('without a failure it just ends', async (t) => {
  let isOver = false;
  await endAll([() => void (isOver = true)]);
  t.ok(isOver);
});
