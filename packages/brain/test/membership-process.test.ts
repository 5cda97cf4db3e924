/** The members of a cluster change under load, while members are killed: as real processes. */
import t, { type Test } from 'tap';
import { codeOf } from '@flotilla/base';
import type { BrainOptionValues } from '@flotilla/brain';
import { fromUnsignedId, openChannel, toId } from '@flotilla/wire';
import {
  type ClusterPlan,
  type MemberPlan,
  type MemberProcess,
  type TestClient,
  clientOf,
  planCluster,
  spawnMember,
  startMember,
  stopProcess,
  until,
} from './cluster.ts';
import { addMember, planNewcomer, whenHealthy } from './growing.ts';

t.setTimeout(0);

const key = (text: string): Buffer => Buffer.from(text);

interface RunningMember {
  readonly plan: MemberPlan;
  readonly client: TestClient;
  process: MemberProcess;
}

/** A cluster of processes that come and go. */
class LiveCluster {
  readonly plan: ClusterPlan;
  readonly members = new Map<string, RunningMember>();

  constructor(plan: ClusterPlan) {
    this.plan = plan;
  }

  start(member: MemberPlan): RunningMember {
    const running = this.members.get(member.name);
    const process = spawnMember(member);
    if (running) running.process = process;
    // Members go away again and again: a client must not wait long before it tries one again.
    const target = `127.0.0.1:${member.clientPort}`;
    const client = (): TestClient => clientOf(openChannel({ target, maxReconnectBackoffMs: 100 }));
    const started = running ?? { plan: member, process, client: client() };
    this.members.set(member.name, started);
    return started;
  }

  get(name: string): RunningMember {
    const member = this.members.get(name);
    if (!member) throw new Error(`no member ${name}`);
    return member;
  }

  /** One that answers, whichever. */
  async any(): Promise<RunningMember> {
    for (;;) {
      for (const member of this.members.values()) {
        const call = member.client.kv.Range({ key: key('any') }, { timeoutMs: 1000 });
        if (await call.catch(() => undefined)) return member;
      }
    }
  }

  async leader(): Promise<RunningMember> {
    for (;;) {
      for (const member of this.members.values()) {
        const status = await member.client.maintenance.Status({}, { timeoutMs: 1000 }).catch(() => undefined);
        if (status && status.leader.toString() !== '0' && status.leader.equals(status.header?.member_id ?? 0))
          return member;
      }
    }
  }

  async idOf(name: string): Promise<bigint> {
    const { members } = await (await this.any()).client.cluster.MemberList({ linearizable: true });
    const found = members.find((member) => member.name === name);
    return BigInt.asUintN(64, toId(found?.ID ?? 0));
  }

  async names(): Promise<string> {
    const { members } = await (await this.any()).client.cluster.MemberList({ linearizable: true });
    return members
      .map(({ name, isLearner }) => `${name}${isLearner ? '?' : ''}`)
      .toSorted()
      .join(' ');
  }

  /** Adds a learner, starts it, and promotes it when it has caught up. */
  async grow(name: string): Promise<RunningMember> {
    const { client } = await this.any();
    const { member, id } = await addMember(client, await planNewcomer(this.plan, name), { isLearner: true });
    const started = this.start(member);
    await started.process.ready;
    await this.promote(id);
    return started;
  }

  /** Promotes a learner when it has caught up; one whose promotion was not answered in time may be a voter already. */
  async promote(id: bigint): Promise<void> {
    const ID = fromUnsignedId(id);
    await until(async () => {
      const { cluster } = (await this.any()).client;
      await cluster.MemberPromote({ ID }, { timeoutMs: 5000 }).catch((error: unknown) => error);
      const list = await cluster.MemberList({ linearizable: true }, { timeoutMs: 5000 }).catch(() => undefined);
      return list?.members.some((member) => ID.equals(member.ID ?? 0) && member.isLearner !== true) ?? false;
    });
  }

  /** Removes a member through another one, and waits until it has stopped by itself. */
  async shrink(name: string, { through }: { readonly through?: string } = {}): Promise<RunningMember> {
    const leaving = this.get(name);
    const ID = fromUnsignedId(await this.idOf(name));
    const [other] = [...this.members.values()].filter((member) => member !== leaving);
    const asked = through === undefined ? other : this.get(through);
    if (!asked) throw new Error('nobody to ask');
    await whenHealthy(() => asked.client.cluster.MemberRemove({ ID }));
    await leaving.process.exited;
    this.members.delete(name);
    leaving.client.close();
    return leaving;
  }

  async end(): Promise<void> {
    for (const { client } of this.members.values()) client.close();
    await Promise.all([...this.members.values()].map(({ process }) => stopProcess(process)));
    await this.plan.clean();
  }
}

