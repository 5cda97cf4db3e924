/** How long leases live while leaders change: real processes that are killed, stopped and handed over from. */
import t from 'tap';
import type { etcdserverpb } from '@flotilla/wire';
import {
  type ClusterPlan,
  type MemberProcess,
  type TestClient,
  connect,
  planCluster,
  spawnMember,
  stopProcess,
  until,
} from './cluster.ts';

t.setTimeout(0);

const key = (text: string): Uint8Array => Buffer.from(text);
const electionTimeoutMs = 500;

type LeaseId = etcdserverpb.LeaseGrantResponse['ID'];

interface Processes {
  readonly plan: ClusterPlan;
  readonly members: MemberProcess[];
  readonly clients: readonly TestClient[];
}

async function openProcesses(t: { teardown(end: () => Promise<void>): void }): Promise<Processes> {
  const plan = await planCluster(3, { 'heartbeat-interval': 50, 'election-timeout': electionTimeoutMs });
  const members = plan.members.map((member) => spawnMember(member));
  const clients = plan.endpoints.map(connect);
  t.teardown(async () => {
    for (const client of clients) client.close();
    await Promise.all(members.map((member) => stopProcess(member)));
    await plan.clean();
  });
  await Promise.all(members.map((member) => member.ready));
  return { plan, members, clients };
}

/** The member that leads, once one does and can say so. */
async function leaderOf(clients: readonly TestClient[]): Promise<number> {
  for (;;) {
    for (const [i, client] of clients.entries()) {
      const status = await client.maintenance.Status({}).catch(() => undefined);
      if (status && status.leader.toString() !== '0' && status.leader.equals(status.header?.member_id ?? 0)) return i;
    }
  }
}

/** Ends a leader by SIGKILL or SIGTERM, and starts it again; how long nobody led, as a client sees it. */
async function changeLeader({ plan, members, clients }: Processes, signal: NodeJS.Signals): Promise<number> {
  const leader = await leaderOf(clients);
  const planned = plan.members[leader];
  const victim = members[leader];
  if (!planned || !victim) throw new Error('no leader');
  const beganMs = performance.now();
  await stopProcess(victim, signal);
  const survivor = clients[(leader + 1) % 3];
  await until(async () => {
    const put = survivor?.kv.Put({ key: key('after') }, { timeoutMs: 1000 });
    return (await put?.catch(() => undefined)) !== undefined;
  });
  const goneMs = performance.now() - beganMs;
  const again = spawnMember(planned);
  members[leader] = again;
  await again.ready;
  return goneMs;
}

/** A lease with a key; its id. */
async function grant([client]: readonly TestClient[], name: string, ttlSeconds: number): Promise<LeaseId> {
  if (!client) throw new Error('no client');
  const { ID } = await client.lease.LeaseGrant({ TTL: ttlSeconds });
  await client.kv.Put({ key: key(name), lease: ID });
  return ID;
}

async function renewedTtl(client: TestClient, ID: LeaseId): Promise<number> {
  async function* once(): AsyncGenerator<etcdserverpb.LeaseKeepAliveRequest.$Properties, void> {
    yield { ID };
  }
  for await (const { TTL } of client.lease.LeaseKeepAlive(once(), { timeoutMs: 1000 })) return Number(TTL);
  return 0;
}

/** Undefined when nobody says. */
async function isThere(clients: readonly TestClient[], name: string): Promise<boolean | undefined> {
  for (const client of clients) {
    const answer = await client.kv.Range({ key: key(name) }, { timeoutMs: 1000 }).catch(() => undefined);
    if (answer) return answer.kvs.length > 0;
  }
  return undefined;
}

t.test('a lease ends within its bound although leaders change several times, and not before its time', async (t) => {
  const processes = await openProcesses(t);
  const { clients } = processes;
  const grantedMs = performance.now();
  await grant(clients, 'leased', 8);
  // It was there for so long at least: when its end is noticed says how busy the machine is, too.
  let livedMs = 0;
  const isLeased = async (): Promise<boolean> => {
    const askedMs = performance.now();
    const isAnswered = await isThere(clients, 'leased');
    if (isAnswered) livedMs = askedMs - grantedMs;
    return isAnswered ?? true;
  };
  let leaderlessMs = 0;
  let changes = 0;
  let lastChangeMs = 0;
  const changeNow = async (signal: NodeJS.Signals): Promise<void> => {
    lastChangeMs = performance.now() - grantedMs;
    leaderlessMs += await changeLeader(processes, signal);
    changes++;
  };
  // Later than the first step, then after the second, then twice close together.
  for (const [afterMs, signal] of [
    [3000, 'SIGKILL'],
    [5500, 'SIGTERM'],
    [7000, 'SIGKILL'],
    [7100, 'SIGKILL'],
  ] as const) {
    await until(() => performance.now() - grantedMs > afterMs);
    if (await isLeased()) await changeNow(signal);
  }
  await until(async () => !(await isLeased()));
  const goneMs = performance.now() - grantedMs;
  t.comment(`${changes} changes of leader`);
  t.ok(goneMs >= 8000, `${goneMs} ms`);
  const boundMs = 8000 + 1500 + changes * (2000 + electionTimeoutMs) + leaderlessMs;
  t.ok(livedMs <= boundMs, `${livedMs} ms of at most ${boundMs} ms`);
  t.ok(livedMs - leaderlessMs < lastChangeMs + 8000, 'its time did not begin anew with the last leader');
});

t.test('a lease that is kept alive through changes of leader never ends before its time', async (t) => {
  const ttlSeconds = 8;
  const processes = await openProcesses(t);
  const { clients } = processes;
  let renewedMs = performance.now();
  const ID = await grant(clients, 'kept', ttlSeconds);
  let renewals = 0;
  /** False when the lease has ended. */
  const renew = async (): Promise<boolean> => {
    for (;;) {
      for (const client of clients) {
        const askedMs = performance.now();
        const ttl = await renewedTtl(client, ID).catch(() => undefined);
        if (ttl === 0) return false;
        if (ttl !== ttlSeconds) continue;
        renewedMs = askedMs;
        renewals++;
        return true;
      }
    }
  };
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
    // Late enough for what is left to have been written down: the renewal must take it back.
    const beganMs = performance.now();
    await until(() => performance.now() - beganMs > ttlSeconds * 250 + 500);
    if (!(await renew())) break;
    await changeLeader(processes, signal);
    if (!(await renew())) break;
  }
  await until(async () => (await isThere(clients, 'kept')) === false);
  t.ok(performance.now() - renewedMs >= ttlSeconds * 1000, `after ${renewals} renewals`);
});
