import fs from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { type Brain, type Files, type OpenFile, createSystemFiles } from '@flotilla/brain';
import type { etcdserverpb } from '@flotilla/wire';
import { connect, planCluster, spawnMember, startAll, startMember, stopProcess, until } from './cluster.ts';
import { stallingFiles } from './stalling-files.ts';

t.setTimeout(0);

const key = (text: string): Uint8Array => Buffer.from(text);
const hasLeader = { metadata: { hasleader: 'true' } };

async function closeAll(brains: readonly (Brain | undefined)[]): Promise<void> {
  await Promise.all(brains.map((brain) => brain?.close() ?? Promise.resolve()));
}

t.test('a leader whose disk hangs hands leadership over, and writes go on', async (t) => {
  const plan = await planCluster(3);
  const files = plan.members.map(() => stallingFiles());
  const brains = await Promise.all(
    plan.members.map((member, i) => startMember(member, files[i] ? { files: files[i] } : {})),
  );
  await Promise.all(brains.map((brain) => brain.ready));
  const sick = brains.findIndex((brain) => brain.status().isLeader);
  const client = connect(plan.endpoints[(sick + 1) % 3] ?? '');
  files[sick]?.stall();
  // The others are a quorum; the sick leader has a write to sync now.
  await client.kv.Put({ key: key('a') });
  await until(() => brains.some((brain, i) => i !== sick && brain.status().isLeader));
  await client.kv.Put({ key: key('b') });
  files[sick]?.release();
  const healed = connect(plan.endpoints[sick] ?? '');
  t.equal((await healed.kv.Range({ key: key('b') })).kvs.length, 1);
  client.close();
  healed.close();
  await closeAll(brains);
  await plan.clean();
});

t.test('only followers may be held up by their disk', async (t) => {
  const plan = await planCluster(3);
  let heldUp = [0, 0, 0];
  const recording = (i: number): Files => {
    const files = createSystemFiles();
    return {
      ...files,
      async open(path, mode) {
        const file = await files.open(path, mode);
        const writeNow: OpenFile['writeNow'] = (writes) => {
          heldUp[i] = (heldUp[i] ?? 0) + 1;
          return file.writeNow?.(writes) ?? false;
        };
        return { ...file, writeNow };
      },
    };
  };
  const brains = await Promise.all(plan.members.map((member, i) => startMember(member, { files: recording(i) })));
  await Promise.all(brains.map((brain) => brain.ready));
  const client = connect(plan.endpoints[0] ?? '');
  const leaderIndex = (): number => brains.findIndex((brain) => brain.status().isLeader);
  // What a leader that changes meanwhile does says nothing.
  const whileOneLeads = async (act: () => Promise<unknown>): Promise<number> => {
    for (;;) {
      const before = leaderIndex();
      heldUp = [0, 0, 0];
      await act();
      if (before >= 0 && before === leaderIndex()) return before;
    }
  };
  const leader = await whileOneLeads(async () => {
    for (let i = 0; i < 20; i++) await client.kv.Put({ key: key('a') });
  });
  for (const [i, writes] of heldUp.entries()) t.equal(writes > 0, i !== leader, `member ${i}`);
  client.close();
  await closeAll(brains);
  await plan.clean();
});

t.test('a leader that slept through an election answers no stale read when it wakes', async (t) => {
  const plan = await planCluster(3);
  const members = plan.members.map((member) => spawnMember(member));
  const clients = plan.endpoints.map(connect);
  t.teardown(async () => {
    for (const client of clients) client.close();
    await Promise.all(members.map((member) => stopProcess(member)));
    await plan.clean();
  });
  await Promise.all(members.map((member) => member.ready));
  const statuses = await Promise.all(clients.map((client) => client.maintenance.Status({})));
  const leader = statuses.findIndex((status) => status.leader.equals(status.header?.member_id ?? 0));
  const other = clients[(leader + 1) % 3];
  await other?.kv.Put({ key: key('n'), value: key('old') });
  members[leader]?.child.kill('SIGSTOP');
  // No reset, no refused port: only time tells that this leader is gone.
  await until(async () => {
    const written = await other?.kv
      .Put({ key: key('n'), value: key('new') }, { timeoutMs: 2000 })
      .catch(() => undefined);
    return written !== undefined;
  });
  const reads = Array.from({ length: 20 }, () => clients[leader]?.kv.Range({ key: key('n') }));
  members[leader]?.child.kill('SIGCONT');
  for (const read of reads) t.equal(Buffer.from((await read)?.kvs[0]?.value ?? []).toString(), 'new');
});

