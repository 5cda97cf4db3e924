/** The members of a cluster change while it runs. */
import t from 'tap';
import { addMember, planNewcomer } from './growing.ts';
import { connect, planCluster, startMember, until } from './cluster.ts';

const key = (text: string): Buffer => Buffer.from(text);

t.setTimeout(0);

t.test('a member is added to a single one, joins, and is there after a restart', async (t) => {
  const plan = await planCluster(1);
  t.teardown(() => plan.clean());
  const [one] = plan.members;
  if (!one) throw new Error('no member');
  const first = await startMember(one);
  await first.ready;
  const client = connect(plan.endpoints[0] ?? '');
  for (let i = 0; i < 20; i++) await client.kv.Put({ key: key(`k${i}`), value: key('v') });

  const { member, id } = await addMember(client, await planNewcomer(plan, 'two'));
  const second = await startMember(member);
  await second.ready;
  t.equal(second.status().memberId, id);
  t.equal(second.status().clusterId, first.status().clusterId);
  const other = connect(`127.0.0.1:${member.clientPort}`);
  t.equal((await other.kv.Range({ key: key('k19') })).kvs.length, 1);
  await other.kv.Put({ key: key('x'), value: key('from the newcomer') });
  const { members } = await other.cluster.MemberList({ linearizable: true });
  t.strictSame(members.map(({ name, isLearner }) => `${name} ${isLearner}`).toSorted(), ['m1 false', 'two false']);

  await second.close();
  await first.close();
  const again = await Promise.all([startMember(one), startMember(member)]);
  await Promise.all(again.map((brain) => brain.ready));
  t.equal((await client.kv.Range({ key: key('x') })).kvs.length, 1);
  await until(() => again.some((brain) => brain.status().isLeader));
  client.close();
  other.close();
  await Promise.all(again.map((brain) => brain.close()));
});
