import { type Clock, createManualClock } from '@flotilla/base';
import { createEtcdClient } from '@flotilla/etcd-client';
import t from 'tap';
import { startEtcd } from './etcd-process.ts';

const firstChoice = { next: () => 0, bytes: (length: number) => new Uint8Array(length) };

void t.test(
  'a kept lease has its whole TTL again and again, also when the member that renewed it is gone',
  async (t) => {
    const cluster = await startEtcd(3);
    // The keeper's time goes by as fast as it sleeps, the servers' as it does: neither has to keep up with the other.
    const clock = createManualClock();
    const client = createEtcdClient({ endpoints: cluster.endpoints, randomness: firstChoice, clock });
    const observer = createEtcdClient({ endpoints: cluster.endpoints, timeoutMs: 300_000 });
    t.teardown(async () => {
      client.close();
      observer.close();
      await cluster.close();
    });
    const { id, ttlSeconds } = await observer.lease.grant({ ttlSeconds: 600 });
    const keeper = client.lease.keepAlive(id, { ttlSeconds });
    const isFresh = async (): Promise<boolean> => (await observer.lease.timeToLive(id)).ttlSeconds > ttlSeconds - 2;
    // A new leader gives leases their whole TTL too, once: what is fresh after that is so by a renewal.
    for (let round = 0; round < 3; round++) {
      if (round === 1) await cluster.members[0]?.kill();
      while (await isFresh()) await new Promise((resolve) => setTimeout(resolve, 100));
      while (!(await isFresh())) if (clock.pending > 0) await clock.advance(1000);
    }
    t.equal(keeper.lost.aborted, false);
    await keeper.close();
    t.equal(await keeper.ended, undefined);
    t.equal(keeper.lost.aborted, false);
  },
);

void t.test('a lease that was revoked elsewhere is reported as expired', async (t) => {
  const cluster = await startEtcd(1);
  const client = createEtcdClient({ endpoints: cluster.endpoints });
  t.teardown(async () => {
    client.close();
    await cluster.close();
  });
  const { id } = await client.lease.grant({ ttlSeconds: 2 });
  const keeper = client.lease.keepAlive(id);
  await client.lease.revoke(id);
  t.equal(await keeper.ended, 'expired');
  t.equal(keeper.lost.aborted, true);
  t.equal(keeper.lost.reason, 'expired');
});

void t.test('a lease that nobody confirms is given up when its TTL has passed', async (t) => {
  const clock = manualClock();
  const client = createEtcdClient({ endpoints: ['127.0.0.1:1'], clock });
  t.teardown(client.close);
  const keeper = client.lease.keepAlive(7n, { ttlSeconds: 5 });
  clock.advanceWhileAsked(4_900);
  t.equal(keeper.lost.aborted, false);
  clock.advanceWhileAsked(Infinity);
  t.equal(await keeper.ended, 'unconfirmed');
  t.ok(clock.monotonicMs() >= 5_000);
});

void t.test('a keeper ends with its signal and with its client', async (t) => {
  const controller = new AbortController();
  const client = createEtcdClient({ endpoints: ['127.0.0.1:1'] });
  const bySignal = client.lease.keepAlive(7n, { signal: controller.signal });
  const byClient = client.lease.keepAlive(7n);
  controller.abort();
  t.equal(await bySignal.ended, undefined);
  client.close();
  t.equal(await byClient.ended, undefined);
});

/** A clock whose timers fire in order as soon as they are set, as long as they lie before the allowed time. */
function manualClock(): Clock & { advanceWhileAsked(untilMs: number): void } {
  let nowMs = 0;
  let allowedMs = 0;
  let waiting: { atMs: number; callback: () => void }[] = [];
  const turn = (): void => {
    const due = waiting.filter(({ atMs }) => atMs <= allowedMs).sort((a, b) => a.atMs - b.atMs)[0];
    if (!due) return;
    waiting = waiting.filter((timer) => timer !== due);
    nowMs = Math.max(nowMs, due.atMs);
    due.callback();
    setImmediate(turn);
  };
  const after = (delayMs: number, callback: () => void) => {
    const timer = { atMs: nowMs + delayMs, callback };
    waiting.push(timer);
    setImmediate(turn);
    return {
      cancel() {
        waiting = waiting.filter((other) => other !== timer);
      },
    };
  };
  return {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after,
    every: () => {
      throw new Error('not used here');
    },
    advanceWhileAsked(untilMs) {
      allowedMs = untilMs;
      setImmediate(turn);
    },
  };
}
