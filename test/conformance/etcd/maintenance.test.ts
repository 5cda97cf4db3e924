/** `Maintenance` and `grpc.health.v1`: status, alarms, snapshots, hashes, defragmentation, leadership, downgrades. */
import { createHash } from 'node:crypto';
import { etcdserverpb, fromId, grpc, toId } from '@flotilla/wire';
import { type Client, bytes, number, text } from './client.ts';
import { type Setting, conformance, refusal } from './rules.ts';

type AlarmResponse = etcdserverpb.AlarmResponse;

const { GET, ACTIVATE, DEACTIVATE } = etcdserverpb.AlarmRequest.AlarmAction;
const { NONE, NOSPACE, CORRUPT } = etcdserverpb.AlarmType;
const { VALIDATE, ENABLE, CANCEL } = etcdserverpb.DowngradeRequest.DowngradeAction;
const { SERVING, SERVICE_UNKNOWN } = grpc.health.v1.HealthCheckResponse.ServingStatus;

const alarmsOf = ({ alarms }: AlarmResponse): string[] =>
  alarms.map(({ memberID, alarm }) => `${toId(memberID)} ${etcdserverpb.AlarmType[alarm ?? 0]}`);

/** Raises an alarm while `run` does its work. */
async function withAlarm({ client }: Setting, alarm: etcdserverpb.AlarmType, run: () => Promise<void>): Promise<void> {
  await client.maintenance.Alarm({ action: ACTIVATE, memberID: 77, alarm });
  try {
    await run();
  } finally {
    await client.maintenance.Alarm({ action: DEACTIVATE, memberID: 77, alarm });
  }
}

interface SavedSnapshot {
  readonly blobs: readonly Uint8Array[];
  readonly remaining: readonly number[];
  readonly versions: readonly string[];
}

async function snapshot(client: Client): Promise<SavedSnapshot> {
  const blobs: Uint8Array[] = [];
  const remaining: number[] = [];
  const versions: string[] = [];
  for await (const response of client.maintenance.Snapshot({})) {
    blobs.push(Buffer.from(response.blob));
    remaining.push(number(response.remaining_bytes));
    versions.push(response.version);
    if (response.header) throw new Error('a snapshot has no header');
  }
  return { blobs, remaining, versions };
}

