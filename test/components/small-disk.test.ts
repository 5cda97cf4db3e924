/** Members on a disk that is really full, to the last byte: where root may mount one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogFields, Logger } from '@flotilla/base';
import { type Brain, brainSettings, startBrain } from '@flotilla/brain';
import { type TestClient, connect, planCluster, startMember, until } from '@flotilla/brain/test/cluster';
import { reservePorts } from '@flotilla/brain/test/reserve-ports';
import { type OpenDatabase, type RowChange, type ValueWriter, openDiskDatabase } from '@flotilla/store';
import { connectService, kvService, openChannel } from '@flotilla/wire';
import t from 'tap';
import { type SmallDisk, mountSmallDisk } from '../chaos/small-disk.ts';

t.setTimeout(0);

t.test('a member outlives a full disk under load, and nothing acknowledged is lost', { timeout: 0 }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-small-disk-'));
  const disk = mountSmallDisk(directory);
  t.teardown(() => {
    disk?.unmount();
    rmSync(directory, { recursive: true, force: true });
  });
  if (!disk) return void t.pass('only root can mount a small disk');
  const [clientPort = 0, peerPort = 0] = await reservePorts(2);
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const target = `127.0.0.1:${clientPort}`;
  const settings = brainSettings({
    name: 'm',
    'data-dir': join(directory, 'm'),
    'listen-client-urls': [`http://${target}`],
    'advertise-client-urls': [`http://${target}`],
    'listen-peer-urls': [peerUrl],
    'initial-advertise-peer-urls': [peerUrl],
    'initial-cluster': `m=${peerUrl}`,
  });
  const start = async () => {
    const brain = await startBrain({ settings });
    brain.stopped.catch((error: Error) => t.fail(`it stopped: ${error.message}`));
    await brain.ready;
    const channel = openChannel({ target });
    return { brain, channel, kv: connectService(channel, kvService) };
  };
  const acknowledged = new Map<string, number>();
  const member = await start();
  for (let round = 1; round <= 2; round++) {
    await disk.fill();
    let timedOut = 0;
    const write = async (writer: number): Promise<void> => {
      for (let i = 0; timedOut === 0; i++) {
        const key = `${writer}/${i % 100}`;
        const value = round * 1_000_000 + i;
        await member.kv.Put({ key: Buffer.from(key), value: Buffer.from(`${value}`.padEnd(2000)) }).then(
          () => acknowledged.set(key, value),
          (error: Error) => {
            t.match(error.message, /etcdserver: (request timed out|too many requests)/);
            timedOut++;
          },
        );
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
    t.equal((await fetch(`http://${target}/readyz`)).status, 503);
    disk.empty();
    await member.kv.Put({ key: Buffer.from('room') });
    while ((await fetch(`http://${target}/readyz`)).status !== 200) await sleep(5);
  }
  const check = async (kv: typeof member.kv): Promise<void> => {
    for (const [key, value] of acknowledged) {
      const { kvs } = await kv.Range({ key: Buffer.from(key) });
      const found = Number(Buffer.from(kvs[0]?.value ?? []).toString());
      if (!(found >= value)) t.fail(`${key} holds ${found}, ${value} was acknowledged`);
    }
  };
  t.ok(acknowledged.size > 0);
  await check(member.kv);
  member.channel.close();
  await member.brain.close();
  const again = await start();
  await check(again.kv);
  again.channel.close();
  await again.brain.close();
  await disk.fill();
  await t.rejects(startBrain({ settings }), { message: /no room|no space left/ }, 'a start without room says so');
  disk.empty();
  const last = await start();
  await check(last.kv);
  last.channel.close();
  await last.brain.close();
});

t.test(
  'LevelDB that found no room is given nothing more, and has all that it had when it is opened anew',
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'flotilla-small-disk-'));
    const disk = mountSmallDisk(directory, 32);
    t.teardown(() => {
      disk?.unmount();
      rmSync(directory, { recursive: true, force: true });
    });
    if (!disk) return void t.pass('only root can mount a small disk');
    const place = { directory: join(directory, 'state'), createIfMissing: true };
    const rowsOf = (batch: number): RowChange[] =>
      Array.from({ length: 20 }, (_, i) => ({ key: Buffer.from(`${batch}/${i}`), value: Buffer.alloc(1000, 'v') }));
    const database = await openDiskDatabase(place);
    for (let batch = 0; batch < 5; batch++) await database.batch(rowsOf(batch), { sync: true });
    disk.fillAtOnce();
    await t.rejects(database.batch(rowsOf(5), { sync: true }), { code: 'STATE_SPENT', message: /make room/ });
    disk.empty();
    // It would take this one, and lose it.
    await t.rejects(database.batch(rowsOf(6), { sync: true }), { code: 'STATE_SPENT' });
    t.equal(database.get(Buffer.from('4/19'))?.length, 1000, 'it can be read');
    await database.close();
    disk.fillAtOnce();
    await t.rejects(openDiskDatabase(place), { code: 'STATE_NO_ROOM', message: /make room/ });
    disk.empty();
    const again = await openDiskDatabase(place);
    await again.batch(rowsOf(6), { sync: true });
    for (const batch of [0, 1, 2, 3, 4, 6]) t.equal(again.get(Buffer.from(`${batch}/0`))?.length, 1000);
    await again.close();
  },
);

/**
 * When a disk fills at once: before the values of a batch are written, between them and what LevelDB itself is given, or before a
 * compaction.
 */
