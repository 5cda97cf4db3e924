/** State on disk: restarts, losses, damage. */
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import {
  type StateDatabase,
  type OpenedState,
  createMemoryDatabases,
  createMemoryStateDirectory,
  hashState,
  openDiskDatabase,
  openState,
} from '@flotilla/store';
import {
  optionsFor,
  createMachine,
  sampleEntries,
  applyAll,
  hashAfter,
  put,
  applyAndFlush,
} from './persistence-harness.ts';
import { createTestClock } from './test-clock.ts';

t.test('a member finds its state again after a restart, on LevelDB', async (t) => {
  const directory = join(t.testdir(), 'state');
  const entries = sampleEntries(1500, 3);
  const first = await openState(optionsFor(directory));
  await applyAndFlush(first, entries);
  const expected = hashState(first.store);
  t.same(first.state.durable, { index: first.store.appliedIndex, term: first.store.appliedTerm });
  await first.state.close();

  const second = await openState(optionsFor(directory));
  t.equal(second.store.appliedIndex, entries.length);
  t.equal(hashState(second.store), expected);
  t.equal(hashAfter(entries, entries.length), expected, 'and it is that of a store without files');
  t.ok(second.state.sizeBytes > 0 && second.state.sizeInUseBytes > 0);
  await second.state.close();
});

t.test('state is written only as far as the log has synced', async (t) => {
  const machine = createMachine();
  const { store, state } = await machine.open();
  applyAll(store, [put('a'), put('b'), put('c')]);
  await state.flush();
  t.equal(state.durable.index, 0, 'nothing was synced');
  state.logSyncedTo(2);
  await state.flush();
  t.equal(state.durable.index, 2);
  await state.close();
  const again = await machine.open();
  t.equal(again.store.appliedIndex, 2);
  t.equal(again.store.revision, 3);
  applyAll(again.store, [put('c')]);
  t.equal(hashState(again.store), hashState(store), 'the log replays the rest');
  await again.state.close();
});

t.test('a few changes wait for a second, many do not', async (t) => {
  const { databases, directory } = createMachine();
  const clock = createTestClock();
  const moments: number[] = [];
  const onWrite = (): void => void moments.push(clock.monotonicMs() - begin);
  const more = { openDatabase: databases.open, openDirectory: () => directory, clock, onWrite };
  const { store, state } = await openState(optionsFor('/state', more));
  const begin = clock.monotonicMs();
  const apply = (value: string): void => {
    applyAll(store, [put('key', value)]);
    state.logSyncedTo(store.appliedIndex);
  };
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await new Promise((resolve) => void setImmediate(resolve));
  };
  apply('small');
  await pass(400);
  apply('small');
  await pass(599);
  t.strictSame(moments, []);
  await pass(1);
  t.strictSame(moments, [1000], 'a second after the first of them');
  await pass(5000);
  t.strictSame(moments, [1000], 'nothing to write');
  apply('x'.repeat(1024 * 1024));
  await pass(0);
  t.strictSame(moments, [1000, 6000], 'at once');
  await state.close();
});

t.test('state of entries that took the place of synced ones waits until these are synced', async (t) => {
  const machine = createMachine();
  const { store, state } = await machine.open();
  state.logSyncedTo(3);
  applyAll(store, [put('a')]);
  state.logSyncedTo(1);
  applyAll(store, [put('b'), put('c')]);
  await state.flush();
  t.equal(state.durable.index, 1, 'what the log may lose is not in the state');
  state.logSyncedTo(3);
  await state.flush();
  t.equal(state.durable.index, 3);
  await state.close();
});

t.test('batches lost from any point leave an earlier state, from which the log goes on', async (t) => {
  const entries = sampleEntries(400, 11);
  const property = fc.asyncProperty(
    fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
    fc.nat(),
    async (sizes, cut) => {
      const machine = createMachine();
      const opened = await machine.open();
      let at = 0;
      for (let i = 0; at < entries.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        applyAll(opened.store, entries.slice(at, at + size));
        at += size;
        opened.state.logSyncedTo(Math.min(at, entries.length));
        await opened.state.flush();
      }
      await opened.state.close();
      const stored = machine.batches();
      stored.splice(1 + (cut % stored.length));
      const again = await machine.open();
      const { appliedIndex } = again.store;
      if (hashState(again.store) !== hashAfter(entries, appliedIndex)) throw new Error('the state is no earlier one');
      applyAll(again.store, entries.slice(appliedIndex));
      if (hashState(again.store) !== hashAfter(entries, entries.length)) throw new Error('the log does not lead on');
      await again.state.close();
    },
  );
  await t.resolves(fc.assert(property, { numRuns: 25 }));
});

