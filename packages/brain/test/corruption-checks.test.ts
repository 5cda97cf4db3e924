import { crc32 } from 'node:zlib';
import t, { type Test } from 'tap';
import type { Brain } from '@flotilla/brain';
import { type OpenDatabase, type Row, openDiskDatabase } from '@flotilla/store';
import { etcdserverpb, toId } from '@flotilla/wire';
import { type ClusterPlan, type TestClient, connect, planCluster, startMember, until } from './cluster.ts';

t.setTimeout(0);

const { CORRUPT } = etcdserverpb.AlarmType;
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** LevelDB whose iterators show another last value in each page of history, under a right checksum. */
interface LyingDatabase {
  /** So many scans of all rows are right from now on. */
  honestScans: number;
  readonly open: OpenDatabase;
}

function createLyingDatabase(): LyingDatabase {
  const lying: LyingDatabase = {
    honestScans: Number.POSITIVE_INFINITY,
    async open(options) {
      const database = await openDiskDatabase(options);
      return {
        ...database,
        get: (key) => database.get(key),
        snapshot() {
          const snapshot = database.snapshot();
          return {
            get: (key) => snapshot.get(key),
            close: () => snapshot.close(),
            async *rows() {
              const lies = lying.honestScans-- <= 0;
              for await (const row of snapshot.rows()) yield lies ? altered(row) : row;
            },
          };
        },
      };
    },
  };
  return lying;
}

function altered({ key, value }: Row): Row {
  if (key[0] !== 'p'.charCodeAt(0)) return { key, value };
  const other = Buffer.from(value);
  const end = other.length - 4;
  const last = other[end - 1] ?? 0;
  other[end - 1] = last ^ 1;
  other.writeUInt32BE(crc32(other.subarray(0, end), crc32(key)), end);
  return { key, value: other };
}

async function fill(client: TestClient): Promise<void> {
  for (let i = 0; i < 50; i++) await client.kv.Put({ key: bytes(`k${i % 20}`), value: bytes(`v${i}`) });
}

interface Setting {
  readonly plan: ClusterPlan;
  readonly brains: Brain[];
  readonly clients: readonly TestClient[];
  readonly liars: readonly LyingDatabase[];
}

/** Three members, each on a database that can be told to lie. */
async function withCluster(t: Test, options: Parameters<typeof planCluster>[1]): Promise<Setting> {
  const plan = await planCluster(3, { 'initial-cluster-token': 'checked', ...options });
  const liars = plan.members.map(() => createLyingDatabase());
  const brains = await Promise.all(
    plan.members.map((member, i) => startMember(member, { openDatabase: liars[i]?.open ?? openDiskDatabase })),
  );
  await Promise.all(brains.map((brain) => brain.ready));
  const clients = plan.endpoints.map(connect);
  t.teardown(async () => {
    for (const client of clients) client.close();
    await Promise.all(brains.map((brain) => brain.close()));
    await plan.clean();
  });
  return { plan, brains, clients, liars };
}

const idOf = (brain: Brain | undefined): bigint => brain?.status().memberId ?? 0n;

async function corruptMembers({ maintenance }: TestClient): Promise<bigint[]> {
  const { alarms } = await maintenance.Alarm({ action: etcdserverpb.AlarmRequest.AlarmAction.GET, alarm: CORRUPT });
  return alarms.map(({ memberID }) => BigInt.asUintN(64, toId(memberID)));
}

t.test('periodic: who has stored something else gets the alarm, and nothing changes any more', async (t) => {
  const { brains, clients, liars } = await withCluster(t, { 'corrupt-check-time': '100ms' });
  const [client] = clients;
  if (!client) throw new Error('no client');
  await fill(client);
  await clients[1]?.kv.Compact({ revision: 20 });
  const { leader } = await client.maintenance.Status({});
  const follower = brains.findIndex((brain) => idOf(brain) !== BigInt.asUintN(64, toId(leader)));
  await new Promise((resolve) => setTimeout(resolve, 500));
  t.strictSame(await corruptMembers(client), [], 'healthy members raise nothing');

  const liar = liars[follower];
  if (liar) liar.honestScans = 0;
  await until(async () => (await corruptMembers(client)).length > 0);
  t.strictSame(await corruptMembers(client), [idOf(brains[follower])]);
  await t.rejects(client.kv.Put({ key: bytes('k') }), { message: /corrupt cluster/ });
  t.ok((await client.kv.Range({ key: bytes('k1') })).kvs.length, 'reads are answered');
});

t.test('after a compaction: the minority gets the alarm, also when it leads', async (t) => {
  const options = { 'feature-gates': 'CompactHashCheck=true', 'compact-hash-check-time': '100ms' };
  const { brains, clients, liars } = await withCluster(t, options);
  const [client] = clients;
  if (!client) throw new Error('no client');
  await fill(client);
  const { leader } = await client.maintenance.Status({});
  const leading = brains.findIndex((brain) => idOf(brain) === BigInt.asUintN(64, toId(leader)));
  const liar = liars[leading];
  if (liar) liar.honestScans = 0;
  await client.kv.Compact({ revision: 51 });
  await until(async () => (await corruptMembers(client)).length > 0);
  t.strictSame(await corruptMembers(client), [idOf(brains[leading])]);
});

t.test('at the start: a member that has stored something else refuses to serve, a whole one serves', async (t) => {
  const { plan, brains, clients, liars } = await withCluster(t, { 'feature-gates': 'InitialCorruptCheck=true' });
  const [client] = clients;
  const [member] = plan.members;
  const [liar] = liars;
  if (!client || !member || !liar) throw new Error('no member');
  await fill(client);
  await brains[0]?.close();
  // What it loads is right; what it hashes then is not.
  liar.honestScans = 1;
  await t.rejects(startMember(member, { openDatabase: liar.open }), { code: 'STATE_DIFFERS', message: /HashKV/ });
  liar.honestScans = Number.POSITIVE_INFINITY;
  const again = await startMember(member, { openDatabase: liar.open });
  brains[0] = again;
  await again.ready;
  t.ok((await client.kv.Range({ key: bytes('k1') })).kvs.length);
});
