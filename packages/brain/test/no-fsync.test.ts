/** `--unsafe-no-fsync`: a process that is killed loses nothing all the same. That nothing is synced is seen under strace. */
import t from 'tap';
import { connect, planCluster, spawnMember, stopProcess } from './cluster.ts';

t.setTimeout(0);

t.test('a member that does not sync warns, and has everything again after a kill', async (t) => {
  const plan = await planCluster(1, { 'unsafe-no-fsync': true });
  const [member] = plan.members;
  if (!member) throw new Error('no member');
  t.teardown(plan.clean);
  let process = spawnMember(member);
  t.teardown(() => stopProcess(process));
  await process.ready;
  t.ok(process.log.some((line) => line.includes('nothing is synced to disk') && line.includes('warn')));
  const client = connect(plan.endpoints[0] ?? '');
  t.teardown(() => client.close());
  const large = Buffer.alloc(100_000, 'v');
  for (let i = 0; i < 50; i++) await client.kv.Put({ key: Buffer.from(`${i}`.padStart(2, '0')), value: large });
  await stopProcess(process, 'SIGKILL');
  process = spawnMember(member);
  await process.ready;
  const { kvs } = await client.kv.Range({ key: Buffer.from('0'), range_end: Buffer.from('9') }, { waitForReady: true });
  t.equal(kvs.length, 50);
  t.ok(kvs.every(({ value }) => large.equals(value ?? Buffer.alloc(0))));
  await stopProcess(process, 'SIGTERM');
  process = spawnMember({ ...member, options: { ...member.options, 'unsafe-no-fsync': false } });
  await process.ready;
  t.notOk(
    process.log.some((line) => line.includes('nothing is synced')),
    'from now on it is synced',
  );
});
