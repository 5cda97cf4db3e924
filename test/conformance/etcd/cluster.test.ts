/** `etcdserverpb.Cluster`: who the members are, how that changes, and what a learner answers. */
import type { Test } from 'tap';
import { type etcdserverpb, fromUnsignedId, toId } from '@flotilla/wire';
import { type Client, bytes, connect, number, openStream, text } from './client.ts';
import { type Listed, addLearner, initialClusterFor, listed, membersOf, remove, whenHealthy } from './members.ts';
import { conformance, refusal, until } from './rules.ts';
import type { Place, RunningMember, Server } from './servers.ts';

const elsewhere = 'http://127.0.0.1:1';

const promote = (client: Client, id: bigint): Promise<unknown> =>
  client.cluster.MemberPromote({ ID: fromUnsignedId(id) });

interface Newcomer {
  readonly id: bigint;
  readonly place: Place;
  readonly member: RunningMember;
  readonly client: Client;
}

/** Adds a learner, starts it, and waits until its copy holds a key. */
async function startLearner(
  t: Test,
  { server, client, key }: { readonly server: Server; readonly client: Client; readonly key: Uint8Array },
): Promise<Newcomer> {
  const place = await server.place('learner');
  const id = await addLearner(client, place.peerUrl);
  const member = await server.join(place, initialClusterFor(place, await membersOf(client)));
  const learner = connect(place.target);
  t.teardown(() => learner.close());
  await until(async () => {
    const { kvs } = await learner.kv.Range({ key, serializable: true }, { waitForReady: true, timeoutMs: 60_000 });
    return kvs.length > 0;
  });
  return { id, place, member, client: learner };
}

