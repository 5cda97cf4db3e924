import fs from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { type etcdserverpb, toSafeInteger } from '@flotilla/wire';
import {
  type ClusterPlan,
  type MemberProcess,
  type TestClient,
  connect,
  planCluster,
  spawnMember,
  startMember,
  stopProcess,
  until,
} from './cluster.ts';
import { openWatch } from './watch-client.ts';

t.setTimeout(0);

const key = (text: string): Uint8Array => Buffer.from(text);

interface Teardown {
  teardown(end: () => Promise<void>): void;
}

/** A process for each member, clients to each, and their end. */
async function openProcesses(
  t: Teardown,
  plan: ClusterPlan,
  env: (name: string) => Record<string, string> = () => ({}),
): Promise<{ readonly members: MemberProcess[]; readonly clients: readonly TestClient[] }> {
  const members = plan.members.map((member) => spawnMember(member, env(member.name)));
  const clients = plan.endpoints.map(connect);
  t.teardown(async () => {
    for (const client of clients) client.close();
    await Promise.all(members.map((member) => stopProcess(member)));
    await plan.clean();
  });
  await Promise.all(members.map((member) => member.ready));
  return { members, clients };
}

async function leaderOf(clients: readonly TestClient[], alive: (i: number) => boolean = () => true): Promise<number> {
  for (;;) {
    for (const [i, client] of clients.entries()) {
      if (!alive(i)) continue;
      const status = await client.maintenance.Status({}).catch(() => undefined);
      if (status && status.leader.toString() !== '0' && status.leader.equals(status.header?.member_id ?? 0)) return i;
    }
  }
}

