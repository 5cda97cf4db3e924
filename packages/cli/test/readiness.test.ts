import { createManualClock } from '@flotilla/base';
import { untilStarted } from '@flotilla/cli';
import t from 'tap';

const logs = '.flotilla/test/logs/*';

void t.test('what has not started after a minute is named, with its logs', async (t) => {
  const clock = createManualClock();
  const waitingFor = (): readonly string[] => ['apiserver-2', 'node-1'];
  const starting = untilStarted(new Promise(() => undefined), { waitingFor, clock, logs });
  const refused = t.rejects(starting, {
    code: 'NOT_READY',
    message: `not ready after 60 s: apiserver-2, node-1 did not start; the logs are ${logs}`,
  });
  await clock.advance(60_000);
  await refused;
});

void t.test('what has started is waited for no longer', async (t) => {
  const clock = createManualClock();
  await untilStarted(Promise.resolve(), { waitingFor: () => [], clock, logs });
  t.equal(clock.pending, 0, 'no timer is left');
  const broken = new Error('broken');
  await t.rejects(untilStarted(Promise.reject(broken), { waitingFor: () => ['node-1'], clock, logs }), broken);
  t.equal(clock.pending, 0, 'no timer is left');
});
