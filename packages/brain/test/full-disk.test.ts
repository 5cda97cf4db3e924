/** A disk without room, under a log and under whole members: they wait, say so, and go on. */
import { type Brain, type Files, createSystemFiles } from '@flotilla/brain';
import { type OpenDatabase, openDiskDatabase, spent } from '@flotilla/store';
import { toId } from '@flotilla/wire';
import t from 'tap';
import { connect, planCluster, startMember, until } from './cluster.ts';
import { contentOf, entriesOf, openLog } from './log-harness.ts';
import { type MemoryFiles, createMemoryFiles } from './memory-files.ts';

t.setTimeout(0);

interface Filling {
  /** Why the next writes fail, after having written a part; undefined: they don't. */
  error: NodeJS.ErrnoException | undefined;
  refusals: number;
}

const errorOf = (code: string): NodeJS.ErrnoException => Object.assign(new Error(`${code}: a test`), { code });

/** Files on a disk that can be full: a write leaves half of its bytes there, and fails. */
function filling<F extends Files>(files: F, disk: Filling, isIt = (_path: string): boolean => true): F {
  return {
    ...files,
    async open(path, mode) {
      const { error } = disk;
      if (error && mode === 'create' && isIt(path)) {
        disk.refusals++;
        throw error;
      }
      const file = await files.open(path, mode);
      return {
        ...file,
        async write(writes) {
          // It may have room again before this has failed.
          const { error } = disk;
          if (!error || writes.length === 0 || !isIt(path)) return await file.write(writes);
          disk.refusals++;
          await file.write(
            writes.map(({ position, bytes }) => ({ position, bytes: bytes.subarray(0, bytes.length / 2) })),
          );
          throw error;
        },
        writeNow: (writes) => !disk.error && file.writeNow?.(writes) === true,
      };
    },
  };
}

for (const code of ['ENOSPC', 'EDQUOT']) {
  t.test(`a log that finds no room (${code}) waits, and holds what was appended then`, async (t) => {
    const disk: Filling = { error: undefined, refusals: 0 };
    const memory: MemoryFiles = createMemoryFiles();
    const { log } = await openLog(filling(memory, disk), { segmentBytes: 400 });
    let next = 1;
    for (let round = 0; round < 6; round++) {
      await log.append({
        hardState: { term: 2 * round + 1, vote: 1n, commit: 0 },
        entries: entriesOf(2 * round + 1, next, next + 3),
      });
      next += 3;
      disk.error = errorOf(code);
      const refusals = disk.refusals;
      let isDone = false;
      const appended = log
        .append({
          hardState: { term: 2 * round + 2, vote: 2n, commit: 0 },
          entries: entriesOf(2 * round + 2, next, next + 2, 200),
        })
        .then(() => (isDone = true));
      next += 2;
      await until(() => disk.refusals >= refusals + 4);
      t.notOk(isDone, 'nothing is acknowledged');
      t.ok(log.waitsForRoom);
      const crashed = await openLog(createMemoryFiles(memory.image()));
      t.ok((crashed.recovered.entries.at(-1)?.index ?? 0) < next, 'a start in between finds a log');
      await crashed.log.close();
      disk.error = undefined;
      await appended;
      t.notOk(log.waitsForRoom);
    }
    t.ok(log.segmentCount > 2, 'segments began on the full disk too');
    const durable = await openLog(createMemoryFiles(memory.durableImage()));
    t.equal(durable.recovered.entries.length, next - 1);
    await log.close();
    const again = await openLog(memory);
    t.strictSame(contentOf(again), contentOf(durable));
    await Promise.all([again.log.close(), durable.log.close()]);
  });
}

t.test('a log whose sync fails, or whose disk is broken, does not try again', async (t) => {
  for (const code of ['SYNC_FAILED', 'EIO']) {
    const disk: Filling = { error: undefined, refusals: 0 };
    const { log } = await openLog(filling(createMemoryFiles(), disk, (path) => path.endsWith('.log')));
    disk.error = errorOf(code);
    await t.rejects(log.append({ entries: entriesOf(1, 1, 2) }), { code: 'LOG_WRITE_FAILED' });
    disk.error = undefined;
    await t.rejects(
      log.append({ entries: entriesOf(1, 1, 2) }),
      { code: 'LOG_WRITE_FAILED' },
      'it has failed for good',
    );
    t.equal(disk.refusals, 1);
    await log.close();
  }
});