t.test('without a quorum, calls that ask for a leader are refused and streams that do end', async (t) => {
  // Short timeouts, because this test waits for them.
  const plan = await planCluster(3, { 'heartbeat-interval': 20, 'election-timeout': 200 });
  const brains = await startAll(plan);
  const client = connect(plan.endpoints[0] ?? '');
  const ended = (async (): Promise<unknown> => {
    async function* requests(): AsyncGenerator<etcdserverpb.WatchRequest.$Properties, void> {
      yield { create_request: { key: key('a') } };
      await new Promise(() => undefined);
    }
    for await (const _ of client.watch.Watch(requests(), hasLeader)) continue;
    return undefined;
  })().catch((error: unknown) => error);
  await closeAll(brains.slice(1));
  await until(() => brains[0]?.status().leaderId === 0n);
  const refused = await client.kv.Put({ key: key('a') }, hasLeader).catch((error: unknown) => error);
  t.match(refused, { message: 'etcdserver: no leader', status: 14 });
  t.match(await ended, { message: 'etcdserver: no leader', status: 14 });
  t.equal((await client.kv.Range({ key: key('a'), serializable: true })).kvs.length, 0, 'local reads need nobody');
  const late = await client.kv.Put({ key: key('a') }).catch((error: unknown) => error);
  t.match(late, { message: 'context deadline exceeded', status: 4 });
  const health = await fetch(`http://${plan.endpoints[0]}/health`, { headers: { connection: 'close' } });
  t.equal(health.status, 503);
  t.equal(await health.text(), '{"health":"false","reason":"RAFT NO LEADER"}\n');
  client.close();
  await closeAll(brains);
  await plan.clean();
});

t.test('a member whose disk was rolled back stops and says what to do', async (t) => {
  const plan = await planCluster(3);
  const brains: (Brain | undefined)[] = [...(await startAll(plan))];
  const leader = brains.findIndex((brain) => brain?.status().isLeader);
  const victim = (leader + 1) % 3;
  const planned = plan.members[victim];
  if (!planned) throw new Error('no member');
  await brains[victim]?.close();
  const copy = path.join(plan.directory, 'yesterday');
  await fs.cp(planned.dataDir, copy, { recursive: true });
  const restarted = await startMember(planned);
  brains[victim] = restarted;
  await restarted.ready;
  const client = connect(plan.endpoints[leader] ?? '');
  for (let i = 0; i < 20; i++) await client.kv.Put({ key: key(`k${i}`) });
  await until(() => new Set(brains.map((brain) => brain?.status().revision)).size === 1);
  await restarted.close();
  await fs.rm(planned.dataDir, { recursive: true });
  await fs.rename(copy, planned.dataDir);
  const rolledBack = await startMember(planned);
  await t.rejects(rolledBack.stopped, {
    code: 'DISK_ROLLED_BACK',
    message: /its disk was rolled back\. Remove it from the cluster/,
  });
  brains[victim] = undefined;
  client.close();
  await closeAll(brains);
  await plan.clean();
});

t.test('a second process on the same directory is refused', async (t) => {
  const plan = await planCluster(1);
  const [member] = plan.members;
  const spare = await planCluster(1);
  if (!member) throw new Error('no member');
  const brain = await startMember(member);
  await brain.ready;
  const elsewhere = {
    'listen-client-urls': spare.members[0]?.options['listen-client-urls'] ?? [],
    'listen-peer-urls': spare.members[0]?.options['listen-peer-urls'] ?? [],
  };
  await t.rejects(startMember({ ...member, options: { ...member.options, ...elsewhere } }), { code: 'STATE_LOCKED' });
  await brain.close();
  const again = await startMember(member);
  await again.close();
  await Promise.all([plan.clean(), spare.clean()]);
});
