/** The rules of leases, one by one (etcd's documented behaviour). */
import t from 'tap';
import { seededRandomness } from '@flotilla/base';
import { fromId, toId } from '@flotilla/wire';
import {
  type Store,
  checkLeaseGrant,
  completeLeaseGrant,
  createLessor,
  createStore,
  minLeaseTtlSeconds,
} from '@flotilla/store';
import { execute } from './server.ts';
import { createTestClock } from './test-clock.ts';
import { createTestHub } from './watching.ts';

const b = (text: string): Uint8Array => Buffer.from(text);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

const grant = (store: Store, id: bigint, ttl = 10) =>
  execute(store, { type: 'leaseGrant', request: { ID: fromId(id), TTL: ttl } });
const revoke = (store: Store, id: bigint) => execute(store, { type: 'leaseRevoke', request: { ID: fromId(id) } });
const put = (store: Store, key: string, lease = 0n) =>
  execute(store, { type: 'put', request: { key: b(key), lease: fromId(lease) } });
const keysOf = (store: Store, id: bigint) => store.leases.keys(id).map(text);

function primary(store: Store) {
  const clock = createTestClock();
  const lessor = createLessor(store, { clock });
  lessor.promote({ extendMs: 0 });
  return { clock, lessor, expired: (limit = 1000) => lessor.expired(clock.monotonicMs(), limit) };
}

t.test('the shortest TTL is one and a half election timeouts, 2 s by default', (t) => {
  t.equal(minLeaseTtlSeconds({ electionTicks: 10, heartbeatMs: 100 }), 2);
  t.equal(minLeaseTtlSeconds({ electionTicks: 100, heartbeatMs: 100 }), 15);
  t.equal(minLeaseTtlSeconds({ electionTicks: 5, heartbeatMs: 10 }), 1);
  t.end();
});

t.test('a server raises a short TTL and draws an id where the client left it open', (t) => {
  const options = { minTtlSeconds: 2, randomness: seededRandomness(4), isTaken: () => false };
  for (const ttl of [-5, 0, 1, 2]) t.equal(completeLeaseGrant({ TTL: ttl }, options).TTL, 2);
  t.equal(completeLeaseGrant({ TTL: 60 }, options).TTL, 60);
  t.equal(toId(completeLeaseGrant({ ID: fromId(99n) }, options).ID), 99n);
  const ids = Array.from({ length: 50 }, () => toId(completeLeaseGrant({}, options).ID));
  t.ok(ids.every((id) => id > 0n && id < 2n ** 63n));
  let asked = 0;
  const drawn = completeLeaseGrant({}, { ...options, isTaken: () => asked++ < 3 });
  t.ok(toId(drawn.ID) > 0n && asked === 4, 'a taken id is drawn anew');
  t.end();
});

t.test('a TTL above nine billion seconds is refused', (t) => {
  t.equal(checkLeaseGrant({ TTL: 9_000_000_000 }), undefined);
  t.same(checkLeaseGrant({ TTL: 9_000_000_001 }), { code: 'leaseTtlTooLarge' });
  t.end();
});

t.test('an id that is in use is refused, and a grant makes no revision', (t) => {
  const store = createStore();
  t.match(grant(store, 7n), { ok: true, revision: 1, response: { TTL: 10 } });
  t.match(grant(store, 7n), { error: { code: 'leaseExists' } });
  t.same(store.leases.list(), [{ id: 7n, ttlSeconds: 10, remainingMs: 10_000 }]);
  t.end();
});

t.test('a put attaches its key, another lease moves it, none detaches it', (t) => {
  const store = createStore();
  grant(store, 7n);
  grant(store, 8n);
  for (const key of ['b', 'a', 'c']) put(store, key, 7n);
  t.same(keysOf(store, 7n), ['a', 'b', 'c'], 'sorted');
  put(store, 'b', 8n);
  put(store, 'c');
  execute(store, { type: 'deleteRange', request: { key: b('a') } });
  t.same([keysOf(store, 7n), keysOf(store, 8n)], [[], ['b']]);
  execute(store, { type: 'put', request: { key: b('b'), value: b('v'), ignore_lease: true } });
  t.same(keysOf(store, 8n), ['b'], 'ignore_lease keeps it');
  t.end();
});

