/** `v3lockpb.Lock`: order of waiters, keys, lost leases, cancelled waits. */
import { type v3lockpb, fromId, toId } from '@flotilla/wire';
import { type Client, bytes, number, text } from './client.ts';
import { type Setting, conformance, refusal, until } from './rules.ts';

type LockResponse = v3lockpb.LockResponse;

async function leaseOf({ client }: Setting, TTL = 600): Promise<bigint> {
  return toId((await client.lease.LeaseGrant({ TTL })).ID);
}

/** How many contend for the lock. */
async function contenders({ client, key, end }: Setting): Promise<number> {
  return number((await client.kv.Range({ key: key(), range_end: end, count_only: true })).count);
}

const lock = (client: Client, name: Uint8Array, lease: bigint, signal?: AbortSignal): Promise<LockResponse> =>
  client.lock.Lock({ name, lease: fromId(lease) }, signal ? { signal } : {});

conformance('Lock', ({ rule }) => {
  rule('the key is the name, a slash and the lease in hexadecimal', async (setting) => {
    const { t, client, key } = setting;
    const lease = await leaseOf(setting);
    const held = await lock(client, key('l'), lease);
    t.equal(text(held.key), `${text(key('l'))}/${lease.toString(16)}`);
    const { kvs, header } = await client.kv.Range({ key: held.key });
    t.strictSame([text(kvs[0]?.value), toId(kvs[0]?.lease)], ['', lease]);
    t.equal(number(held.header?.revision), number(header?.revision));
    t.ok(number(held.header?.raft_term) > 0);
  });

  rule('who holds it may lock again, and holds the same key', async (setting) => {
    const { t, client, key } = setting;
    const lease = await leaseOf(setting);
    const first = await lock(client, key('l'), lease);
    const again = await lock(client, key('l'), lease);
    t.equal(text(again.key), text(first.key));
    t.equal(number((await client.kv.Range({ key: first.key })).kvs[0]?.version), 1, 'it is written once');
  });

  rule('waiters get it one after the other, in the order they came', async (setting) => {
    const { t, client, clients, key } = setting;
    const first = await lock(client, key('l'), await leaseOf(setting));
    const order: number[] = [];
    const waiting: Promise<LockResponse>[] = [];
    for (let i = 0; i < 4; i++) {
      const lease = await leaseOf(setting);
      const held = lock(clients[i % clients.length] ?? client, key('l'), lease);
      waiting.push(held);
      void held.then(() => order.push(i));
      await until(async () => (await contenders(setting)) === i + 2);
    }
    t.strictSame(order, []);
    await client.lock.Unlock({ key: first.key });
    for (const [i, held] of waiting.entries()) {
      const { key: own } = await held;
      t.strictSame(
        order,
        Array.from({ length: i + 1 }, (_, n) => n),
      );
      await client.lock.Unlock({ key: own });
    }
    t.equal(await contenders(setting), 0);
  });

  rule("the end of the holder's lease passes it on", async (setting) => {
    const { t, client, key } = setting;
    const [one, two] = [await leaseOf(setting), await leaseOf(setting)];
    const held = await lock(client, key('l'), one);
    const next = lock(client, key('l'), two);
    await until(async () => (await contenders(setting)) === 2);
    await client.lease.LeaseRevoke({ ID: fromId(one) });
    const { key: own, header } = await next;
    t.not(text(own), text(held.key));
    t.ok(number(header?.revision) > number(held.header?.revision));
  });

  rule('a wait that is cancelled leaves no key behind', async (setting) => {
    const { t, client, key } = setting;
    const held = await lock(client, key('l'), await leaseOf(setting));
    const abort = new AbortController();
    const waiting = lock(client, key('l'), await leaseOf(setting), abort.signal);
    await until(async () => (await contenders(setting)) === 2);
    abort.abort();
    t.match(await refusal(waiting), /^1 /);
    await until(async () => (await contenders(setting)) === 1);
    t.equal(number((await client.kv.Range({ key: held.key })).count), 1);
  });

  rule('a waiter in the middle may leave; those behind it still wait for those before it', async (setting) => {
    const { t, client, key } = setting;
    const held = await lock(client, key('l'), await leaseOf(setting));
    const middle = await leaseOf(setting);
    const abort = new AbortController();
    const leaving = lock(client, key('l'), middle, abort.signal);
    await until(async () => (await contenders(setting)) === 2);
    let got = false;
    const last = lock(client, key('l'), await leaseOf(setting)).then((response) => {
      got = true;
      return response;
    });
    await until(async () => (await contenders(setting)) === 3);
    abort.abort();
    await refusal(leaving);
    await until(async () => (await contenders(setting)) === 2);
    t.notOk(got);
    await client.lock.Unlock({ key: held.key });
    t.equal(number((await client.kv.Range({ key: (await last).key })).count), 1);
  });

  rule('a waiter whose own lease ends learns that its session is over', { since: '3.5' }, async (setting) => {
    const { t, client, key } = setting;
    const held = await lock(client, key('l'), await leaseOf(setting));
    const lost = await leaseOf(setting);
    const waiting = refusal(lock(client, key('l'), lost));
    await until(async () => (await contenders(setting)) === 2);
    await client.lease.LeaseRevoke({ ID: fromId(lost) });
    await client.lock.Unlock({ key: held.key });
    t.equal(await waiting, '2 mutex: session is expired');
  });

  rule('without a lease it makes one of sixty seconds', async ({ t, client, key }) => {
    const { key: own } = await client.lock.Lock({ name: key('l') });
    const { kvs } = await client.kv.Range({ key: own });
    const { grantedTTL } = await client.lease.LeaseTimeToLive({ ID: kvs[0]?.lease ?? null });
    t.equal(number(grantedTTL), 60);
  });

  rule('an unknown lease is refused with its text, under the status Unknown', async ({ t, client, key }) => {
    t.equal(await refusal(lock(client, key('l'), 4711n)), '2 etcdserver: requested lease not found');
  });

  rule('unlocking deletes the key, whatever it is', async ({ t, client, key }) => {
    const { header } = await client.kv.Put({ key: key('any') });
    const unlocked = await client.lock.Unlock({ key: key('any') });
    t.equal(number(unlocked.header?.revision), number(header?.revision) + 1);
    const nothing = await client.lock.Unlock({ key: key('any') });
    t.equal(number(nothing.header?.revision), number(header?.revision) + 1);
    t.equal(await refusal(client.lock.Unlock({ key: bytes('') })), '2 etcdserver: key is not provided');
  });
});
