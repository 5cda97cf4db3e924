/** What leases have left, written down so that they do not begin anew with each leader. */
import t from 'tap';
import { fromId } from '@flotilla/wire';
import {
  type LeaseRemainder,
  type Store,
  createLessor,
  createStore,
  encodeLeaseCheckpoint,
  hashState,
} from '@flotilla/store';
import { applyAndFlush, createMachine } from './persistence-harness.ts';
import { applyData, entryData, entryOfBody, execute } from './server.ts';
import { createTestClock } from './test-clock.ts';

const grant = (store: Store, id: bigint, ttl: number) =>
  execute(store, { type: 'leaseGrant', request: { ID: fromId(id), TTL: ttl } });
const checkpoint = (store: Store, leases: readonly LeaseRemainder[], term = 1) =>
  applyData(store, entryOfBody('leaseCheckpoint', encodeLeaseCheckpoint({ term, leases })));
const remaindersOf = (store: Store) => store.leases.list().map(({ id, remainingMs }) => [id, remainingMs]);

function lead(store: Store) {
  const clock = createTestClock();
  const lessor = createLessor(store, { clock });
  lessor.promote({ extendMs: 0 });
  const fallen = (withinMs = 0, limit = 1000) => lessor.fallen(clock.monotonicMs(), { withinMs, limit });
  return { clock, lessor, fallen };
}

t.test('a checkpoint says what many leases have left, and passes over those that have ended', (t) => {
  const store = createStore();
  grant(store, 7n, 10);
  grant(store, -8n, 20);
  const before = store.revision;
  t.match(
    checkpoint(store, [
      { id: 7n, remainingMs: 4321 },
      { id: 9n, remainingMs: 1 },
      { id: -8n, remainingMs: 99_999 },
    ]),
    { ok: true, revision: before },
  );
  t.same(remaindersOf(store), [
    [-8n, 20_000],
    [7n, 4321],
  ]);
  t.end();
});

t.test('a checkpoint counts in the term of the leader that wrote it only', (t) => {
  const store = createStore();
  grant(store, 7n, 10);
  t.match(checkpoint(store, [{ id: 7n, remainingMs: 1000 }], 2), { error: { code: 'notPrimaryLessor' } });
  t.same(remaindersOf(store), [[7n, 10_000]]);
  t.end();
});

t.test('a lease is to be written down whenever it has fallen by a quarter of its TTL, at least a second', (t) => {
  const store = createStore();
  grant(store, 7n, 40);
  grant(store, 8n, 2);
  const { clock, fallen } = lead(store);
  clock.advance(999);
  t.same(fallen(), []);
  clock.advance(1);
  t.same(fallen(), [{ id: 8n, remainingMs: 1000 }]);
  t.same(fallen(), [], 'once');
  checkpoint(store, [{ id: 8n, remainingMs: 1000 }]);
  clock.advance(8999);
  t.same(fallen(), [], 'what has expired has nothing left to write down');
  t.same(fallen(1), [{ id: 7n, remainingMs: 30_001 }], 'a little ahead of time, when told');
  clock.advance(3001);
  t.same(fallen(), [{ id: 7n, remainingMs: 27_000 }], 'again, when it did not come to the log');
  checkpoint(store, [{ id: 7n, remainingMs: 27_000 }]);
  clock.advance(9999);
  t.same(fallen(), []);
  clock.advance(1);
  t.same(fallen(), [{ id: 7n, remainingMs: 17_000 }]);
  t.end();
});

t.test('a renewal that nobody wrote down moves the next checkpoint', (t) => {
  const store = createStore();
  grant(store, 7n, 40);
  const { clock, lessor, fallen } = lead(store);
  clock.advance(9000);
  t.equal(lessor.renew(7n), 40);
  clock.advance(9999);
  t.same(fallen(), []);
  clock.advance(1);
  t.same(fallen(), [{ id: 7n, remainingMs: 30_000 }]);
  t.end();
});