async function openLive(t: Test, size: number, options: Partial<BrainOptionValues> = {}): Promise<LiveCluster> {
  const live = new LiveCluster(await planCluster(size, options));
  t.teardown(() => live.end());
  for (const member of live.plan.members) live.start(member);
  await Promise.all([...live.members.values()].map(({ process }) => process.ready));
  return live;
}

/** Writes through whoever answers, and remembers what was acknowledged. */
function startWriting(t: Test, live: LiveCluster): { readonly acknowledged: string[]; stop(): Promise<void> } {
  const acknowledged: string[] = [];
  let isOver = false;
  const write = async (worker: number): Promise<void> => {
    for (let i = 0; !isOver; i++) {
      const name = `w${worker}/${i}`;
      const members = [...live.members.values()];
      try {
        await members[(worker + i) % members.length]?.client.kv.Put({ key: key(name) }, { timeoutMs: 3000 });
        acknowledged.push(name);
      } catch {
        // Not acknowledged: it may or may not be there.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  };
  const writers = [0, 1, 2, 3].map(write);
  const stop = async (): Promise<void> => {
    isOver = true;
    await Promise.all(writers);
  };
  t.teardown(stop);
  return { acknowledged, stop };
}

async function missingOf(live: LiveCluster, acknowledged: readonly string[]): Promise<readonly string[]> {
  const { client } = await live.any();
  const { kvs } = await client.kv.Range({ key: key('w'), range_end: key('x'), keys_only: true }, { timeoutMs: 60_000 });
  const found = new Set(kvs.map((kv) => Buffer.from(kv.key ?? []).toString()));
  return acknowledged.filter((name) => !found.has(name));
}

t.test('three members grow to five and shrink to one under load, and nothing acknowledged is lost', async (t) => {
  const live = await openLive(t, 3);
  const writing = startWriting(t, live);
  await live.grow('n1');
  await live.grow('n2');
  t.equal(await live.names(), 'm1 m2 m3 n1 n2');
  const grown = writing.acknowledged.length;
  t.ok(grown > 0);
  // Of oneself, of the leader, of whoever is left.
  await live.shrink('m1', { through: 'm1' });
  await live.shrink((await live.leader()).plan.name);
  for (const name of [...live.members.keys()].slice(1)) await live.shrink(name);
  t.equal(live.members.size, 1);
  t.equal(await live.names(), [...live.members.keys()].join());
  const shrunk = writing.acknowledged.length;
  await until(() => writing.acknowledged.length > shrunk + 100);
  await writing.stop();
  t.ok(shrunk > grown);
  t.strictSame(await missingOf(live, writing.acknowledged), []);

  const [last] = live.members.values();
  if (!last) throw new Error('nobody is left');
  await stopProcess(last.process);
  live.start(last.plan);
  t.strictSame(await missingOf(live, writing.acknowledged), [], 'nor after a restart of the one that is left');
});

t.test('a removed member stops with a clear message, and does not come back', async (t) => {
  const live = await openLive(t, 3);
  const id = await live.idOf('m3');
  const leaving = await live.shrink('m3');
  t.equal(await leaving.process.exited, 1);
  const text = `the member ${id.toString(16)} has been permanently removed from the cluster: its data directory`;
  t.match(leaving.process.log.at(-1), text);
  await t.rejects(startMember(leaving.plan), { code: 'MEMBER_REMOVED', message: text });
  const existing = { ...leaving.plan.options, 'initial-cluster-state': 'existing' };
  await t.rejects(startMember({ ...leaving.plan, options: existing }), { code: 'MEMBER_REMOVED' });
});

t.test('a member that was away when it was removed is told when it comes back', async (t) => {
  const live = await openLive(t, 3);
  const away = live.get('m2');
  const ID = fromUnsignedId(await live.idOf('m2'));
  await stopProcess(away.process);
  await whenHealthy(() => live.get('m1').client.cluster.MemberRemove({ ID }));
  live.start(away.plan);
  t.equal(await away.process.exited, 1);
  t.match(away.process.log.at(-1), 'has been permanently removed from the cluster');
});

t.test('a leader that removes itself hands over', async (t) => {
  const live = await openLive(t, 3);
  const writing = startWriting(t, live);
  const first = await live.leader();
  await live.shrink(first.plan.name, { through: first.plan.name });
  const next = await live.leader();
  t.not(next.plan.name, first.plan.name);
  const before = writing.acknowledged.length;
  await until(() => writing.acknowledged.length > before + 100);
  await writing.stop();
  t.strictSame(await missingOf(live, writing.acknowledged), []);
});

t.test('kill -9 of everybody between the steps of a change is recovered from', async (t) => {
  const live = await openLive(t, 3);
  const writing = startWriting(t, live);
  const { member, id } = await addMember(live.get('m1').client, await planNewcomer(live.plan, 'n1'), {
    isLearner: true,
  });
  const killAll = async (): Promise<void> => {
    await Promise.all([...live.members.values()].map(({ process }) => stopProcess(process)));
    for (const { plan } of live.members.values()) live.start(plan);
    await live.any();
  };
  // Added, not started; then started, and killed while it gets its snapshot; then a learner; then a voter.
  await killAll();
  t.equal(await live.names(), '? m1 m2 m3');
  live.start(member);
  await killAll();
  await live.get('n1').process.ready;
  t.equal(await live.names(), 'm1 m2 m3 n1?');
  await live.promote(id);
  await killAll();
  t.equal(await live.names(), 'm1 m2 m3 n1');
  const removal = live.get('m2').client.cluster.MemberRemove({ ID: fromUnsignedId(await live.idOf('m1')) });
  removal.catch((error: unknown) => error);
  await killAll();
  await writing.stop();
  // The removal may or may not have been decided before they died.
  const names = await live.names();
  t.ok(['m1 m2 m3 n1', 'm2 m3 n1'].includes(names), names);
  t.strictSame(await missingOf(live, writing.acknowledged), []);
});

t.test('a member that was away while all others changed is told by those that it does not know', async (t) => {
  const live = await openLive(t, 3, { 'strict-reconfig-check': false });
  const away = live.get('m3');
  await stopProcess(away.process);
  live.members.delete('m3');
  await live.grow('n1');
  await live.grow('n2');
  await live.shrink('m1');
  await live.shrink('m2');
  await live.get('n1').client.kv.Put({ key: key('late'), value: key('1') });
  live.members.set('m3', away);
  live.start(away.plan);
  await away.process.ready;
  const { kvs } = await away.client.kv.Range({ key: key('late') });
  t.equal(kvs.length, 1);
  t.equal(await live.names(), 'm3 n1 n2');
  await stopProcess(live.get('n1').process);
  await until(() =>
    away.client.kv.Put({ key: key('later') }, { timeoutMs: 3000 }).then(
      () => true,
      () => false,
    ),
  );
});

t.test('peer URLs that change are where the others go', async (t) => {
  const live = await openLive(t, 3);
  const moving = live.get('m3');
  const { peerPort } = await planNewcomer(live.plan, 'elsewhere');
  const url = `http://127.0.0.1:${peerPort}`;
  await live.get('m1').client.cluster.MemberUpdate({ ID: fromUnsignedId(await live.idOf('m3')), peerURLs: [url] });
  await stopProcess(moving.process);
  const initial = String(moving.plan.options['initial-cluster']).replace(/m3=[^,]*/, `m3=${url}`);
  const options = {
    ...moving.plan.options,
    'listen-peer-urls': [url],
    'initial-advertise-peer-urls': [url],
    'initial-cluster': initial,
  };
  await t.rejects(startMember({ ...moving.plan, options }), {
    code: 'DATA_FOREIGN',
    message: /--initial-cluster-state=existing/,
  });
  live.start({ ...moving.plan, options: { ...options, 'initial-cluster-state': 'existing' } });
  await moving.process.ready;
  await moving.client.kv.Put({ key: key('moved') });
  t.equal((await live.get('m1').client.kv.Range({ key: key('moved') })).kvs.length, 1);
});

t.test('who can not join is told why', async (t) => {
  const live = await openLive(t, 1);
  const newcomer = await planNewcomer(live.plan, 'n1');
  const one = `m1=${live.get('m1').plan.options['initial-advertise-peer-urls']?.[0] ?? ''}`;
  const own = `n1=${newcomer.options['initial-advertise-peer-urls']?.[0] ?? ''}`;
  const join = async (initialCluster: string): Promise<string> => {
    try {
      await startMember({ ...newcomer, options: { ...newcomer.options, 'initial-cluster': initialCluster } });
    } catch (error) {
      return `${codeOf(error)} ${error instanceof Error ? error.message : ''}`;
    }
    return 'joined';
  };
  t.match(await join(`${one},${own}`), /^JOIN_FAILED .*member count is unequal: the flags name 2, the cluster has 1/);
  t.match(await join(own), /^JOIN_FAILED .*it names no other member/);
  const { member } = await addMember(live.get('m1').client, newcomer, { isLearner: true });
  const other = await planNewcomer(live.plan, 'n2');
  t.match(await join(`${one},n1=http://127.0.0.1:${other.peerPort}`), /^INVALID_OPTIONS /);
  t.match(await join(`${one},${own},n3=http://127.0.0.1:1`), /^JOIN_FAILED .*member count is unequal/);
  t.match(await join(`m1=http://127.0.0.1:${other.peerPort},${own}`), /^JOIN_FAILED .*127.0.0.1/);
  live.start(member);
  await live.get('n1').process.ready;
  await stopProcess(live.get('n1').process);
  await t.rejects(startMember({ ...member, options: { ...member.options, 'data-dir': `${member.dataDir}-lost` } }), {
    code: 'JOIN_FAILED',
    message: /has already been started, and has lost its data directory/,
  });
});