t.test('a log that is given up while it waits fails', async (t) => {
  const disk: Filling = { error: undefined, refusals: 0 };
  const { log } = await openLog(filling(createMemoryFiles(), disk, (path) => path.endsWith('.log')));
  disk.error = errorOf('ENOSPC');
  const appended = log.append({ entries: entriesOf(1, 1, 2) });
  await until(() => disk.refusals > 1);
  log.giveUpWaiting();
  await t.rejects(appended, { code: 'LOG_WRITE_FAILED' });
  await log.close();
});

t.test(
  'a lone member without room answers with timeouts, says why, and goes on when there is room',
  { timeout: 0 },
  async (t) => {
    const plan = await planCluster(1);
    t.teardown(() => plan.clean());
    const [first] = plan.members;
    if (!first) throw new Error('a cluster of one');
    const disk: Filling = { error: undefined, refusals: 0 };
    const files = (): Files => filling(createSystemFiles(), disk);
    const brain = await startMember(first, { files: files() });
    await brain.ready;
    const client = connect(plan.endpoints[0] ?? '');
    const url = `http://${plan.endpoints[0]}`;
    await client.kv.Put({ key: Buffer.from('a') });
    disk.error = errorOf('ENOSPC');
    await t.rejects(client.kv.Put({ key: Buffer.from('b') }), /etcdserver: request timed out/);
    t.equal(
      Number((await client.kv.Range({ key: Buffer.from('a'), serializable: true })).count),
      1,
      'it goes on reading',
    );
    t.match(await (await fetch(`${url}/health`)).text(), /DISK FULL: no room on the disk/);
    const readyz = await fetch(`${url}/readyz?verbose`);
    t.equal(readyz.status, 503);
    t.match(await readyz.text(), /\[-\]disk_room failed: no room on the disk/);
    t.equal((await fetch(`${url}/livez`)).status, 200, 'to start it again would not help');
    disk.error = undefined;
    await client.kv.Put({ key: Buffer.from('c') });
    t.equal(
      Number((await client.kv.Range({ key: Buffer.from('b') })).count),
      1,
      'what had timed out was written in the end',
    );
    await until(async () => (await fetch(`${url}/readyz`)).status === 200);
    disk.error = errorOf('ENOSPC');
    const last = client.kv.Put({ key: Buffer.from('d') }).catch((error: unknown) => error);
    const before = disk.refusals;
    await until(() => disk.refusals > before);
    await brain.close();
    t.match(
      await last,
      { message: /etcdserver: server stopped|UNAVAILABLE|closed|dropped|cancel/i },
      'it stops while it waits',
    );
    client.close();
    disk.error = undefined;
    const again = await startMember(first, { files: files() });
    await again.ready;
    const reader = connect(plan.endpoints[0] ?? '');
    for (const key of ['a', 'b', 'c'])
      t.equal(Number((await reader.kv.Range({ key: Buffer.from(key) })).count), 1, key);
    reader.close();
    await again.close();
  },
);

t.test('a member whose state was caught says so, answers on, and goes on or stops as it is told', async (t) => {
  const plan = await planCluster(1);
  t.teardown(() => plan.clean());
  const [first] = plan.members;
  if (!first) throw new Error('a cluster of one');
  const disk: Filling = { error: undefined, refusals: 0 };
  const openDatabase: OpenDatabase = async (options) => {
    const database = await openDiskDatabase(options);
    let failure: Error | undefined;
    return {
      get: (key) => database.get(key),
      snapshot: () => database.snapshot(),
      compact: () => database.compact(),
      close: () => database.close(),
      async batch(changes, how) {
        if (disk.error) disk.refusals++;
        failure ??= disk.error && spent(options.directory, disk.error);
        if (failure) throw failure;
        await database.batch(changes, how);
      },
    };
  };
  const start = async (): Promise<Brain> => {
    const brain = await startMember(first, { openDatabase });
    brain.stopped.catch((error: Error) => t.fail(`it stopped: ${error.message}`));
    await brain.ready;
    return brain;
  };
  const readyz = async (): Promise<string> => await (await fetch(`http://${plan.endpoints[0]}/readyz?verbose`)).text();
  let brain = await start();
  const client = connect(plan.endpoints[0] ?? '');
  const put = (key: string) => client.kv.Put({ key: Buffer.from(key) });
  await put('a');
  disk.error = errorOf('ENOSPC');
  await put('b');
  await until(() => disk.refusals > 2);
  t.match(await readyz(), /\[-\]disk_room failed: no room on the disk/);
  await put('c');
  t.equal(
    Number((await client.kv.Range({ key: Buffer.from('c') })).count),
    1,
    'the log has room, and calls are answered',
  );
  disk.error = undefined;
  await until(async () => !(await readyz()).includes('disk_room'));
  await client.maintenance.HashKV({});
  disk.error = errorOf('ENOSPC');
  await put('d');
  const before = disk.refusals;
  await until(() => disk.refusals > before);
  await brain.close();
  client.close();
  disk.error = undefined;
  brain = await start();
  const reader = connect(plan.endpoints[0] ?? '');
  for (const key of ['a', 'b', 'c', 'd'])
    t.equal(Number((await reader.kv.Range({ key: Buffer.from(key) })).count), 1, key);
  reader.close();
  await brain.close();
});