t.test('a batch that vanished from the middle is noticed', async (t) => {
  // Large enough that every batch fills pages of its own.
  const entries = Array.from({ length: 300 }, (_, i) => put(`key ${i}`, 'x'.repeat(2000)));
  const machine = createMachine();
  const opened = await machine.open();
  for (let at = 0; at < entries.length; at += 20) await applyAndFlush(opened, entries.slice(at, at + 20));
  await opened.state.close();
  const whole = [...machine.batches()];
  let refused = 0;
  for (let lost = 1; lost < whole.length - 1; lost++) {
    machine.batches().splice(0, Infinity, ...whole.toSpliced(lost, 1));
    const result = await machine.open().catch((error: unknown) => (error as { code: unknown }).code);
    if (result === 'STATE_DAMAGED') {
      refused++;
      continue;
    }
    // A batch may vanish without loss when later ones wrote all of its rows anew: then the state is whole.
    const { store, state } = result as OpenedState;
    t.equal(hashState(store), hashState(opened.store));
    await state.close();
  }
  t.ok(refused > whole.length / 2, `${refused} of ${whole.length} losses were real`);
});

t.test('a flipped bit or a cut in any row is refused', async (t) => {
  const entries = sampleEntries(200, 13);
  const machine = createMachine();
  const opened = await machine.open();
  await applyAndFlush(opened, entries);
  await opened.state.close();
  const whole = machine.batches().map((batch) => ({ ...batch }));
  const property = fc.asyncProperty(fc.nat(), fc.nat(), fc.boolean(), async (row, bit, cuts) => {
    const last = whole.at(-1)?.changes ?? [];
    const victim = last.filter(({ value }) => value)[row % last.filter(({ value }) => value).length];
    const value = Buffer.from(victim?.value ?? []);
    const at = bit % (value.length * 8);
    value[at >>> 3] = (value[at >>> 3] ?? 0) ^ (1 << (at & 7));
    const damaged = cuts ? value.subarray(0, at >>> 3) : value;
    const changes = last.map((change) => (change === victim ? { key: change.key, value: damaged } : change));
    machine.batches().splice(0, Infinity, ...whole.slice(0, -1), { changes, sync: true });
    const code = await machine.open().then(
      () => 'opened',
      (error: unknown) => (error as { code?: unknown }).code,
    );
    if (code !== 'STATE_DAMAGED') throw new Error(String(code));
  });
  await t.resolves(fc.assert(property, { numRuns: 60 }));
});

t.test('an emptied or missing database is refused', async (t) => {
  const machine = createMachine();
  const opened = await machine.open();
  await applyAndFlush(opened, [put('a')]);
  await opened.state.close();
  machine.batches().length = 0;
  await t.rejects(machine.open(), { code: 'STATE_DAMAGED', message: /empty/ });
  machine.databases.batches.clear();
  await t.rejects(machine.open(), { code: 'STATE_DAMAGED', message: /missing/ });
});

t.test('files that are flipped, cut or deleted on a real disk are refused or harmless', async (t) => {
  const directory = join(t.testdir(), 'state');
  const entries = [
    ...sampleEntries(600, 14),
    ...Array.from({ length: 9 }, (_, i) => put(`large ${i}`, 'x'.repeat(9000))),
  ];
  const opened = await openState(optionsFor(directory));
  await applyAndFlush(opened, entries);
  await opened.state.close();
  const expected = hashState(opened.store);
  const generation = join(directory, 'generation-000001');
  const names = (await readdir(generation, { recursive: true })).filter(
    (name) => !['LOCK', 'LOG', 'LOG.old', 'values'].includes(name),
  );
  t.ok(names.includes('values/000001.values'));
  const files = await Promise.all(
    [...names.map((name) => join(generation, name)), join(directory, 'current')].map(async (path) => ({
      path,
      bytes: await readFile(path),
    })),
  );
  const restore = async (): Promise<void> => {
    await rm(directory, { recursive: true });
    await mkdir(join(generation, 'values'), { recursive: true });
    for (const { path, bytes } of files) await writeFile(path, bytes);
  };
  const openedHash = async (): Promise<number | string> => {
    try {
      const again = await openState(optionsFor(directory));
      const [hash, index] = [hashState(again.store), again.store.appliedIndex];
      await again.state.close();
      return hash === expected || hash === hashAfter(entries, index) ? 'an applied state' : 'a wrong state';
    } catch (error) {
      return String((error as { code?: unknown }).code);
    }
  };
  const outcomes = new Set(['STATE_DAMAGED', 'an applied state']);
  for (const { path, bytes } of files) {
    for (const damage of ['delete', 'cut', 'flip'] as const) {
      await restore();
      const middle = bytes.length >>> 1;
      const flipped = Buffer.from(bytes);
      if (flipped.length > 0) flipped[middle] = (flipped[middle] ?? 0) ^ 16;
      if (damage === 'delete') await rm(path);
      else await writeFile(path, damage === 'cut' ? bytes.subarray(0, middle) : flipped);
      const outcome = await openedHash();
      t.ok(outcomes.has(String(outcome)), `${damage} ${path.slice(directory.length)}: ${outcome}`);
    }
  }
});

