import { age, humanDuration } from '@flotilla/api';
import t from 'tap';

void t.test('a duration has at most two units, and fewer the longer it is', (t) => {
  const minute = 60_000;
  const hour = 60 * minute;
  const day = 24 * hour;
  const cases: readonly (readonly [number, string])[] = [
    [-5000, '<invalid>'],
    [-500, '0s'],
    [0, '0s'],
    [119_999, '119s'],
    [2 * minute, '2m'],
    [3 * minute + 5000, '3m5s'],
    [10 * minute + 5000, '10m'],
    [179 * minute, '179m'],
    [3 * hour, '3h'],
    [3 * hour + 30 * minute, '3h30m'],
    [8 * hour + 30 * minute, '8h'],
    [47 * hour, '47h'],
    [2 * day + 4 * hour, '2d4h'],
    [8 * day + 4 * hour, '8d'],
    [729 * day, '729d'],
    [2 * 365 * day + 10 * day, '2y10d'],
    [9 * 365 * day, '9y'],
  ];
  for (const [ms, text] of cases) t.equal(humanDuration(ms), text);
  t.equal(age(undefined, 0), '<unknown>');
  t.equal(age('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:30Z')), '30s');
  t.end();
});