t.test('a removed member that finds no room to write that down leaves once there is', { timeout: 0 }, async (t) => {
  const plan = await planCluster(2);
  t.teardown(() => plan.clean());
  const disk: Filling = { error: undefined, refusals: 0 };
  const files = filling(createSystemFiles(), disk, (path) => path.endsWith('/removed'));
  const [stays, leaves] = await Promise.all(
    plan.members.map((member, i) => startMember(member, i === 1 ? { files } : {})),
  );
  if (!stays || !leaves) throw new Error('there are two members');
  await Promise.all([stays.ready, leaves.ready]);
  const client = connect(plan.endpoints[0] ?? '');
  const stopped = leaves.stopped.catch((error: unknown) => error);
  disk.error = errorOf('ENOSPC');
  const { members } = await client.cluster.MemberList({});
  const ID = members.find(({ clientURLs }) => clientURLs?.some((url) => url.includes(plan.endpoints[1] ?? '')))?.ID;
  if (ID === undefined || ID === null) throw new Error('the second is a member');
  // Until both have been up for long enough, the strict check refuses; what is answered too late has happened all the same.
  await until(async () => {
    await client.cluster.MemberRemove({ ID }).catch((error: unknown) => error);
    return (await client.cluster.MemberList({})).members.every((member) => toId(member.ID ?? 0) !== toId(ID));
  });
  await until(() => disk.refusals > 1);
  disk.error = undefined;
  t.match(await stopped, { code: 'MEMBER_REMOVED' });
  await leaves.close();
  const { code } = (await startMember(plan.members[1] as (typeof plan.members)[number])
    .then(() => ({ code: 'started' }))
    .catch((error: unknown) => error)) as { readonly code: string };
  t.equal(code, 'MEMBER_REMOVED', 'it does not come back');
  client.close();
  await stays.close();
});

t.test('a leader without room lets another lead, and catches up when there is room', { timeout: 0 }, async (t) => {
  const plan = await planCluster(3);
  t.teardown(() => plan.clean());
  const disks = plan.members.map((): Filling => ({ error: undefined, refusals: 0 }));
  const brains = await Promise.all(
    plan.members.map((member, i) => startMember(member, { files: filling(createSystemFiles(), disks[i] as Filling) })),
  );
  await Promise.all(brains.map((brain) => brain.ready));
  const at = brains.findIndex((brain) => brain.status().isLeader);
  const disk = disks[at] as Filling;
  disk.error = errorOf('ENOSPC');
  const others = plan.endpoints.filter((_, i) => i !== at).map((target) => connect(target));
  const [client] = others;
  if (!client) throw new Error('there are others');
  // A leader that has nothing to write does not notice.
  while (!brains.some((brain, i) => i !== at && brain.status().isLeader))
    await client.kv.Put({ key: Buffer.from('first') }, { timeoutMs: 1000 }).catch((error: unknown) => error);
  for (let i = 0; i < 50; i++) await client.kv.Put({ key: Buffer.from(`k${i}`) });
  const { revision } = brains.find((_, i) => i !== at)?.status() ?? { revision: 0 };
  disk.error = undefined;
  await until(() => (brains[at]?.status().revision ?? 0) >= revision);
  t.pass('it has caught up');
  for (const other of others) other.close();
  await Promise.all(brains.map((brain) => brain.close()));
});