type Moment = 'values' | 'places' | 'compaction';

/** The state's database on a disk that fills after the member has looked. */
class FillingDatabase {
  awaited: Moment | undefined;
  /** How often it has filled the disk. */
  times = 0;
  readonly #disk: SmallDisk;

  constructor(disk: SmallDisk) {
    this.#disk = disk;
  }

  readonly open: OpenDatabase = async (options) => {
    const createFile = (path: string): Promise<ValueWriter> => this.#createFile(path);
    const database = await openDiskDatabase({ ...options, createFile });
    return {
      get: (key) => database.get(key),
      snapshot: () => database.snapshot(),
      close: () => database.close(),
      batch: (changes, how) => database.batch(changes, how),
      compact: () => {
        this.#comes('compaction');
        return database.compact();
      },
    };
  };

  async #createFile(path: string): Promise<ValueWriter> {
    const file = await open(path, 'wx');
    return {
      append: async (values) => {
        this.#comes('values');
        await file.appendFile(Buffer.concat(values));
        await file.datasync();
        this.#comes('places');
      },
      close: () => file.close(),
    };
  }

  #comes(moment: Moment): void {
    if (this.awaited !== moment) return;
    this.awaited = undefined;
    this.times++;
    this.#disk.fillAtOnce();
  }
}

/** Lines of a log, to be counted. */
function linesOf(lines: string[]): Logger {
  const line = (message: string, fields?: LogFields): void =>
    void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const logger: Logger = { debug: () => undefined, info: line, warn: line, error: line, child: () => logger };
  return logger;
}

const textOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();