t.test('a lease whose time was given out to be written down is not renewed before its TTL is restored', (t) => {
  const store = createStore();
  grant(store, 7n, 40);
  const { clock, lessor, fallen } = lead(store);
  clock.advance(10_000);
  t.equal(fallen().length, 1);
  t.equal(lessor.renew(7n), 'lowered', 'the entry may be under way');
  const lowering = lessor.lowering(7n) ?? -1;
  checkpoint(store, [{ id: 7n, remainingMs: 30_000 }]);
  t.equal(lessor.renew(7n), 'lowered');
  checkpoint(store, [{ id: 7n, remainingMs: 40_000 }]);
  lessor.restored(7n, lowering);
  t.equal(lessor.renew(7n), 40);
  t.same(remaindersOf(store), [[7n, 40_000]]);
  t.end();
});

t.test('a lowering that came after a restoration was proposed still counts', (t) => {
  const store = createStore();
  grant(store, 7n, 40);
  const { clock, lessor, fallen } = lead(store);
  clock.advance(10_000);
  fallen();
  const lowering = lessor.lowering(7n) ?? -1;
  clock.advance(10_000);
  t.equal(fallen().length, 1);
  lessor.restored(7n, lowering);
  t.equal(lessor.renew(7n), 'lowered');
  t.end();
});

t.test('a new leader goes on from what is written down, and knows that a renewal must restore it', (t) => {
  const store = createStore();
  grant(store, 7n, 40);
  grant(store, 8n, 40);
  checkpoint(store, [{ id: 7n, remainingMs: 12_000 }]);
  const clock = createTestClock();
  const lessor = createLessor(store, { clock });
  lessor.promote({ extendMs: 1000 });
  t.equal(lessor.remainingSeconds(7n), 13);
  t.equal(lessor.remainingSeconds(8n), 41);
  t.equal(lessor.renew(7n), 'lowered');
  t.equal(lessor.renew(8n), 40);
  clock.advance(13_000);
  t.same(lessor.expired(clock.monotonicMs(), 10), [7n]);
  t.equal(lessor.renew(7n), 'expired');
  t.end();
});

t.test('before a handover everything that has fallen at all is written down', (t) => {
  const store = createStore();
  grant(store, 7n, 40);
  grant(store, 8n, 1);
  const { clock, lessor } = lead(store);
  clock.advance(2000);
  grant(store, 9n, 40);
  t.same(lessor.allFallen(clock.monotonicMs()), [{ id: 7n, remainingMs: 38_000 }]);
  t.equal(lessor.renew(7n), 'lowered');
  t.equal(lessor.renew(9n), 40);
  t.end();
});

t.test('however often leaders change, a lease gains at most a step and the extension by each', (t) => {
  const store = createStore();
  grant(store, 7n, 8);
  let lived = 0;
  let changes = 0;
  for (; changes < 100; changes++) {
    const clock = createTestClock();
    const lessor = createLessor(store, { clock });
    lessor.promote({ extendMs: 500 });
    // Each leader lives for 2,700 ms, and the one after it knows only the log.
    let ended = false;
    for (let ms = 0; ms < 2700 && !ended; ms += 50) {
      clock.advance(50);
      lived += 50;
      const fallen = lessor.fallen(clock.monotonicMs(), { withinMs: 50, limit: 10 });
      if (fallen.length > 0) checkpoint(store, fallen);
      ended = lessor.expired(clock.monotonicMs(), 1).length > 0;
    }
    lessor.close();
    if (ended) break;
  }
  t.ok(changes >= 3, `${changes} changes`);
  t.ok(lived <= 8000 + changes * 2500 + 500, `${lived} ms`);
  t.end();
});

t.test('what a lease has left is part of the written state', async (t) => {
  const machine = createMachine();
  const first = await machine.open();
  const body = encodeLeaseCheckpoint({ term: 1, leases: [{ id: 7n, remainingMs: 12_345 }] });
  await applyAndFlush(first, [
    entryData('leaseGrant', { ID: fromId(7n), TTL: 40 }),
    entryData('leaseGrant', { ID: fromId(8n), TTL: 40 }),
    entryOfBody('leaseCheckpoint', body),
  ]);
  await first.state.close();
  const second = await machine.open();
  t.same(remaindersOf(second.store), [
    [7n, 12_345],
    [8n, 40_000],
  ]);
  t.equal(hashState(second.store), hashState(first.store));
  await second.state.close();
});
