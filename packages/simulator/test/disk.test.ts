import { seededRandomness } from '@flotilla/base';
import { stateDatabaseSuite } from '@flotilla/store/test/state-database-suite';
import { Chance, Drive, Marks, Process, Scheduler, Volume, databasesOf, filesOf } from '@flotilla/simulator';
import t from 'tap';

function machine(seed: number) {
  const scheduler = new Scheduler();
  const chance = new Chance(seededRandomness(seed));
  const drive = new Drive({ scheduler, chance: chance.fork(), speed: { writeMs: 1, syncMs: 5 } });
  const volume = new Volume();
  const start = (): Process => new Process({ name: 'm1', scheduler, pace: 1, turnMs: 0 });
  return { scheduler, chance, drive, volume, start };
}

/** Lets virtual time pass until `work` is done. */
async function during<T>(scheduler: Scheduler, work: Promise<T>): Promise<T> {
  let isDone = false;
  const end = (): void => void (isDone = true);
  work.then(end, end);
  while (!isDone) await scheduler.run({ limitMs: scheduler.nowMs + 1000, done: () => isDone });
  return await work;
}

t.test('the simulated database does what every state database must do', async (t) => {
  const { scheduler, chance, drive, volume, start } = machine(1);
  let isOver = false;
  const running = (async () => {
    while (!isOver) await scheduler.run({ limitMs: scheduler.nowMs + 1000, done: () => isOver });
  })();
  t.teardown(() => void (isOver = true));
  const open = databasesOf({ process: start(), volume, drive, marks: new Marks(), chance });
  await t.test('suite', (t) => {
    stateDatabaseSuite(t, { open, directory: (name) => `/${name}` });
    t.end();
  });
  isOver = true;
  await running;
});

t.test('a power failure takes nothing that a sync covers, and all kinds of what none does', async (t) => {
  const marks = new Marks();
  let kept = 0;
  let lost = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const { scheduler, chance, drive, volume, start } = machine(seed);
    const process = start();
    const files = filesOf({ process, volume, drive, onUse: () => undefined });
    const write = async (): Promise<void> => {
      const file = await files.open('/d/log', 'create');
      await file.write([{ position: 0, bytes: Buffer.alloc(1000, 'a') }]);
      await files.syncDirectory('/d');
      // Not to be waited for: the power fails before it returns.
      void file.write([{ position: 1000, bytes: Buffer.alloc(2000, 'b') }]);
    };
    await during(scheduler, write());
    await scheduler.run({ limitMs: scheduler.nowMs + 2.2, done: () => false });
    process.kill();
    volume.losePower(chance, marks);
    const after = filesOf({ process: start(), volume, drive, onUse: () => undefined });
    const content = Buffer.from((await during(scheduler, after.read('/d/log'))) ?? []);
    t.ok(content.subarray(0, 1000).equals(Buffer.alloc(1000, 'a')), `seed ${seed}: what was synced is there`);
    if (content.subarray(1000).equals(Buffer.alloc(2000, 'b'))) kept++;
    if (content.length === 1000) lost++;
  }
  t.ok(kept > 0 && lost > 0);
  for (const name of ['unsynced bytes lost', 'unsynced bytes torn', 'unsynced bits flipped'] as const) {
    t.ok(marks.count(name) > 0, name);
  }
});

t.test('a name that no sync covers may be gone, and one that is covered is there', async (t) => {
  const found = { covered: 0, uncovered: 0 };
  for (let seed = 1; seed <= 50; seed++) {
    const { scheduler, chance, drive, volume, start } = machine(seed);
    const files = filesOf({ process: start(), volume, drive, onUse: () => undefined });
    const make = async (): Promise<void> => {
      await files.open('/d/covered', 'create');
      await files.syncDirectory('/d');
      await files.open('/d/uncovered', 'create');
    };
    await during(scheduler, make());
    volume.losePower(chance, new Marks());
    if (volume.files.has('/d/covered')) found.covered++;
    if (volume.files.has('/d/uncovered')) found.uncovered++;
  }
  t.equal(found.covered, 50);
  t.ok(found.uncovered > 0 && found.uncovered < 50, String(found.uncovered));
});

t.test('a write that a kill interrupts is there in part, without the sync it waited for', async (t) => {
  const { scheduler, drive, volume, start } = machine(7);
  const process = start();
  const files = filesOf({ process, volume, drive, onUse: () => undefined });
  const file = await during(scheduler, files.open('/log', 'create'));
  let isWritten = false;
  void file.write([{ position: 0, bytes: Buffer.alloc(100, 'x') }]).then(() => void (isWritten = true));
  process.kill();
  await scheduler.run({ limitMs: scheduler.nowMs + 100, done: () => false });
  t.equal(isWritten, false, 'nobody is told');
  t.equal(volume.files.get('/log')?.content.bytes.length, 50);
});

t.test('a copy of a disk keeps what was there, and takes the place of what came since', async (t) => {
  const { scheduler, chance, drive, volume, start } = machine(5);
  const files = filesOf({ process: start(), volume, drive, onUse: () => undefined });
  const open = databasesOf({ process: start(), volume, drive, marks: new Marks(), chance });
  const key = Buffer.from('key');
  await during(
    scheduler,
    (async () => {
      await files.makeDirectory('/data');
      const file = await files.open('/data/file', 'create');
      await file.write([{ position: 0, bytes: Buffer.from('old') }]);
      const database = await open({ directory: '/data/state', createIfMissing: true });
      await database.batch([{ key, value: Buffer.from('old') }], { sync: true });
      const copy = volume.copy();
      await file.write([{ position: 0, bytes: Buffer.from('new') }]);
      await database.batch([{ key, value: Buffer.from('new') }], { sync: true });
      await files.open('/data/later', 'create');
      await database.close();
      volume.rollBack(copy);
      volume.losePower(chance, new Marks());
      t.equal(Buffer.from((await files.read('/data/file')) ?? []).toString(), 'old');
      t.equal(await files.read('/data/later'), undefined);
      const again = await open({ directory: '/data/state', createIfMissing: false });
      t.equal(Buffer.from(again.get(key) ?? []).toString(), 'old');
    })(),
  );
});