t.test('a disk that fills at once catches the state of one member of three, and costs nothing', async (t) => {
  const plan = await planCluster(3, { 'snapshot-count': 500 });
  const [small] = plan.members;
  const disk = small && mountSmallDisk(small.dataDir, 256);
  t.teardown(async () => {
    disk?.unmount();
    await plan.clean();
  });
  if (!disk) return void t.pass('only root can mount a small disk');
  const database = new FillingDatabase(disk);
  const lines: string[] = [];
  const start = (): Promise<readonly Brain[]> =>
    Promise.all(
      plan.members.map(async (member) => {
        const onSmall = member === small ? { openDatabase: database.open, logger: linesOf(lines) } : {};
        const brain = await startMember(member, { segmentBytes: 8 * 1024 * 1024, ...onSmall });
        brain.stopped.catch((error: Error) => t.fail(`${member.name} stopped: ${error.message}`));
        return brain;
      }),
    );
  const brains = await start();
  await Promise.all(brains.map((brain) => brain.ready));
  const clients = plan.endpoints.map((target) => connect(target));
  const [onSmall] = clients as [TestClient];
  const readiness = async (): Promise<string> =>
    await (await fetch(`http://${plan.endpoints[0]}/readyz?verbose`)).text();
  const isReady = async (): Promise<boolean> => (await fetch(`http://${plan.endpoints[0]}/readyz`)).status === 200;

  const acknowledged = new Map<string, number>();
  let isOver = false;
  let next = 0;
  /** Any outcome of a put is one that a client must expect while a disk is full; what is acknowledged counts. */
  const write = async (writer: number): Promise<void> => {
    while (!isOver) {
      const key = `${writer}/${next % 50}`;
      const value = ++next;
      const client = clients[writer % clients.length] as TestClient;
      const put = { key: Buffer.from(key), value: Buffer.from(`${value}`.padEnd(2000, '.')) };
      await client.kv.Put(put, { timeoutMs: 2000 }).then(
        () => acknowledged.set(key, value),
        (error: Error) => t.match(error.message, /etcdserver: |DEADLINE_EXCEEDED|deadline|timed? ?out/i),
      );
      await sleep(2);
    }
  };
  const first = await onSmall.kv.Put({ key: Buffer.from('first'), value: Buffer.from('value') });
  const revision = Number(first.header?.revision);
  await onSmall.kv.Put({ key: Buffer.from('first'), value: Buffer.from('another') });
  const writing = Array.from({ length: 9 }, (_, writer) => write(writer));
  const stop = async (): Promise<void> => {
    isOver = true;
    await Promise.all(writing);
  };
  t.teardown(stop);
  /** How often LevelDB itself said that it found no room: the name of its folder is in its reason. */
  const caught = (): number =>
    lines.filter((line) => line.includes('applied state waits') && line.includes('generation-')).length;
  const strike = async (moment: Moment): Promise<void> => {
    const before = next;
    await until(() => next > before + 300);
    const { times } = database;
    database.awaited = moment;
    const outcome = moment === 'compaction' ? onSmall.maintenance.Defragment({}).then(() => 'done', String) : undefined;
    await until(() => database.times > times);
    await until(async () => (await readiness()).includes('[-]disk_room failed: no room on the disk'));
    const past = await onSmall.kv.Range({ key: Buffer.from('first'), revision, serializable: true });
    t.equal(textOf(past.kvs[0]?.value), 'value', 'the past is read from the full disk');
    disk.empty();
    await until(isReady);
    await outcome;
    // Has all written that was applied until now.
    await onSmall.maintenance.HashKV({});
  };
  await strike('values');
  t.ok(
    lines.some((line) => line.includes('applied state waits')),
    'a batch found no room',
  );
  for (const moment of ['places', 'compaction', 'places', 'compaction'] as const) {
    const before = caught();
    // The little that LevelDB is given may still fit into the last block of its log.
    while (caught() === before) await strike(moment);
  }
  await stop();

  /** Whatever was acknowledged is there, on each member, and all have stored the same. */
  const check = async (members: readonly TestClient[]): Promise<void> => {
    const [writer] = members as [TestClient];
    for (const client of members) {
      const { kvs } = await client.kv.Range({ key: Buffer.from('0'), range_end: Buffer.from(':') });
      const found = new Map(kvs.map(({ key, value }) => [textOf(key), Number.parseInt(textOf(value), 10)]));
      for (const [key, value] of acknowledged) {
        if (!((found.get(key) ?? 0) >= value)) t.fail(`${key} holds ${found.get(key)}, ${value} was acknowledged`);
      }
    }
    const { header } = await writer.kv.Put({ key: Buffer.from('end') });
    const last = Number(header?.revision);
    // A linearizable read has each member apply all of it.
    for (const { kv } of members) await kv.Range({ key: Buffer.from('end') });
    const hashes = await Promise.all(members.map(({ maintenance }) => maintenance.HashKV({ revision: last })));
    t.equal(new Set(hashes.map(({ hash }) => hash)).size, 1, 'all members have stored the same');
  };
  await check(clients);
  for (const client of clients) client.close();
  await Promise.all(brains.map((brain) => brain.close()));
  t.ok(acknowledged.size > 0);
});
