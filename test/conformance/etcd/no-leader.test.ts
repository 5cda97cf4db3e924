/** What a member without a leader answers: at once to who asks for one, in time to everybody else. */
import { type Client, bytes, number, openStream } from './client.ts';
import { conformance, refusal } from './rules.ts';
import { leaderlessKinds } from './servers.ts';

const metadata = { hasleader: 'true' };
const noLeader = '14 etcdserver: no leader';

async function ask({ target }: Client, path: string): Promise<string> {
  const reply = await fetch(`http://${target}${path}`, { headers: { connection: 'close' } });
  return `${reply.status} ${await reply.text()}`;
}

conformance(
  'No leader',
  ({ rule }) => {
    rule('calls with the metadata hasleader fail at once', async ({ t, client, key }) => {
      const options = { metadata };
      const calls = [
        client.kv.Range({ key: key('a'), serializable: true }, options),
        client.kv.Range({ key: key('a') }, options),
        client.kv.Put({ key: key('a') }, options),
        client.kv.DeleteRange({ key: key('a') }, options),
        client.kv.Txn({}, options),
        client.kv.Compact({ revision: 1 }, options),
        client.lease.LeaseGrant({ TTL: 60 }, options),
        client.lease.LeaseRevoke({ ID: 1 }, options),
        client.lease.LeaseTimeToLive({ ID: 1 }, options),
        client.lease.LeaseLeases({}, options),
        client.maintenance.Status({}, options),
        client.maintenance.Alarm({}, options),
        client.maintenance.HashKV({}, options),
        client.cluster.MemberList({}, options),
        client.lock.Lock({ name: key('l') }, options),
        client.election.Leader({ name: key('e') }, options),
      ];
      t.strictSame(
        await Promise.all(calls.map(refusal)),
        calls.map(() => noLeader),
      );
    });

    rule('streams with it fail at once too', async ({ t, client, key }) => {
      const watch = openStream(client.watch.Watch, { metadata });
      watch.ask({ create_request: { key: key('a') } });
      t.equal(await refusal(watch.next()), noLeader);
      watch.close();
      const keepAlive = openStream(client.lease.LeaseKeepAlive, { metadata });
      keepAlive.ask({ ID: 1 });
      t.equal(await refusal(keepAlive.next()), noLeader);
      keepAlive.close();
      t.equal(await refusal(client.maintenance.Snapshot({}, { metadata })), noLeader);
      t.equal(await refusal(client.election.Observe({ name: key('e') }, { metadata })), noLeader);
    });

    rule('hasleader with another value asks for nothing', async ({ t, client, key }) => {
      const options = { metadata: { hasleader: 'false' } };
      t.equal(await refusal(client.kv.Range({ key: key('a'), serializable: true }, options)), 'answered');
    });

    rule('serializable reads are answered', async ({ t, client, key }) => {
      const { kvs, header } = await client.kv.Range({ key: key('a'), serializable: true });
      t.strictSame([kvs.length, number(header?.revision) > 0], [0, true]);
      const range = { request_range: { key: key('a'), serializable: true } };
      t.equal((await client.kv.Txn({ success: [range] })).succeeded, true);
      t.equal((await client.kv.Txn({})).succeeded, true, 'nothing asks for no quorum');
    });

    rule('a watch without it is created', async ({ t, client, key }) => {
      const watch = openStream(client.watch.Watch);
      watch.ask({ create_request: { key: key('a') } });
      t.equal((await watch.next()).created, true);
      watch.close();
    });

    rule('the status says so, and names no leader', async ({ t, client }) => {
      const { errors, leader } = await client.maintenance.Status({});
      t.strictSame([errors, leader.toString()], [['etcdserver: no leader'], '0']);
    });

    rule('the members are listed to who needs no quorum', async ({ t, client }) => {
      t.equal((await client.cluster.MemberList({ linearizable: false })).members.length, 3);
    });

    rule('members are neither added nor removed', async ({ t, client }) => {
      const unhealthy = '14 etcdserver: unhealthy cluster';
      t.equal(await refusal(client.cluster.MemberAdd({ peerURLs: ['http://127.0.0.1:1'] })), unhealthy);
      const { header } = await client.cluster.MemberList({});
      t.equal(await refusal(client.cluster.MemberRemove({ ID: header?.member_id ?? 0 })), unhealthy);
    });

    rule('writes and linearizable reads time out', async ({ t, server, client, key }) => {
      const range = { request_range: { key: key('a'), serializable: true } };
      const [put, nested, read] = await Promise.all([
        refusal(client.kv.Put({ key: key('a') })),
        // It goes through the log, whatever is nested.
        refusal(client.kv.Txn({ success: [{ request_txn: { success: [range] } }] })),
        refusal(client.kv.Range({ key: key('a') })),
      ]);
      t.equal(nested, put);
      // No member can have taken the write, so it is the call's own time that ends.
      t.equal(put, `${server.level < '3.5' ? 2 : 4} context deadline exceeded`);
      t.match(read, /^14 etcdserver: request timed out$/);
    });

    rule('what is refused without a leader is refused for its own fault first', async ({ t, client }) => {
      t.equal(await refusal(client.kv.Put({ value: bytes('x') })), '3 etcdserver: key is not provided');
      t.equal(await refusal(client.kv.Range({})), '3 etcdserver: key is not provided');
    });

    rule('/health and /readyz say so, /livez does not', { since: '3.6' }, async ({ t, client }) => {
      t.equal(await ask(client, '/health'), '503 {"health":"false","reason":"RAFT NO LEADER"}\n');
      t.equal(await ask(client, '/health?serializable=true'), '200 {"health":"true","reason":""}');
      t.match(await ask(client, '/readyz'), /^503 .*\[-\]linearizable_read failed: etcdserver: /s);
      t.equal(await ask(client, '/livez'), '200 ok\n');
    });

    rule(
      '/readyz names the reason',
      { since: '3.6', divergence: '`/readyz` without a leader' },
      async ({ t, client }) => {
        t.match(await ask(client, '/readyz'), /^503 .*\[-\]linearizable_read failed: etcdserver: no leader\n/s);
      },
    );
  },
  { kinds: leaderlessKinds },
);