conformance('Cluster', ({ rule }) => {
  rule('the members are listed by id, each with name and URLs', async ({ t, server, client }) => {
    for (const linearizable of [true, false]) {
      const { header, members } = await client.cluster.MemberList({ linearizable });
      const list = listed(members);
      t.equal(list.length, server.targets.length);
      t.strictSame(
        list.map(({ id }) => id),
        list.map(({ id }) => id).toSorted((a, b) => (a < b ? -1 : 1)),
      );
      t.strictSame(
        list.flatMap(({ clientUrls }) => clientUrls).toSorted(),
        server.targets.map((target) => `http://${target}`).toSorted(),
      );
      t.ok(list.every(({ name, peerUrls, isLearner }) => name !== '' && peerUrls.length === 1 && !isLearner));
      t.strictSame([number(header?.revision), number(header?.raft_term) > 0], [0, true]);
    }
  });

  rule('peer URLs must be URLs with a port and no path', async ({ t, client }) => {
    const bad = [
      [],
      [''],
      ['127.0.0.1:1'],
      ['http://127.0.0.1'],
      ['http://127.0.0.1:1/path'],
      ['ftp://127.0.0.1:1'],
      [elsewhere, 'x'],
    ];
    for (const peerURLs of bad) {
      t.equal(
        await refusal(client.cluster.MemberAdd({ peerURLs })),
        '3 etcdserver: given member URLs are invalid',
        peerURLs.join(),
      );
    }
  });

  rule('a peer URL belongs to one member', async ({ t, client }) => {
    const [first] = await membersOf(client);
    const peerURLs = [elsewhere, first?.peerUrls[0] ?? ''];
    t.equal(await whenHealthy(() => client.cluster.MemberAdd({ peerURLs })), '9 etcdserver: Peer URLs already exists');
    t.equal(
      await refusal(client.cluster.MemberAdd({ peerURLs, isLearner: true })),
      '9 etcdserver: Peer URLs already exists',
    );
  });

  rule('who is no member is not found', async ({ t, client }) => {
    const notFound = '5 etcdserver: member not found';
    for (const id of [1n, 0n]) {
      for (const peerURLs of [[elsewhere], [], ['x']]) {
        t.equal(await refusal(client.cluster.MemberUpdate({ ID: Number(id), peerURLs })), notFound);
      }
      t.equal(await whenHealthy(() => promote(client, id)), notFound);
      t.equal(await whenHealthy(() => remove(client, id)), notFound);
    }
  });

  rule('a learner is added, and there is one at a time', async ({ t, server, client }) => {
    const before = await membersOf(client);
    const peerURLs = ['http://127.0.0.1:3', 'http://127.0.0.1:2'];
    let answer: etcdserverpb.MemberAddResponse | undefined;
    t.equal(
      await whenHealthy(async () => (answer = await client.cluster.MemberAdd({ peerURLs, isLearner: true }))),
      'answered',
    );
    const [added] = listed(answer?.member ? [answer.member] : []);
    const expected = { id: added?.id ?? 0n, name: '', peerUrls: peerURLs.toSorted(), clientUrls: [], isLearner: true };
    t.strictSame(added, expected);
    t.ok(expected.id > 0n);
    const byId = (a: Listed, b: Listed): number => (a.id < b.id ? -1 : 1);
    t.strictSame(listed(answer?.members), [...before, expected].toSorted(byId));
    t.strictSame(await membersOf(client), [...before, expected].toSorted(byId));
    t.strictSame([number(answer?.header?.revision), number(answer?.header?.raft_term) > 0], [0, true]);

    const second = client.cluster.MemberAdd({ peerURLs: [elsewhere], isLearner: true });
    t.equal(await refusal(second), '9 etcdserver: too many learner members in cluster');
    t.equal(
      await refusal(promote(client, expected.id)),
      '9 etcdserver: can only promote a learner member which is in sync with leader',
    );

    const moved = { ID: fromUnsignedId(expected.id), peerURLs: [elsewhere] };
    const { members } = await client.cluster.MemberUpdate(moved);
    // etcd 3.4 forgets then that it is a learner.
    const isLearner = server.level >= '3.5';
    t.strictSame(listed(members), [...before, { ...expected, peerUrls: [elsewhere], isLearner }].toSorted(byId));
    const taken = before[0]?.peerUrls[0] ?? '';
    t.equal(
      await refusal(client.cluster.MemberUpdate({ ...moved, peerURLs: [taken] })),
      '9 etcdserver: Peer URLs already exists',
    );

    t.strictSame(listed((await client.cluster.MemberRemove({ ID: moved.ID })).members), before);
    t.equal(await whenHealthy(() => remove(client, expected.id)), '5 etcdserver: member not found');
  });

  rule('a voter is not promoted', async ({ t, client }) => {
    const [first] = await membersOf(client);
    t.equal(await refusal(promote(client, first?.id ?? 0n)), '9 etcdserver: can only promote a learner member');
  });

  rule('the only voter stays', async ({ t, server, client }) => {
    const [only] = await membersOf(client);
    if (server.targets.length > 1) return;
    const text = '2 etcdserver: re-configuration failed due to not enough started members';
    t.equal(await refusal(remove(client, only?.id ?? 0n)), text);
  });

  rule(
    'a learner answers for itself alone, and is promoted once it has caught up',
    async ({ t, server, client, clients, key }) => {
      await client.kv.Put({ key: key('a'), value: bytes('1') });
      const learner = await startLearner(t, { server, client, key: key('a') });
      const own = learner.client;
      const refused = `${server.level < '3.6' ? 14 : 9} etcdserver: rpc not supported for learner`;
      t.equal((await own.maintenance.Status({})).isLearner, true);
      const { kvs } = await own.kv.Range({ key: key('a'), serializable: true });
      t.strictSame(
        kvs.map(({ value }) => text(value)),
        ['1'],
      );
      const calls = [
        own.kv.Range({ key: key('a') }),
        own.kv.Put({ key: key('a') }),
        own.kv.DeleteRange({ key: key('a') }),
        own.kv.Txn({}),
        own.kv.Compact({ revision: 1 }),
        own.lease.LeaseGrant({ TTL: 60 }),
        own.lease.LeaseLeases({}),
        own.cluster.MemberList({}),
        own.cluster.MemberAdd({ peerURLs: [elsewhere] }),
        own.maintenance.Alarm({}),
        own.maintenance.HashKV({}),
        own.maintenance.Defragment({}),
        own.maintenance.MoveLeader({ targetID: 1 }),
        own.auth.UserList({}),
        own.lock.Lock({ name: key('l') }),
        own.election.Leader({ name: key('e') }),
        own.health.Check({}),
      ];
      t.strictSame(
        await Promise.all(calls.map(refusal)),
        calls.map(() => refused),
      );
      const watch = openStream(own.watch.Watch);
      watch.ask({ create_request: { key: key('a') } });
      t.equal(await refusal(watch.next()), refused);
      watch.close();
      const keepAlive = openStream(own.lease.LeaseKeepAlive);
      keepAlive.ask({ ID: 1 });
      t.equal(await refusal(keepAlive.next()), refused);
      keepAlive.close();
      t.equal(await refusal(own.maintenance.Snapshot({})), server.level < '3.5' ? refused : 'answered');
      const toLearner = clients[0]?.maintenance.MoveLeader({ targetID: fromUnsignedId(learner.id) });
      t.equal(await refusal(toLearner ?? Promise.resolve()), '9 etcdserver: bad leader transferee');
      if (server.level >= '3.7') {
        t.equal(await refusal(own.kv.RangeStream({ key: key('a'), serializable: true })), refused);
        const reply = await fetch(`http://${learner.place.target}/readyz/non_learner`, {
          headers: { connection: 'close' },
        });
        const text = await reply.text();
        t.strictSame([reply.status, text], [503, '[-]non_learner failed: not supported for learner\n\n']);
      }

      const others = server.targets.length;
      let answer = '';
      await until(async () => {
        answer = await refusal(promote(client, learner.id));
        return !answer.endsWith('which is in sync with leader');
      });
      t.equal(answer, 'answered');
      await until(async () => !(await own.maintenance.Status({})).isLearner);
      await own.kv.Put({ key: key('a'), value: bytes('2') });
      t.strictSame(
        (await client.kv.Range({ key: key('a') })).kvs.map(({ value }) => text(value)),
        ['2'],
      );
      t.strictSame((await membersOf(own)).filter(({ isLearner }) => !isLearner).length, others + 1);

      t.equal(await whenHealthy(() => remove(client, learner.id)), 'answered');
      t.equal(await learner.member.ended, true, 'a member that was removed stops by itself');
      t.equal((await membersOf(client)).length, others);
      const again = await server
        .join(learner.place, `${learner.place.name}=${learner.place.peerUrl}`)
        .catch(() => undefined);
      t.equal(again ? await again.ended : true, true, 'and does not come back');
    },
  );

  rule('a voter joins, and leaves on its own request', async ({ t, server, client, key }) => {
    const place = await server.place('voter');
    let added: etcdserverpb.MemberAddResponse | undefined;
    const add = async (): Promise<unknown> => (added = await client.cluster.MemberAdd({ peerURLs: [place.peerUrl] }));
    t.equal(await whenHealthy(add), 'answered');
    const member = await server.join(place, initialClusterFor(place, listed(added?.members)));
    const own = connect(place.target);
    t.teardown(() => own.close());
    await own.kv.Put({ key: key('a'), value: bytes('1') }, { waitForReady: true, timeoutMs: 60_000 });
    t.strictSame(
      (await client.kv.Range({ key: key('a') })).kvs.map(({ value }) => text(value)),
      ['1'],
    );
    const id = BigInt.asUintN(64, toId(added?.member?.ID ?? 0));
    const answer = await whenHealthy(() => remove(own, id));
    // One of etcd may have stopped before it answers.
    if (server.isOurs || answer !== '14 etcdserver: server stopped') t.equal(answer, 'answered');
    t.equal(await member.ended, true);
    await client.kv.Put({ key: key('a'), value: bytes('2') });
    t.equal((await membersOf(client)).length, server.targets.length);
  });
});
