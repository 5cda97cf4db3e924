import fs from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { silentLogger } from '@flotilla/base';
import { brainSettings, restoreMember, snapshotStatus } from '@flotilla/brain';
import { type etcdserverpb, toId, toSafeInteger } from '@flotilla/wire';
import { type TestClient, connect, planCluster, startAll } from './cluster.ts';
import { openWatch } from './watch-client.ts';

t.setTimeout(0);

const bytes = (text: string): Uint8Array => Buffer.from(text);
const everything = { key: bytes('\0'), range_end: bytes('\0') };

async function saveSnapshot({ maintenance }: TestClient, file: string): Promise<void> {
  const blobs: Uint8Array[] = [];
  for await (const { blob } of maintenance.Snapshot({})) blobs.push(blob);
  await fs.writeFile(file, Buffer.concat(blobs));
}

const plain = ({ kvs }: etcdserverpb.RangeResponse): string[] =>
  kvs.map((kv) => [kv.key, kv.value, kv.create_revision, kv.mod_revision, kv.version, kv.lease].join(' '));

t.test('a snapshot of one member becomes a new cluster of three', async (t) => {
  const old = await planCluster(1);
  const oldBrains = await startAll(old);
  const oldClient = connect(old.endpoints[0] ?? '');
  const { ID } = await oldClient.lease.LeaseGrant({ TTL: 600 });
  for (let i = 0; i < 300; i++) await oldClient.kv.Put({ key: bytes(`k${i % 70}`), value: bytes(`v${i}`) });
  await oldClient.kv.Put({ key: bytes('leased'), lease: ID });
  await oldClient.kv.DeleteRange({ key: bytes('k5') });
  await oldClient.kv.Compact({ revision: 200 });
  const file = path.join(old.directory, 'snapshot.db');
  await saveSnapshot(oldClient, file);
  const before = await oldClient.kv.Range(everything);
  const past = await oldClient.kv.Range({ ...everything, revision: 250 });
  const hash = await oldClient.maintenance.HashKV({});
  oldClient.close();
  await Promise.all(oldBrains.map((brain) => brain.close()));

  const plan = await planCluster(3, { 'initial-cluster-token': 'restored' });
  for (const { options } of plan.members) {
    const restored = await restoreMember(brainSettings(options), { file, logger: silentLogger });
    t.equal(restored.revision, toSafeInteger(before.header?.revision));
  }
  const brains = await startAll(plan);
  const clients = plan.endpoints.map(connect);
  try {
    t.not(brains[0]?.status().clusterId, oldBrains[0]?.status().clusterId, 'another cluster');
    for (const client of clients) {
      const after = await client.kv.Range(everything);
      t.strictSame(plain(after), plain(before));
      t.equal(toSafeInteger(after.header?.revision), toSafeInteger(before.header?.revision));
      t.strictSame(plain(await client.kv.Range({ ...everything, revision: 250 })), plain(past));
      await t.rejects(client.kv.Range({ ...everything, revision: 199 }), { message: /compacted/ });
      t.equal((await client.maintenance.HashKV({})).hash, hash.hash);
      t.equal(toSafeInteger((await client.lease.LeaseTimeToLive({ ID })).grantedTTL), 600);
    }
    const put = await clients[1]?.kv.Put({ key: bytes('new'), value: bytes('life') });
    t.equal(toSafeInteger(put?.header?.revision), toSafeInteger(before.header?.revision) + 1);
    await clients[2]?.lease.LeaseRevoke({ ID });
    t.equal(toSafeInteger((await clients[0]?.kv.Range({ key: bytes('leased') }))?.count), 0);
    t.equal(new Set(brains.map((brain) => brain.status().memberId)).size, 3);
    t.equal(toId((await clients[0]?.maintenance.Status({}))?.leader) > 0n, true);
  } finally {
    for (const client of clients) client.close();
    await Promise.all(brains.map((brain) => brain.close()));
  }
  const again = await startAll(plan);
  const client = connect(plan.endpoints[0] ?? '');
  t.equal(Buffer.from((await client.kv.Range({ key: bytes('new') })).kvs[0]?.value ?? []).toString(), 'life');
  client.close();
  await Promise.all(again.map((brain) => brain.close()));
  for (const one of [old, plan]) await one.clean();
});