t.test("another cluster's or member's state, and a second opener, are refused", async (t) => {
  const directory = join(t.testdir(), 'state');
  const opened = await openState(optionsFor(directory));
  const onLocked = (): void => void t.fail('the files are locked to another');
  await t.rejects(openState({ ...optionsFor(directory), onLocked }), { code: 'STATE_LOCKED' });
  await opened.state.close();
  await t.rejects(openState(optionsFor(directory, { memberId: 6n })), { code: 'STATE_FOREIGN' });
  await t.rejects(openState(optionsFor(directory, { clusterId: 6n })), { code: 'STATE_FOREIGN' });
});

t.test('a state of a newer format is refused, and so is one that was only begun, until it is removed', async (t) => {
  const machine = createMachine();
  await (await machine.open()).state.close();
  await machine.directory.writeCurrent(Buffer.from('flotilla-state 2\n'));
  await t.rejects(machine.open(), { code: 'STATE_FORMAT' });
  await machine.directory.writeCurrent(Buffer.from('nonsense'));
  await t.rejects(machine.open(), { code: 'STATE_DAMAGED' });

  const fresh = createMachine();
  const crash = new Error('power lost');
  const failing = { ...fresh.directory, writeCurrent: () => Promise.reject(crash) };
  const openFailing = openState(
    optionsFor('/state', {
      openDatabase: fresh.databases.open,
      openDirectory: () => failing,
      clock: createTestClock(),
    }),
  );
  await t.rejects(openFailing, crash);
  await t.rejects(fresh.open(), { code: 'STATE_DAMAGED', message: /current is missing beside generation-000001/ });
  await fresh.directory.removeGeneration('generation-000001');
  const opened = await fresh.open();
  t.equal(opened.store.revision, 1);
  await opened.state.close();
});

t.test('a write that fails is told once, and nothing is written after it', async (t) => {
  const failures: unknown[] = [];
  const full = new Error('disk full');
  let isFull = false;
  const databases = createMemoryDatabases();
  const openDatabase = async (options: Parameters<typeof openDiskDatabase>[0]): Promise<StateDatabase> => {
    const database = await databases.open(options);
    return { ...database, batch: (rows, how) => (isFull ? Promise.reject(full) : database.batch(rows, how)) };
  };
  const { store, state } = await openState(
    optionsFor('/state', {
      openDatabase,
      openDirectory: (path) => createMemoryStateDirectory(path, databases),
      clock: createTestClock(),
      onFailure: (error) => failures.push(error),
    }),
  );
  isFull = true;
  applyAll(store, [put('a')]);
  state.logSyncedTo(1);
  const failure = { code: 'STATE_WRITE_FAILED', cause: full };
  await t.rejects(state.flush(), failure);
  isFull = false;
  await t.rejects(state.flush(), failure);
  t.match(failures, [failure]);
  t.equal(failures.length, 1);
  t.equal(state.durable.index, 0);
  await t.rejects(state.close(), failure);
});

t.test('rows stay as they are until their batch is written, however late the database reads them', async (t) => {
  const databases = createMemoryDatabases();
  const openDatabase = async (options: Parameters<typeof openDiskDatabase>[0]): Promise<StateDatabase> => {
    const database = await databases.open(options);
    return {
      ...database,
      async batch(rows, how) {
        for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => void setImmediate(resolve));
        await database.batch(rows, how);
      },
    };
  };
  const directory = createMemoryStateDirectory('/state', databases);
  const open = (): Promise<OpenedState> =>
    openState(optionsFor('/state', { openDatabase, openDirectory: () => directory, clock: createTestClock() }));
  const { store, state } = await open();
  // Batches of some rows and of several MiB, the next one due while one is being written.
  for (const [round, count] of [1, 40, 3, 400, 2, 1200, 50].entries()) {
    const entries = Array.from({ length: count }, (_, i) => put(`${round}/${i}`, String(i % 10).repeat(6000)));
    applyAll(store, entries);
    state.logSyncedTo(store.appliedIndex);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  await state.flush();
  const expected = hashState(store);
  await state.close();
  const again = await open();
  t.equal(hashState(again.store), expected);
  await again.state.close();
});
