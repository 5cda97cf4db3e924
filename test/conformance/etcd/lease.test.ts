/** `Lease`: grants, keep-alives, times left, revocation, expiry. */
import { type etcdserverpb, fromId, toId } from '@flotilla/wire';
import { type Client, type Stream, bytes, number, openStream, text } from './client.ts';
import { type Setting, conformance, refusal, until } from './rules.ts';

type KeepAlive = Stream<etcdserverpb.LeaseKeepAliveRequest.$Properties, etcdserverpb.LeaseKeepAliveResponse>;

const noLease = '5 etcdserver: requested lease not found';

function openKeepAlive({ t }: Pick<Setting, 't'>, client: Client): KeepAlive {
  const stream: KeepAlive = openStream(client.lease.LeaseKeepAlive);
  t.teardown(() => stream.close());
  return stream;
}

conformance('Lease', ({ rule }) => {
  rule('the server draws a positive id where the client gives none', async ({ t, client }) => {
    const ids: bigint[] = [];
    for (let i = 0; i < 5; i++) {
      const { ID, TTL, error } = await client.lease.LeaseGrant({ TTL: 600 });
      ids.push(toId(ID));
      t.strictSame([number(TTL), error], [600, '']);
      t.ok(toId(ID) > 0n);
    }
    t.equal(new Set(ids).size, 5);
    for (const id of ids) await client.lease.LeaseRevoke({ ID: fromId(id) });
  });

  rule('a grant makes no revision; its header tells the current one', async ({ t, client, key }) => {
    const { header } = await client.kv.Put({ key: key('a') });
    const granted = await client.lease.LeaseGrant({ TTL: 600 });
    t.equal(number(granted.header?.revision), number(header?.revision));
    t.ok(number(granted.header?.raft_term) > 0);
    const revoked = await client.lease.LeaseRevoke({ ID: granted.ID });
    t.equal(number(revoked.header?.revision), number(header?.revision), 'nor does revoking it without keys');
  });

  rule('an id of the client is used, of all 64 bits but 0; one in use is refused', async ({ t, client }) => {
    for (const id of [1n, 0x7fff_ffff_ffff_ffffn, 123_456_789n, 0x1234_5678_9abc_def0n, -1n, -(2n ** 63n)]) {
      const { ID } = await client.lease.LeaseGrant({ TTL: 600, ID: fromId(id) });
      t.equal(toId(ID), id);
      t.equal(
        await refusal(client.lease.LeaseGrant({ TTL: 600, ID: fromId(id) })),
        '9 etcdserver: lease already exists',
      );
      await client.lease.LeaseRevoke({ ID: fromId(id) });
    }
  });

  rule('a TTL below the minimum is raised, and the answer tells it', async ({ t, client }) => {
    for (const asked of [1, 0, -5, 2]) {
      const { ID, TTL } = await client.lease.LeaseGrant({ TTL: asked });
      t.equal(number(TTL), 2);
      await client.lease.LeaseRevoke({ ID });
    }
  });

  rule('a TTL above the maximum is refused', async ({ t, client }) => {
    const refused = '11 etcdserver: too large lease TTL';
    t.equal(await refusal(client.lease.LeaseGrant({ TTL: 9_000_000_001 })), refused);
    const { ID, TTL } = await client.lease.LeaseGrant({ TTL: 9_000_000_000 });
    t.equal(number(TTL), 9_000_000_000);
    await client.lease.LeaseRevoke({ ID });
  });

  rule('headers of what changes no key tell the current revision', async (setting) => {
    const { t, clients, key } = setting;
    for (const { lease, kv, maintenance } of clients) {
      const { ID } = await lease.LeaseGrant({ TTL: 600 });
      const { header: put } = await kv.Put({ key: key('a') });
      const keepAlive = openStream(lease.LeaseKeepAlive);
      keepAlive.ask({ ID });
      const answers = [
        await keepAlive.next(),
        await lease.LeaseTimeToLive({ ID }),
        await lease.LeaseLeases({}),
        await maintenance.Status({}),
        await maintenance.Hash({}),
        await maintenance.HashKV({}),
        await lease.LeaseRevoke({ ID }),
      ];
      keepAlive.close();
      for (const { header } of answers) {
        t.equal(number(header?.revision), number(put?.revision));
        t.strictSame([header?.member_id, header?.cluster_id], [put?.member_id, put?.cluster_id]);
      }
    }
  });

  rule('a keep-alive answers the whole TTL, and 0 for an unknown lease', async (setting) => {
    const { t, clients } = setting;
    const { ID } = (await clients[0]?.lease.LeaseGrant({ TTL: 600 })) ?? {};
    for (const client of clients) {
      const stream = openKeepAlive(setting, client);
      for (const [id, ttl] of [
        [ID, 600],
        [fromId(4711n), 0],
        [ID, 600],
      ] as const) {
        stream.ask({ ID: id ?? null });
        const answer = await stream.next();
        t.strictSame([toId(answer.ID), number(answer.TTL)], [toId(id), ttl]);
        t.ok(number(answer.header?.raft_term) > 0);
      }
    }
    await clients[0]?.lease.LeaseRevoke({ ID: ID ?? null });
  });

  rule('the end of the requests ends the stream', async ({ t, client }) => {
    const { ID } = await client.lease.LeaseGrant({ TTL: 600 });
    async function* once(): AsyncGenerator<{ ID: typeof ID }, void> {
      yield await Promise.resolve({ ID });
    }
    const answers: number[] = [];
    for await (const { TTL } of client.lease.LeaseKeepAlive(once())) answers.push(number(TTL));
    t.strictSame(answers, [600]);
    await client.lease.LeaseRevoke({ ID });
  });

  rule('the time to live counts down, and lists keys when asked', async ({ t, clients, client, key }) => {
    const { ID } = await client.lease.LeaseGrant({ TTL: 600 });
    for (const name of ['b', 'a']) await client.kv.Put({ key: key(name), lease: ID });
    for (const { lease } of clients) {
      const plain = await lease.LeaseTimeToLive({ ID });
      t.strictSame([number(plain.grantedTTL), plain.keys.length], [600, 0]);
      t.ok(number(plain.TTL) <= 600 && number(plain.TTL) > 500);
      t.ok(number(plain.header?.revision) > 0);
      const { keys } = await lease.LeaseTimeToLive({ ID, keys: true });
      t.strictSame(keys.map((name) => text(name).slice(5)).sort(), ['a', 'b']);
    }
    await client.lease.LeaseRevoke({ ID });
  });

  rule('of an unknown lease it is -1, without an error', async ({ t, clients }) => {
    for (const { lease } of clients) {
      const answer = await lease.LeaseTimeToLive({ ID: fromId(4711n), keys: true });
      t.strictSame([number(answer.TTL), number(answer.grantedTTL), answer.keys.length], [-1, 0, 0]);
      t.equal(toId(answer.ID), 4711n);
    }
  });

  rule('revoking deletes the attached keys in one revision', async ({ t, client, key, end }) => {
    const { ID } = await client.lease.LeaseGrant({ TTL: 600 });
    await client.kv.Put({ key: key('a'), lease: ID });
    const { header } = await client.kv.Put({ key: key('b'), lease: ID });
    await client.kv.Put({ key: key('c') });
    const revoked = await client.lease.LeaseRevoke({ ID });
    t.equal(number(revoked.header?.revision), number(header?.revision) + 2);
    const { kvs } = await client.kv.Range({ key: key(), range_end: end });
    t.strictSame(
      kvs.map((kv) => text(kv.key).slice(5)),
      ['c'],
    );
  });

  rule('revoking an unknown lease is refused', async ({ t, client }) => {
    t.equal(await refusal(client.lease.LeaseRevoke({ ID: fromId(4711n) })), noLease);
    t.equal(await refusal(client.lease.LeaseRevoke({})), noLease);
  });

  rule('leases are listed by the time of their end', async ({ t, clients, client }) => {
    for (const [id, TTL] of [
      [11n, 900],
      [12n, 700],
      [13n, 800],
    ] as const) {
      await client.lease.LeaseGrant({ ID: fromId(id), TTL });
    }
    const { leases, header } = (await clients[0]?.lease.LeaseLeases({})) ?? {};
    t.strictSame(
      leases?.map(({ ID }) => toId(ID)),
      [12n, 13n, 11n],
    );
    t.ok(number(header?.revision) > 0);
    for (const id of [11n, 12n, 13n]) await client.lease.LeaseRevoke({ ID: fromId(id) });
  });

  rule('an expired lease takes its keys along, and is unknown then', async (setting) => {
    const { t, client, key, end } = setting;
    const askedMs = performance.now();
    const { ID } = await client.lease.LeaseGrant({ TTL: 1 });
    await client.kv.Put({ key: key('a'), value: bytes('1'), lease: ID });
    await client.kv.Put({ key: key('b'), lease: ID });
    await until(async () => number((await client.kv.Range({ key: key(), range_end: end })).count) === 0);
    t.ok(performance.now() - askedMs >= 1999, 'not before its time');
    await until(async () => number((await client.lease.LeaseTimeToLive({ ID })).TTL) === -1);
    const stream = openKeepAlive(setting, client);
    stream.ask({ ID });
    t.equal(number((await stream.next()).TTL), 0);
    t.equal(await refusal(client.kv.Put({ key: key('a'), lease: ID })), noLease);
  });

  rule('keep-alives hold a lease beyond its TTL', async (setting) => {
    const { t, client, key } = setting;
    const stream = openKeepAlive(setting, client);
    /** False when it ended because this machine let a TTL go by between two of them. */
    const holds = async (): Promise<boolean> => {
      let confirmedMs = performance.now();
      const isLate = (): boolean => performance.now() - confirmedMs >= 2000;
      const { ID } = await client.lease.LeaseGrant({ TTL: 2 });
      const endMs = performance.now() + 3000;
      const put = await refusal(client.kv.Put({ key: key('a'), lease: ID }));
      if (isLate()) return false;
      t.equal(put, 'answered');
      for (let askedMs = 0; askedMs < endMs; confirmedMs = askedMs) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        askedMs = performance.now();
        stream.ask({ ID });
        const { TTL } = await stream.next();
        if (isLate()) return false;
        t.equal(number(TTL), 2);
      }
      const { count } = await client.kv.Range({ key: key('a') });
      if (isLate()) return false;
      t.equal(number(count), 1);
      await client.lease.LeaseRevoke({ ID });
      return true;
    };
    await until(holds);
  });

  rule('a key that moved to another lease survives the first', async ({ t, client, key }) => {
    const [one, two] = [await client.lease.LeaseGrant({ TTL: 600 }), await client.lease.LeaseGrant({ TTL: 600 })];
    await client.kv.Put({ key: key('a'), lease: one.ID });
    await client.kv.Put({ key: key('a'), lease: two.ID });
    await client.lease.LeaseRevoke({ ID: one.ID });
    t.equal(number((await client.kv.Range({ key: key('a') })).count), 1);
    await client.lease.LeaseRevoke({ ID: two.ID });
    t.equal(number((await client.kv.Range({ key: key('a') })).count), 0);
  });
});