/** Writes rising numbers until the test ends, one after the other, through whichever member answers; remembers what was acknowledged. */
function writeStream(
  t: Teardown,
  clients: readonly TestClient[],
  prefix: string,
): {
  readonly acknowledged: Map<string, number>;
  gapMs(): number;
  stop(): Promise<void>;
} {
  const acknowledged = new Map<string, number>();
  let stopped = false;
  let longest = 0;
  const run = async (worker: number): Promise<void> => {
    let last = performance.now();
    for (let i = 0; !stopped; i++) {
      const name = `${prefix}${worker}/${i}`;
      const client = clients[(worker + i) % clients.length];
      try {
        await client?.kv.Put({ key: key(name), value: key(String(i)) }, { timeoutMs: 3000 });
        acknowledged.set(name, i);
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      } catch {
        // Not acknowledged: it may or may not be there.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  };
  const workers = Array.from({ length: 4 }, (_, i) => run(i));
  const stop = async (): Promise<void> => {
    stopped = true;
    await Promise.all(workers);
  };
  t.teardown(stop);
  return { acknowledged, gapMs: () => longest, stop };
}

async function missingFrom(client: TestClient, acknowledged: ReadonlyMap<string, number>): Promise<readonly string[]> {
  const everything = { key: key('\0'), range_end: key('\0') };
  const { kvs } = await client.kv.Range(everything, { waitForReady: true });
  const there = new Set(kvs.map((kv) => Buffer.from(kv.key ?? []).toString()));
  return [...acknowledged.keys()].filter((name) => !there.has(name));
}

t.test('kill -9 of the leader under a stream of writes loses nothing, and writes go on', async (t) => {
  const plan = await planCluster(3);
  const { members, clients } = await openProcesses(t, plan);
  const leader = await leaderOf(clients);
  const survivors = clients.filter((_, i) => i !== leader);
  const stream = writeStream(t, survivors, 'r/');
  await until(() => stream.acknowledged.size > 60);
  const victim = members[leader];
  if (!victim) throw new Error('no leader');
  await stopProcess(victim);
  const before = stream.acknowledged.size;
  await until(() => stream.acknowledged.size > before + 50);
  await stream.stop();
  t.comment(`longest gap in acknowledged writes: ${stream.gapMs().toFixed(0)} ms`);
  const plannedMember = plan.members[leader];
  if (!plannedMember) throw new Error('no plan');
  const again = spawnMember(plannedMember);
  members[leader] = again;
  await again.ready;
  for (const client of clients) t.strictSame(await missingFrom(client, stream.acknowledged), []);
});

t.test('after a kill -9 of all members at once everything is back', async (t) => {
  const plan = await planCluster(3);
  const { members, clients } = await openProcesses(t, plan);
  const stream = writeStream(t, clients, 'all/');
  await until(() => stream.acknowledged.size > 60);
  await Promise.all(members.map((member) => stopProcess(member)));
  await stream.stop();
  for (const [i, member] of plan.members.entries()) members[i] = spawnMember(member);
  await Promise.all(members.map((member) => member.ready));
  for (const client of clients) t.strictSame(await missingFrom(client, stream.acknowledged), []);
});

t.test('SIGTERM hands leadership over first: no write waits for an election', async (t) => {
  const plan = await planCluster(3);
  const { members, clients } = await openProcesses(t, plan);
  const leader = await leaderOf(clients);
  const stream = writeStream(
    t,
    clients.filter((_, i) => i !== leader),
    's/',
  );
  await until(() => stream.acknowledged.size > 60);
  const victim = members[leader];
  if (!victim) throw new Error('no leader');
  t.equal(await stopProcess(victim, 'SIGTERM'), 0);
  const before = stream.acknowledged.size;
  await until(() => stream.acknowledged.size > before + 50);
  await stream.stop();
  t.comment(`longest gap in acknowledged writes: ${stream.gapMs().toFixed(0)} ms`);
  const next = await leaderOf(clients, (i) => i !== leader);
  t.not(next, leader);
});

/** Writes, kills all members at once, and starts them on what their mirrors hold. */
async function rebuildFromMirrors(
  t: Teardown,
  env: Record<string, string>,
): Promise<{ readonly members: readonly MemberProcess[]; readonly missing: () => Promise<readonly string[]> }> {
  const plan = await planCluster(3);
  const mirror = (name: string): string => path.join(plan.directory, `${name}.mirror`);
  const { members, clients } = await openProcesses(t, plan, (name) => ({ ...env, BRAIN_MIRROR: mirror(name) }));
  const stream = writeStream(t, clients, 'sync/');
  await until(() => stream.acknowledged.size > 60);
  await Promise.all(members.map((member) => stopProcess(member)));
  await stream.stop();
  for (const [i, member] of plan.members.entries()) {
    // The state is LevelDB's, which the store's own tests cut: here it is what the killed process left.
    await fs.cp(path.join(member.dataDir, 'state'), path.join(mirror(member.name), 'state'), { recursive: true });
    await fs.rm(member.dataDir, { recursive: true });
    members[i] = spawnMember({ ...member, options: { ...member.options, 'data-dir': mirror(member.name) } });
  }
  return {
    members,
    async missing() {
      const lists = await Promise.all(clients.map((client) => missingFrom(client, stream.acknowledged)));
      return lists.flat();
    },
  };
}

t.test(
  'syncs: directories rebuilt from only the bytes that returned syncs cover hold every acknowledged write',
  async (t) => {
    const { members, missing } = await rebuildFromMirrors(t, {});
    await Promise.all(members.map((member) => member.ready));
    t.strictSame(await missing(), []);
  },
);

t.test('syncs: the same rebuild fails when syncs cover nothing', async (t) => {
  const { members } = await rebuildFromMirrors(t, { BRAIN_MIRROR_SYNCS: 'no' });
  for (const member of members) await t.rejects(member.ready, { message: /ended with 1/ });
});

t.test('a member that was away longer than the log reaches back catches up by snapshot', async (t) => {
  const plan = await planCluster(3, { 'snapshot-count': 50, 'snapshot-catchup-entries': 10 });
  const { members, clients } = await openProcesses(t, plan);
  const leader = await leaderOf(clients);
  const away = (leader + 1) % 3;
  const victim = members[away];
  const plannedMember = plan.members[away];
  if (!victim || !plannedMember) throw new Error('no follower');
  await stopProcess(victim);
  const stream = writeStream(
    t,
    [clients[leader]].filter((client) => client !== undefined),
    'snap/',
  );
  await until(() => stream.acknowledged.size > 200);
  await stream.stop();
  const again = spawnMember(plannedMember);
  members[away] = again;
  await again.ready;
  const client = clients[away];
  if (!client) throw new Error('no client');
  t.strictSame(await missingFrom(client, stream.acknowledged), []);
  t.ok(again.log.some((line) => line.includes('installed a snapshot')));
  await client.kv.Put({ key: key('after'), value: key('x') });
  await stopProcess(again);
  const third = spawnMember(plannedMember);
  members[away] = third;
  await third.ready;
  t.strictSame(await missingFrom(client, new Map([...stream.acknowledged, ['after', 0]])), []);
});

t.test('a member that comes back under load gets one snapshot, and from then on the log', async (t) => {
  const plan = await planCluster(3, { 'snapshot-count': 50, 'snapshot-catchup-entries': 10 });
  const { members, clients } = await openProcesses(t, plan);
  const leader = await leaderOf(clients);
  const away = (leader + 1) % 3;
  const [victim, plannedMember, client] = [members[away], plan.members[away], clients[leader]];
  if (!victim || !plannedMember || !client) throw new Error('no follower');
  // Such a state takes longer to send than the log reaches back under the load that follows.
  const value = Buffer.alloc(100_000, 'v');
  for (let i = 0; i < 500; i++) await client.kv.Put({ key: key(`large/${i}`), value });
  await stopProcess(victim);
  const streams = Array.from({ length: 8 }, (_, i) => writeStream(t, [client], `load${i}/`));
  await until(() => streams.every(({ acknowledged }) => acknowledged.size > 100));
  const again = spawnMember(plannedMember);
  members[away] = again;
  const appliedBy = async (i: number): Promise<number> => {
    const status = await clients[i]?.maintenance.Status({}).catch(() => undefined);
    return status ? toSafeInteger(status.raftAppliedIndex) : NaN;
  };
  await until(async () => (await appliedBy(away)) + 40 > (await appliedBy(leader)));
  t.equal(again.log.filter((line) => line.includes('installed a snapshot')).length, 1);
  for (const stream of streams) await stream.stop();
  await again.ready;
});

t.test('watches go on through the snapshot that a member gets after a long sleep', async (t) => {
  const plan = await planCluster(3, { 'snapshot-count': 50, 'snapshot-catchup-entries': 10 });
  const { members, clients } = await openProcesses(t, plan);
  const leader = await leaderOf(clients);
  const asleep = (leader + 1) % 3;
  const [sleeper, client] = [members[asleep], clients[asleep]];
  if (!sleeper || !client) throw new Error('no follower');
  const watch = openWatch(client);
  watch.create({ key: key('\0'), range_end: key('\0') });
  await watch.next();
  const others = clients.filter((_, i) => i !== asleep);
  // What was on its way to a sleeper may be enough for it: then it has to sleep longer.
  for (let writes = 1500; !sleeper.log.some((line) => line.includes('installed a snapshot')); writes *= 2) {
    sleeper.child.kill('SIGSTOP');
    const stream = writeStream(t, others, `w${writes}/`);
    await until(() => stream.acknowledged.size > writes);
    await stream.stop();
    sleeper.child.kill('SIGCONT');
    // A linearizable read: it is answered when the sleeper has caught up.
    await until(async () => (await client.kv.Range({ key: key('w') }).catch(() => undefined)) !== undefined);
  }
  let last: etcdserverpb.PutResponse | undefined;
  // A write that the snapshot may have covered has no certain answer.
  while (!last) last = await client.kv.Put({ key: key('last') }).catch(() => undefined);
  const revisions: number[] = [];
  while (revisions.at(-1) !== toSafeInteger(last.header?.revision)) {
    for (const { events } of await watch.next())
      revisions.push(...events.map(({ kv }) => toSafeInteger(kv?.mod_revision)));
  }
  t.strictSame(
    revisions,
    revisions.map((_, i) => i + 2),
    'every revision once, on one stream',
  );
  watch.close();
});

t.test('a lease expires although the leader dies, and not before its time', async (t) => {
  const plan = await planCluster(3);
  const { members, clients } = await openProcesses(t, plan);
  const leader = await leaderOf(clients);
  const client = clients[(leader + 1) % 3];
  const victim = members[leader];
  if (!client || !victim) throw new Error('no leader');
  const granted = performance.now();
  const { ID } = await client.lease.LeaseGrant({ TTL: 2 });
  await client.kv.Put({ key: key('leased'), lease: ID });
  await stopProcess(victim);
  await until(async () => {
    const answer = await client.kv.Range({ key: key('leased') }).catch(() => undefined);
    return answer?.kvs.length === 0;
  });
  t.ok(performance.now() - granted > 2000);
});

t.test("a damaged log, another cluster's directory and a directory in use are refused", async (t) => {
  const plan = await planCluster(1);
  t.teardown(() => plan.clean());
  const [member] = plan.members;
  if (!member) throw new Error('no member');
  const first = await startMember(member);
  await first.ready;
  const client = connect(plan.endpoints[0] ?? '');
  for (let i = 0; i < 20; i++) await client.kv.Put({ key: key(`k${i}`), value: key('v') });
  client.close();

  const other = await planCluster(1);
  t.teardown(() => other.clean());
  const [stranger] = other.members;
  if (!stranger) throw new Error('no member');
  await t.rejects(startMember({ ...stranger, options: { ...stranger.options, 'data-dir': member.dataDir } }), {
    code: 'DATA_FOREIGN',
    message: /belongs to cluster .*give another --data-dir/,
  });
  await t.rejects(startMember(member), { code: 'LISTEN_FAILED', message: /is in use by another program/ });
  await first.close();

  const log = path.join(member.dataDir, 'log', '0000000000000001.log');
  const bytes = await fs.readFile(log);
  // In the first of the records, which begin at 12,288.
  bytes[12_300] = (bytes[12_300] ?? 0) ^ 4;
  await fs.writeFile(log, bytes);
  await t.rejects(startMember(member), {
    code: 'DATA_CORRUPT',
    message: /0001\.log, offset \d+: .*replace this member/,
  });
});
