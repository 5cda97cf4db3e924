import t from 'tap';
import { Proposals } from '@flotilla/brain';
import { systemRandomness } from '@flotilla/base';
import { createTestClock } from '@flotilla/store/test/test-clock';

function begin() {
  const state = { applyLag: 0, hasRoom: true, nowMs: 0 };
  const clock = createTestClock();
  const proposals = new Proposals({
    self: 1n,
    clock,
    randomness: systemRandomness,
    requestTimeoutMs: 7000,
    maxRequestBytes: 1000,
    schedule: () => undefined,
    applyLag: () => state.applyLag,
    quota: { hasRoomFor: () => state.hasRoom, alarm: new Uint8Array() },
    timeoutReason: () => 'timeout',
  });
  const submit = (bytes = 1) => proposals.submit('put', new Uint8Array(bytes));
  return { state, clock, proposals, submit };
}

const tooMany = { status: 2, message: 'etcdserver: too many requests' };

t.test('more than 5,000 committed entries that are not applied refuse every proposal', async (t) => {
  const { state, proposals, submit } = begin();
  state.applyLag = 5001;
  await t.rejects(submit(), tooMany);
  state.applyLag = 5000;
  const taken = submit();
  t.equal(proposals.pendingCount, 1);
  proposals.failAll('serverStopped');
  await t.rejects(taken, { status: 14, message: 'etcdserver: server stopped' });
});

t.test('as many calls wait as there is room for, and the next is refused', async (t) => {
  const { proposals, submit } = begin();
  const waiting: Promise<unknown>[] = [];
  for (let i = 0; i < 65_536; i++) waiting.push(submit());
  await t.rejects(submit(), tooMany);
  proposals.failAll('serverStopped');
  const outcomes = await Promise.allSettled(waiting);
  t.ok(outcomes.every(({ status }) => status === 'rejected'));
  t.equal(proposals.failedCount, 65_536);
  t.equal(proposals.pendingCount, 0, 'then there is room again');
});

t.test('what was never given to a leader ends as a call without an answer does', async (t) => {
  const { proposals, clock, submit } = begin();
  const waiting = submit();
  proposals.expire(clock.monotonicMs() + 6999);
  t.equal(proposals.pendingCount, 1);
  proposals.expire(clock.monotonicMs() + 7000);
  await t.rejects(waiting, { status: 4, message: 'context deadline exceeded' });
});

t.test('a request that is too large is refused', async (t) => {
  const { proposals, submit } = begin();
  await t.rejects(submit(1001), { status: 3, message: 'etcdserver: request is too large' });
  t.equal(proposals.pendingCount, 0);
});
