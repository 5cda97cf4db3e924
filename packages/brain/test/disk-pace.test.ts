import t from 'tap';
import { DiskPace } from '@flotilla/brain';

function paceAfter(...durationsMs: readonly number[]): DiskPace {
  const pace = new DiskPace();
  for (const durationMs of durationsMs) pace.took(durationMs);
  return pace;
}

const times = (count: number, durationMs: number): number[] => Array.from({ length: count }, () => durationMs);

t.test('a disk is fast when sixteen writes have shown it', async (t) => {
  t.equal(paceAfter(...times(15, 0.2)).fast, false);
  t.equal(paceAfter(...times(16, 0.2)).fast, true);
});

t.test('a write that hung must be followed by as many again', async (t) => {
  const hung = [...times(100, 0.2), 10];
  t.equal(paceAfter(...hung).fast, false);
  t.equal(paceAfter(...hung, ...times(15, 0.2)).fast, false);
  t.equal(paceAfter(...hung, ...times(16, 0.2)).fast, true);
});

t.test('a write that was only slow changes nothing: disks that others use have some', async (t) => {
  t.equal(paceAfter(...times(100, 0.2), 6, ...times(4, 0.2), 6).fast, true);
});

t.test('a disk whose writes are slow on the whole is not fast', async (t) => {
  t.equal(paceAfter(...times(200, 4)).fast, false);
  t.equal(paceAfter(...times(200, 4), ...times(40, 0.2)).fast, true);
});