t.test('a revoke deletes the keys in sorted order in one revision, seen as events', async (t) => {
  const store = createStore();
  grant(store, 7n);
  for (const key of ['c', 'a', 'b']) put(store, key, 7n);
  const stream = createTestHub(store).open();
  stream.create({ key: b('a'), range_end: b('z') });
  await stream.all();
  t.match(revoke(store, 7n), { ok: true, revision: 5 });
  const [response] = await stream.all();
  t.same(
    response?.events.map(({ type, kv }) => [type, text(kv?.key ?? b('')), Number(kv?.mod_revision)]),
    [
      [1, 'a', 5],
      [1, 'b', 5],
      [1, 'c', 5],
    ],
  );
  t.match(revoke(store, 7n), { error: { code: 'leaseNotFound' } });
  grant(store, 8n);
  t.match(revoke(store, 8n), { ok: true, revision: 5 }, 'without keys there is no revision');
  t.end();
});

t.test('a lease expires after its TTL, never before, and is given out again after 3 s', (t) => {
  const store = createStore();
  const { clock, expired } = primary(store);
  grant(store, 7n, 10);
  grant(store, 8n, 20);
  clock.advance(9999);
  t.same(expired(), []);
  clock.advance(1);
  t.same(expired(), [7n]);
  t.same(expired(), [], 'once');
  clock.advance(3000);
  t.same(expired(), [7n], 'its revoke may have been lost');
  revoke(store, 7n);
  clock.advance(7000);
  t.same(expired(), [8n]);
  t.end();
});

t.test('a renewal starts the TTL anew, and comes too late once the lease has expired', async (t) => {
  const store = createStore();
  const { clock, lessor, expired } = primary(store);
  grant(store, 7n, 10);
  t.equal(lessor.renew(9n), 'notFound');
  clock.advance(9000);
  t.equal(lessor.remainingSeconds(7n), 1);
  t.equal(lessor.renew(7n), 10);
  clock.advance(9500);
  t.same(expired(), []);
  t.equal(lessor.remainingSeconds(7n), 0, 'whole seconds');
  clock.advance(500);
  t.equal(lessor.renew(7n), 'expired');
  const revoked = lessor.revoked(7n);
  t.same(expired(), [7n]);
  revoke(store, 7n);
  await revoked;
  t.equal(lessor.renew(7n), 'notFound');
  t.equal(lessor.remainingSeconds(7n), undefined);
});

t.test('a new leader starts a lease that nobody wrote down with its whole TTL and the extension', (t) => {
  const store = createStore();
  grant(store, 7n, 10);
  const clock = createTestClock();
  const lessor = createLessor(store, { clock });
  t.equal(lessor.renew(7n), 'notPrimary');
  t.equal(lessor.remainingSeconds(7n), undefined);
  clock.advance(60_000);
  t.same(lessor.expired(clock.monotonicMs(), 10), [], 'only a leader expires leases');
  lessor.promote({ extendMs: 1000 });
  clock.advance(10_999);
  t.same(lessor.expired(clock.monotonicMs(), 10), []);
  clock.advance(1);
  t.same(lessor.expired(clock.monotonicMs(), 10), [7n]);
  lessor.demote();
  clock.advance(60_000);
  t.same(lessor.expired(clock.monotonicMs(), 10), []);
  t.end();
});

t.test('after a change of leader at most 750 leases fall due in a second', (t) => {
  const store = createStore();
  for (let id = 1n; id <= 3000n; id++) grant(store, id, 10);
  const { clock, expired } = primary(store);
  clock.advance(9000);
  const perSecond = Array.from({ length: 6 }, () => {
    clock.advance(1000);
    const due = expired(10_000);
    for (const id of due) revoke(store, id);
    return due.length;
  });
  t.ok(Math.max(...perSecond) <= 751, perSecond.join(' '));
  t.equal(
    perSecond.reduce((sum, count) => sum + count, 0),
    3000,
  );
  t.end();
});

t.test('leases are listed soonest expiry first', (t) => {
  const store = createStore();
  const { lessor, clock } = primary(store);
  grant(store, 7n, 30);
  grant(store, 8n, 10);
  grant(store, 9n, 20);
  t.same(lessor.listByExpiry(), [8n, 9n, 7n]);
  clock.advance(5000);
  lessor.renew(8n);
  lessor.renew(7n);
  t.same(lessor.listByExpiry(), [8n, 9n, 7n]);
  lessor.demote();
  t.same(lessor.listByExpiry(), [7n, 8n, 9n]);
  t.end();
});

t.test('waiting for a revoke ends with the lease, the leadership or the signal', async (t) => {
  const store = createStore();
  const { lessor } = primary(store);
  grant(store, 7n);
  const aborted = new AbortController();
  const waits = [lessor.revoked(7n), lessor.revoked(7n, aborted.signal), lessor.revoked(99n)];
  aborted.abort();
  lessor.demote();
  await t.resolves(Promise.all(waits));
});
