/** `v3electionpb.Election`: campaigns, proclamations, observers, resignation. */
import { type v3electionpb, fromId, toId } from '@flotilla/wire';
import { type Client, bytes, number, text } from './client.ts';
import { type Setting, conformance, refusal, until } from './rules.ts';

type Campaigned = v3electionpb.CampaignResponse;

async function leaseOf({ client }: Setting): Promise<bigint> {
  return toId((await client.lease.LeaseGrant({ TTL: 600 })).ID);
}

async function contenders({ client, key, end }: Setting): Promise<number> {
  return number((await client.kv.Range({ key: key(), range_end: end, count_only: true })).count);
}

const campaign = (
  client: Client,
  name: Uint8Array,
  { lease, value, signal }: { lease: bigint; value: string; signal?: AbortSignal },
): Promise<Campaigned> =>
  client.election.Campaign({ name, lease: fromId(lease), value: bytes(value) }, signal ? { signal } : {});

conformance('Election', ({ rule }) => {
  rule('the leader key is the name, a slash and the lease in hexadecimal', async (setting) => {
    const { t, client, key } = setting;
    const lease = await leaseOf(setting);
    const { leader, header } = await campaign(client, key('e'), { lease, value: 'me' });
    t.equal(text(leader?.key), `${text(key('e'))}/${lease.toString(16)}`);
    t.strictSame([text(leader?.name), toId(leader?.lease)], [text(key('e')), lease]);
    const { kvs } = await client.kv.Range({ key: leader?.key ?? null });
    t.strictSame([text(kvs[0]?.value), toId(kvs[0]?.lease)], ['me', lease]);
    t.equal(number(leader?.rev), number(kvs[0]?.create_revision));
    t.equal(number(header?.revision), number(leader?.rev));
    t.ok(number(header?.raft_term) > 0);
  });

  rule('the others wait until all before them are gone', async (setting) => {
    const { t, client, clients, key } = setting;
    const first = await campaign(client, key('e'), { lease: await leaseOf(setting), value: '0' });
    const elected: string[] = [];
    const waiting: Promise<Campaigned>[] = [];
    for (const value of ['1', '2', '3']) {
      const other = clients[Number(value) % clients.length] ?? client;
      const won = campaign(other, key('e'), { lease: await leaseOf(setting), value });
      void won.then(() => elected.push(value));
      waiting.push(won);
      await until(async () => (await contenders(setting)) === Number(value) + 1);
    }
    t.strictSame(elected, []);
    let leader = first.leader ?? null;
    for (const [i, won] of waiting.entries()) {
      await client.election.Resign({ leader });
      leader = (await won).leader ?? null;
      t.strictSame(elected, ['1', '2', '3'].slice(0, i + 1));
    }
  });

  rule('campaigning again changes the value and keeps the key', async (setting) => {
    const { t, client, key } = setting;
    const lease = await leaseOf(setting);
    const first = await campaign(client, key('e'), { lease, value: 'a' });
    const same = await campaign(client, key('e'), { lease, value: 'a' });
    t.equal(number(same.leader?.rev), number(first.leader?.rev));
    await campaign(client, key('e'), { lease, value: 'b' });
    const { kvs } = await client.kv.Range({ key: first.leader?.key ?? null });
    t.strictSame([text(kvs[0]?.value), number(kvs[0]?.version)], ['b', 2]);
  });

  rule('a campaign that is cancelled leaves no key behind', async (setting) => {
    const { t, client, key } = setting;
    await campaign(client, key('e'), { lease: await leaseOf(setting), value: 'a' });
    const abort = new AbortController();
    const waiting = campaign(client, key('e'), { lease: await leaseOf(setting), value: 'b', signal: abort.signal });
    await until(async () => (await contenders(setting)) === 2);
    abort.abort();
    t.match(await refusal(waiting), /^1 /);
    await until(async () => (await contenders(setting)) === 1);
  });

  rule("the end of the leader's lease elects the next", async (setting) => {
    const { t, client, key } = setting;
    const lease = await leaseOf(setting);
    await campaign(client, key('e'), { lease, value: 'a' });
    const next = campaign(client, key('e'), { lease: await leaseOf(setting), value: 'b' });
    await until(async () => (await contenders(setting)) === 2);
    await client.lease.LeaseRevoke({ ID: fromId(lease) });
    await next;
    t.equal(text((await client.election.Leader({ name: key('e') })).kv?.value), 'b');
  });

  rule('Leader answers the oldest key, and says when there is none', async (setting) => {
    const { t, client, clients, key } = setting;
    t.equal(await refusal(client.election.Leader({ name: key('e') })), '2 election: no leader');
    const { leader } = await campaign(client, key('e'), { lease: await leaseOf(setting), value: 'a' });
    for (const { election } of clients) {
      const { kv, header } = await election.Leader({ name: key('e') });
      t.strictSame([text(kv?.key), text(kv?.value)], [text(leader?.key), 'a']);
      t.ok(number(header?.revision) >= number(leader?.rev));
    }
  });

  rule('the leader proclaims; who is none may not', async (setting) => {
    const { t, client, key } = setting;
    const { leader = null } = await campaign(client, key('e'), { lease: await leaseOf(setting), value: 'a' });
    const { header } = await client.election.Proclaim({ leader, value: bytes('b') });
    const { kv } = await client.election.Leader({ name: key('e') });
    t.strictSame([text(kv?.value), number(kv?.mod_revision)], ['b', number(header?.revision)]);
    const stale = { ...leader, rev: number(leader?.rev) - 1 };
    t.equal(await refusal(client.election.Proclaim({ leader: stale, value: bytes('c') })), '2 election: not leader');
    t.equal(text((await client.election.Leader({ name: key('e') })).kv?.value), 'b');
  });

  rule('resigning deletes the key; a stale resignation does nothing', async (setting) => {
    const { t, client, key } = setting;
    const { leader = null } = await campaign(client, key('e'), { lease: await leaseOf(setting), value: 'a' });
    const before = await client.election.Resign({ leader: { ...leader, rev: number(leader?.rev) + 1 } });
    t.equal(number((await client.kv.Range({ key: leader?.key ?? null })).count), 1);
    const resigned = await client.election.Resign({ leader });
    t.equal(number(resigned.header?.revision), number(before.header?.revision) + 1);
    t.equal(number((await client.kv.Range({ key: leader?.key ?? null })).count), 0);
    t.equal(await refusal(client.election.Resign({ leader })), 'answered');
  });

  rule('a missing leader is refused', async ({ t, client }) => {
    const refused = '2 "leader" field must be provided';
    t.equal(await refusal(client.election.Proclaim({ value: bytes('a') })), refused);
    t.equal(await refusal(client.election.Resign({})), refused);
  });

  rule('an unknown lease is refused with its text, under the status Unknown', async ({ t, client, key }) => {
    const refused = '2 etcdserver: requested lease not found';
    t.equal(await refusal(campaign(client, key('e'), { lease: 4711n, value: 'a' })), refused);
  });

  rule('without a lease it makes one of sixty seconds', async ({ t, client, key }) => {
    const { leader } = await client.election.Campaign({ name: key('e'), value: bytes('a') });
    const { grantedTTL } = await client.lease.LeaseTimeToLive({ ID: leader?.lease ?? null });
    t.equal(number(grantedTTL), 60);
  });

  rule('observers see the leader of now, what it proclaims, and who follows', async (setting) => {
    const { t, client, clients, key } = setting;
    const lease = await leaseOf(setting);
    const { leader = null } = await campaign(client, key('e'), { lease, value: 'a' });
    const seen: string[][] = clients.map(() => []);
    const abort = new AbortController();
    const observing = clients.map(async ({ election }, i) => {
      const reading = election.Observe({ name: key('e') }, { signal: abort.signal });
      await refusal(
        (async function* values(): AsyncGenerator<void, void> {
          for await (const { kv } of reading) yield void seen[i]?.push(text(kv?.value));
        })(),
      );
    });
    const all =
      (length: number): (() => boolean) =>
      () =>
        seen.every((values) => values.length === length);
    await until(all(1));
    await client.election.Proclaim({ leader, value: bytes('b') });
    await until(all(2));
    const next = campaign(client, key('e'), { lease: await leaseOf(setting), value: 'c' });
    await until(async () => (await contenders(setting)) === 2);
    await client.election.Resign({ leader });
    await next;
    await until(all(3));
    for (const values of seen) t.strictSame(values, ['a', 'b', 'c']);
    abort.abort();
    await Promise.all(observing);
  });

  rule('who observes before there is a leader sees the first one', async (setting) => {
    const { t, client, key } = setting;
    const abort = new AbortController();
    const responses = client.election.Observe({ name: key('e') }, { signal: abort.signal })[Symbol.asyncIterator]();
    const first = responses.next();
    const { leader } = await campaign(client, key('e'), { lease: await leaseOf(setting), value: 'a' });
    const { value } = (await first) as IteratorYieldResult<v3electionpb.LeaderResponse>;
    t.strictSame([text(value.kv?.key), text(value.kv?.value)], [text(leader?.key), 'a']);
    t.ok(number(value.header?.revision) >= number(leader?.rev));
    abort.abort();
    await responses.next().catch((error: unknown) => error);
  });
});