t.test('a file that is no whole snapshot is refused, and so is a directory in use', async (t) => {
  const plan = await planCluster(1);
  const brains = await startAll(plan);
  const client = connect(plan.endpoints[0] ?? '');
  await client.kv.Put({ key: bytes('a'), value: bytes('1') });
  const file = path.join(plan.directory, 'snapshot.db');
  await saveSnapshot(client, file);
  client.close();
  await Promise.all(brains.map((brain) => brain.close()));
  const [member] = plan.members;
  const into = (name: string) => brainSettings({ ...member?.options, 'data-dir': path.join(plan.directory, name) });
  const restore = (name: string, from: string) => restoreMember(into(name), { file: from, logger: silentLogger });

  await t.rejects(restore('m1', file), { code: 'DATA_DIRECTORY', message: /is not empty/ });
  await t.rejects(restore('x', path.join(plan.directory, 'none')), { code: 'SNAPSHOT_DAMAGED' });
  const content = await fs.readFile(file);
  const damaged = path.join(plan.directory, 'damaged.db');
  await fs.writeFile(damaged, content.subarray(0, -1));
  await t.rejects(restore('y', damaged), { code: 'SNAPSHOT_DAMAGED', message: /length/ });
  content[100] = (content[100] ?? 0) ^ 1;
  await fs.writeFile(damaged, content);
  await t.rejects(restore('z', damaged), { code: 'SNAPSHOT_DAMAGED', message: /checksum/ });
  await t.rejects(snapshotStatus(damaged), { code: 'SNAPSHOT_DAMAGED', message: /checksum/ });
  await plan.clean();
});

t.test('a raised revision: all keys, everything before it compacted, and no revision is seen twice', async (t) => {
  const old = await planCluster(1);
  const [oldBrain] = await startAll(old);
  const oldClient = connect(old.endpoints[0] ?? '');
  for (let i = 0; i < 50; i++) await oldClient.kv.Put({ key: bytes(`k${i % 7}`), value: bytes(`v${i}`) });
  await oldClient.kv.DeleteRange({ key: bytes('k3') });
  const file = path.join(old.directory, 'snapshot.db');
  await saveSnapshot(oldClient, file);
  const status = await snapshotStatus(file);
  t.equal(status.revision, 52);
  // Its changes, and the rows of the member and of raft's configuration.
  t.equal(status.keyCount, 51 + 2);
  t.equal(status.sizeBytes, (await fs.stat(file)).size - 32);
  const sameState = path.join(old.directory, 'same.db');
  await saveSnapshot(oldClient, sameState);
  t.equal((await snapshotStatus(sameState)).hash, status.hash);
  // What the snapshot does not know, and what a watcher may have seen.
  for (let i = 0; i < 20; i++) await oldClient.kv.Put({ key: bytes('later') });
  const before = await oldClient.kv.Range({ ...everything, revision: 52 });
  oldClient.close();
  await oldBrain?.close();

  const plan = await planCluster(1);
  const [member] = plan.members;
  const settings = brainSettings(member?.options ?? {});
  const restored = await restoreMember(settings, { file, logger: silentLogger, bumpRevisionBy: 1000 });
  t.equal(restored.revision, 1052);
  for (const round of ['after the restore', 'after another start']) {
    const [brain] = await startAll(plan);
    const client = connect(plan.endpoints[0] ?? '');
    const after = await client.kv.Range(everything);
    t.strictSame(plain(after).slice(0, 6), plain(before), round);
    const watch = openWatch(client);
    watch.create({ key: bytes('k1'), start_revision: 60 });
    let compacted = 0;
    while (compacted === 0) {
      for (const { compact_revision: told } of await watch.next()) compacted = toSafeInteger(told);
    }
    t.equal(compacted, 1052, 'a watcher from before is told to read anew');
    watch.close();
    await t.rejects(client.kv.Range({ ...everything, revision: 1051 }), { message: /compacted/ });
    t.strictSame(plain(await client.kv.Range({ ...everything, revision: 1052 })), plain(before));
    const put = await client.kv.Put({ key: bytes('z'), value: bytes(round) });
    t.equal(toSafeInteger(put.header?.revision), round === 'after the restore' ? 1053 : 1054);
    client.close();
    await brain?.close();
  }
  const other = await planCluster(1);
  const beyond = restoreMember(brainSettings(other.members[0]?.options ?? {}), {
    file,
    logger: silentLogger,
    bumpRevisionBy: Number.MAX_SAFE_INTEGER,
  });
  await t.rejects(beyond, { code: 'REVISION_TOO_LARGE' });
  for (const one of [old, plan, other]) await one.clean();
});