conformance('Maintenance', ({ rule }) => {
  rule('the status names version, leader, sizes and indexes', async ({ t, clients, client, key }) => {
    await client.kv.Put({ key: key('a') });
    const all = await Promise.all(clients.map(({ maintenance }) => maintenance.Status({})));
    const members = new Set(all.map(({ header }) => header?.member_id?.toString()));
    for (const status of all) {
      t.match(status.version, /^\d+\.\d+\.\d+$/);
      t.ok(members.has(status.leader.toString()));
      t.ok(number(status.dbSize) > 0 && number(status.dbSizeInUse) > 0);
      t.ok(number(status.raftIndex) >= number(status.raftAppliedIndex) && number(status.raftAppliedIndex) > 0);
      t.equal(number(status.raftTerm), number(status.header?.raft_term));
      t.strictSame([status.errors, status.isLearner], [[], false]);
    }
    t.equal(new Set(all.map(({ leader }) => leader.toString())).size, 1);
  });

  rule('the status tells quota, storage version and downgrade', { since: '3.6' }, async ({ t, client }) => {
    const status = await client.maintenance.Status({});
    t.strictSame([number(status.dbSizeQuota), status.storageVersion], [2 * 2 ** 30, '3.7.0']);
    t.strictSame([status.downgradeInfo?.enabled, status.downgradeInfo?.targetVersion ?? ''], [false, '']);
  });

  rule('alarms are raised, listed by type, and disarmed one by one', async ({ t, clients, client }) => {
    const ask = async (request: etcdserverpb.AlarmRequest.$Properties, by = client): Promise<string[]> =>
      alarmsOf(await by.maintenance.Alarm(request));
    t.strictSame(await ask({ action: GET }), []);
    t.strictSame(await ask({ action: ACTIVATE, memberID: 8, alarm: NOSPACE }), ['8 NOSPACE']);
    t.strictSame(await ask({ action: ACTIVATE, memberID: 8, alarm: NOSPACE }), ['8 NOSPACE'], 'again');
    await ask({ action: ACTIVATE, memberID: 9, alarm: NOSPACE });
    await ask({ action: ACTIVATE, memberID: 9, alarm: CORRUPT });
    for (const other of clients) {
      t.strictSame((await ask({ action: GET }, other)).sort(), ['8 NOSPACE', '9 CORRUPT', '9 NOSPACE']);
      t.strictSame((await ask({ action: GET, alarm: NOSPACE }, other)).sort(), ['8 NOSPACE', '9 NOSPACE']);
      t.strictSame(await ask({ action: GET, alarm: CORRUPT }, other), ['9 CORRUPT']);
    }
    t.strictSame(await ask({ action: DEACTIVATE, memberID: 7, alarm: NOSPACE }), [], 'one that is not there');
    t.strictSame(await ask({ action: DEACTIVATE, memberID: 8, alarm: CORRUPT }), []);
    for (const [memberID, alarm] of [
      [8, NOSPACE],
      [9, NOSPACE],
      [9, CORRUPT],
    ] as const) {
      t.equal((await ask({ action: DEACTIVATE, memberID, alarm })).length, 1);
    }
    t.strictSame(await ask({ action: GET }), []);
  });

  rule('an alarm of no type is none', { since: '3.5' }, async ({ t, client }) => {
    const { alarms } = await client.maintenance.Alarm({ action: ACTIVATE, memberID: 8, alarm: NONE });
    t.strictSame(alarms, []);
  });

  rule('the answer about alarms has the header of now', { since: '3.5' }, async ({ t, client, key }) => {
    const { header } = await client.kv.Put({ key: key('a') });
    const answer = await client.maintenance.Alarm({ action: GET });
    t.equal(number(answer.header?.revision), number(header?.revision));
    t.ok(number(answer.header?.raft_term) > 0);
  });

  rule('NOSPACE refuses what needs room, and lets through what makes it', async (setting) => {
    const { t, client, key } = setting;
    const { ID } = await client.lease.LeaseGrant({ TTL: 600 });
    await client.kv.Put({ key: key('a') });
    const { header } = await client.kv.Put({ key: key('b'), value: bytes('1') });
    const full = '8 etcdserver: mvcc: database space exceeded';
    const put = { request_put: { key: key('c') } };
    await withAlarm(setting, NOSPACE, async () => {
      t.equal(await refusal(client.kv.Put({ key: key('c') })), full);
      t.equal(await refusal(client.kv.Txn({ success: [put] })), full);
      t.equal(await refusal(client.kv.Txn({ failure: [put] })), full, 'in either branch');
      t.equal(await refusal(client.lease.LeaseGrant({ TTL: 600 })), full);
      t.equal(await refusal(client.kv.DeleteRange({ key: key('a') })), 'answered');
      t.equal(await refusal(client.kv.Txn({ success: [{ request_delete_range: { key: key('a') } }] })), 'answered');
      t.equal(text((await client.kv.Range({ key: key('b') })).kvs[0]?.value), '1');
      t.equal(await refusal(client.kv.Compact({ revision: header?.revision ?? 0 })), 'answered');
      t.equal(await refusal(client.lease.LeaseRevoke({ ID })), 'answered');
    });
    t.equal(await refusal(client.kv.Put({ key: key('c') })), 'answered', 'once it is disarmed');
  });

  rule('NOSPACE refuses the puts of nested transactions too', { since: '3.7' }, async (setting) => {
    const { t, client, key } = setting;
    const nested = (ops: etcdserverpb.RequestOp.$Properties[]): Promise<unknown> =>
      client.kv.Txn({ success: [{ request_txn: { failure: [{ request_txn: { success: ops } }] } }] });
    await withAlarm(setting, NOSPACE, async () => {
      const refused = await refusal(nested([{ request_put: { key: key('a') } }]));
      t.equal(refused, '8 etcdserver: mvcc: database space exceeded');
      t.equal(await refusal(nested([{ request_delete_range: { key: key('a') } }])), 'answered');
    });
  });

  rule('CORRUPT refuses every change; reads are answered', async (setting) => {
    const { t, client, key } = setting;
    const { header } = await client.kv.Put({ key: key('b'), value: bytes('1') });
    const { ID } = await client.lease.LeaseGrant({ TTL: 600 });
    const corrupt = '15 etcdserver: corrupt cluster';
    await withAlarm(setting, CORRUPT, async () => {
      t.equal(await refusal(client.kv.Put({ key: key('c') })), corrupt);
      t.equal(await refusal(client.kv.DeleteRange({ key: key('a') })), corrupt);
      t.equal(await refusal(client.kv.Txn({ success: [{ request_put: { key: key('c') } }] })), corrupt);
      t.equal(await refusal(client.kv.Compact({ revision: header?.revision ?? 0 })), corrupt);
      t.equal(await refusal(client.lease.LeaseGrant({ TTL: 600 })), corrupt);
      t.equal(await refusal(client.lease.LeaseRevoke({ ID })), corrupt);
      t.equal(text((await client.kv.Range({ key: key('b') })).kvs[0]?.value), '1');
      const txn = await client.kv.Txn({ success: [{ request_range: { key: key('b') } }] });
      t.equal(txn.succeeded, true);
    });
    await client.lease.LeaseRevoke({ ID });
  });

  rule('active alarms stand in the status of every member', async (setting) => {
    const { t, clients, client } = setting;
    await withAlarm(setting, NOSPACE, async () => {
      for (const { maintenance } of clients) {
        await client.kv.Range({ key: bytes('x') });
        await maintenance.Alarm({ action: GET });
        const { errors } = await maintenance.Status({});
        // Go's protobuf varies the space between fields from build to build, so that nobody relies on it.
        t.match(errors[0]?.trimEnd(), /^memberID:77 {1,2}alarm:NOSPACE$/);
        t.equal(errors.length, 1);
      }
    });
  });

  rule('a snapshot is whole sectors in falling blobs, then their hash', async ({ t, clients, client, key }) => {
    for (let i = 0; i < 20; i++) await client.kv.Put({ key: key(String(i)), value: Buffer.alloc(10_000, i) });
    for (const one of clients) {
      const { blobs, remaining } = await snapshot(one);
      const content = Buffer.concat(blobs.slice(0, -1));
      t.equal(content.length % 512, 0);
      t.ok(content.length > 0);
      t.strictSame(blobs.at(-1), createHash('sha256').update(content).digest());
      t.ok(blobs.every(({ length }) => length <= 32 * 1024));
      t.equal(remaining.at(-1), 0);
      let left = content.length;
      for (const [i, blob] of blobs.slice(0, -1).entries()) t.equal(remaining[i], (left -= blob.length));
    }
  });

  rule('a snapshot tells the version of the storage', { since: '3.6' }, async ({ t, client }) => {
    const { versions } = await snapshot(client);
    t.ok(versions.every((version) => version === '3.7.0'));
  });

  rule('HashKV is equal on all members and follows every change', async ({ t, clients, client, key }) => {
    const hashes = async (revision = 0): Promise<number[]> => {
      const all = await Promise.all(
        clients.map(async ({ kv, maintenance }) => {
          await kv.Range({ key: key('a') });
          return await maintenance.HashKV({ revision });
        }),
      );
      for (const { header } of all) t.ok(number(header?.raft_term) > 0);
      t.equal(new Set(all.map(({ hash }) => hash)).size, 1);
      return all.map(({ hash }) => hash);
    };
    const { header } = await client.kv.Put({ key: key('a'), value: bytes('1') });
    const [one] = await hashes();
    await client.kv.Put({ key: key('a'), value: bytes('2') });
    const [two] = await hashes();
    t.not(two, one);
    t.equal((await hashes(number(header?.revision)))[0], one, 'an older revision has the hash that it had');
    await client.kv.DeleteRange({ key: key('a') });
    t.not((await hashes())[0], two);
  });

  rule('HashKV refuses a future revision', async ({ t, client, key }) => {
    const { header } = await client.kv.Put({ key: key('a') });
    const future = '11 etcdserver: mvcc: required revision is a future revision';
    t.equal(await refusal(client.maintenance.HashKV({ revision: number(header?.revision) + 1 })), future);
  });

  rule('HashKV after a compaction tells its revision and refuses older ones', async ({ t, clients, client, key }) => {
    await client.kv.Put({ key: key('a'), value: bytes('1') });
    const { header } = await client.kv.Put({ key: key('a'), value: bytes('2') });
    await client.kv.Put({ key: key('b') });
    const revision = number(header?.revision);
    await client.kv.Compact({ revision, physical: true });
    const hashes = await Promise.all(
      clients.map(async ({ kv, maintenance }) => {
        await kv.Range({ key: key('a') });
        return await maintenance.HashKV({});
      }),
    );
    t.strictSame(
      hashes.map(({ compact_revision }) => number(compact_revision)),
      hashes.map(() => revision),
    );
    t.equal(new Set(hashes.map(({ hash }) => hash)).size, 1);
    const old = '11 etcdserver: mvcc: required revision has been compacted';
    t.equal(await refusal(client.maintenance.HashKV({ revision: revision - 1 })), old);
  });

  rule('HashKV tells which revision it hashed', { since: '3.6' }, async ({ t, client, key }) => {
    const { header } = await client.kv.Put({ key: key('a') });
    const revision = number(header?.revision);
    await client.kv.Put({ key: key('b') });
    t.equal(number((await client.maintenance.HashKV({ revision })).hash_revision), revision);
    t.equal(number((await client.maintenance.HashKV({})).hash_revision), revision + 1);
  });

  rule('Hash covers what is stored, leases too', async ({ t, client, key }) => {
    await client.kv.Put({ key: key('a') });
    const one = await client.maintenance.Hash({});
    t.ok(number(one.header?.revision) > 0);
    const { ID } = await client.lease.LeaseGrant({ TTL: 600 });
    await client.kv.Put({ key: key('a') });
    t.not((await client.maintenance.Hash({})).hash, one.hash);
    await client.lease.LeaseRevoke({ ID });
  });

  rule('Defragment has no header, and changes nothing', async ({ t, clients, client, key }) => {
    const { header } = await client.kv.Put({ key: key('a'), value: bytes('1') });
    for (const { maintenance } of clients) t.notOk((await maintenance.Defragment({})).header);
    const after = await client.kv.Range({ key: key('a') });
    t.strictSame([text(after.kvs[0]?.value), number(after.header?.revision)], ['1', number(header?.revision)]);
  });

  rule('MoveLeader is for the leader, and for members', async ({ t, clients, client }) => {
    const unknown = clients[0]?.maintenance.MoveLeader({ targetID: fromId(5n) });
    t.equal(await refusal(Promise.resolve(unknown)), '9 etcdserver: bad leader transferee');
    if (clients.length === 1) return;
    const { header } = await client.maintenance.Status({});
    const targetID = header?.member_id ?? null;
    t.equal(await refusal(client.maintenance.MoveLeader({ targetID })), '9 etcdserver: not leader');
  });

  rule('MoveLeader moves it', { cluster: true }, async ({ t, clients, client }) => {
    const targetID = (await client.maintenance.Status({})).header?.member_id ?? null;
    const moved = await clients[0]?.maintenance.MoveLeader({ targetID });
    t.notOk(moved?.header);
    t.equal((await client.maintenance.Status({})).leader.toString(), targetID?.toString());
    const back = (await clients[0]?.maintenance.Status({}))?.header?.member_id ?? null;
    await client.maintenance.MoveLeader({ targetID: back });
  });

  rule('Downgrade validates its target', { since: '3.5' }, async ({ t, client }) => {
    const ask = (action: number, version = ''): Promise<string> =>
      refusal(client.maintenance.Downgrade({ action: action as never, version }));
    for (const action of [VALIDATE, ENABLE]) {
      t.equal(await ask(action, 'x'), '3 etcdserver: wrong downgrade target version format');
      t.equal(await ask(action), '3 etcdserver: wrong downgrade target version format');
      t.equal(await ask(action, '3.5.0'), '3 etcdserver: invalid downgrade target version');
      t.equal(await ask(action, '3.8.0'), '3 etcdserver: invalid downgrade target version');
    }
    t.equal(await ask(9), '2 etcdserver: unknown method');
  });

  // etcd 3.5 refused it with `no inflight downgrade job`.
  rule('cancelling a downgrade that is not under way succeeds', { since: '3.6' }, async ({ t, client, key }) => {
    const { header } = await client.kv.Put({ key: key('a') });
    const answer = await client.maintenance.Downgrade({ action: CANCEL });
    t.strictSame([answer.version, number(answer.header?.revision)], ['3.7', number(header?.revision)]);
  });

  rule('health serves the name "" and no other', async ({ t, client }) => {
    t.equal((await client.health.Check({})).status, SERVING);
    t.equal(await refusal(client.health.Check({ service: 'x' })), '5 unknown service');
  });

  rule('health can be watched', async ({ t, clients }) => {
    for (const { health } of clients) {
      for (const [service, expected] of [
        ['', SERVING],
        ['x', SERVICE_UNKNOWN],
      ] as const) {
        for await (const { status } of health.Watch({ service })) {
          t.equal(status, expected);
          break;
        }
      }
    }
  });
});
