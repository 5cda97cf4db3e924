/** A state whose disk fills in the middle of a batch: it waits, reads go on, and all is there when there is room. */
import { appendFileSync, closeSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type OpenDatabase,
  type OpenStateOptions,
  type OpenedState,
  type StateDatabase,
  type StateRoom,
  createMemoryDatabases,
  createMemoryStateDirectory,
  hashState,
  isNoRoom,
  openDiskDatabase,
  openState,
  spent,
} from '@flotilla/store';
import t from 'tap';
import { openOn, puts, valueFilesOf } from './disk-harness.ts';
import { rangeOf } from './kv-harness.ts';
import { applyAll, applyAndFlush, finished, optionsFor, put } from './persistence-harness.ts';

/** A disk under databases that a test fills. */
class TestDisk {
  isFull = false;
  /** Whether a batch that finds no room is written all the same: nobody knows. */
  writesAnyhow = false;
  /** Databases that open while it is full are refused. */
  refusals = 0;
  /** Those that wait for room. */
  readonly #waiting: (() => void)[] = [];
  #isOver = false;

  get waits(): boolean {
    return this.#waiting.length > 0;
  }

  /** LevelDB as it is on a full disk: once a batch has failed it takes none any more. */
  over(open: OpenDatabase): OpenDatabase {
    return async (options) => {
      if (this.isFull) throw this.#refusal();
      const database = await open(options);
      let failure: Error | undefined;
      const held: StateDatabase = {
        get: (key) => database.get(key),
        snapshot: () => database.snapshot(),
        compact: () => (failure || this.isFull ? Promise.reject((failure ??= this.#refusal())) : database.compact()),
        close: () => database.close(),
        batch: async (changes, how) => {
          if (failure) throw failure;
          if (!this.isFull) return await database.batch(changes, how);
          failure = this.#refusal();
          if (this.writesAnyhow) await database.batch(changes, how);
          throw failure;
        },
      };
      return held;
    };
  }

  readonly room: StateRoom = {
    repeat: async (failed, write) => {
      for (let error = failed; ;) {
        if (this.#isOver || !isNoRoom(error)) throw error as Error;
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        try {
          return await write();
        } catch (next) {
          error = next;
        }
      }
    },
  };

  /** Those that wait try again. */
  retry(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  makeRoom(): void {
    this.isFull = false;
    this.retry();
  }

  giveUp(): void {
    this.#isOver = true;
    this.retry();
  }

  /** Resolves when somebody waits. */
  async waiting(): Promise<void> {
    while (!this.waits) await nextTurn();
  }

  #refusal(): Error {
    this.refusals++;
    return spent('a test', new Error('no space left on device'));
  }
}

/** Enough of large values that a batch has a value file. */
const entriesOf = (round: number): Uint8Array[] =>
  Array.from({ length: 40 }, (_, i) => put(`k${i % 10}`, `${round}/${i}|`.padEnd(4000, String(round))));

interface TestState {
  readonly options: OpenStateOptions;
  readonly failures: unknown[];
  generations(): readonly string[];
}

function onLevel(directory: string, disk: TestDisk): TestState {
  const failures: unknown[] = [];
  const onFailure = (error: unknown): void => void failures.push(error);
  mkdirSync(directory, { recursive: true });
  const options = optionsFor(directory, { openDatabase: disk.over(openDiskDatabase), room: disk.room, onFailure });
  const generations = (): string[] => readdirSync(directory).filter((name) => name.startsWith('generation'));
  return { options, failures, generations };
}

function inMemory(_directory: string, disk: TestDisk): TestState {
  const failures: unknown[] = [];
  const databases = createMemoryDatabases();
  const directory = createMemoryStateDirectory('/state', databases);
  const options = optionsFor('/state', {
    openDatabase: disk.over(databases.open),
    openDirectory: () => directory,
    room: disk.room,
    onFailure: (error) => void failures.push(error),
  });
  const generations = (): string[] => [...databases.batches.keys()].map((path) => path.slice('/state/'.length));
  return { options, failures, generations };
}

async function settles(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

const kinds = { onLevel, inMemory };

for (const [kind, stateIn] of Object.entries(kinds)) {
  for (const writesAnyhow of [false, true]) {
    const which = `${kind}, ${writesAnyhow ? 'written all the same' : 'nothing written'}`;
    t.test(`a batch that was caught is there once there is room, and reads go on (${which})`, async (t) => {
      const disk = new TestDisk();
      disk.writesAnyhow = writesAnyhow;
      const { options, failures, generations } = stateIn(t.testdir(), disk);
      const opened = await openState(options);
      const { store, state } = opened;
      await applyAndFlush(opened, entriesOf(0));
      const before = store.revision;
      for (let round = 1; round <= 4; round++) {
        const durable = state.durable.index;
        const snapshot = state.exportSnapshot();
        disk.isFull = true;
        applyAll(store, entriesOf(round));
        state.logSyncedTo(store.appliedIndex);
        let isWritten = false;
        const written = state.flush().then(() => (isWritten = true));
        await disk.waiting();
        const expected = { keys: 'k3', count: 1, more: false };
        t.same(rangeOf(store, { key: Buffer.from('k3'), revision: before }), expected, 'the past can be read');
        disk.retry();
        await disk.waiting();
        t.notOk(isWritten);
        t.equal(state.durable.index, durable, 'the log keeps what is not on disk');
        disk.makeRoom();
        await written;
        t.equal(state.durable.index, store.appliedIndex);
        t.same(rangeOf(store, { key: Buffer.from('k3'), revision: before }), expected);
        let bytes = 0;
        for await (const chunk of snapshot.chunks) bytes += chunk.length;
        t.equal(bytes, snapshot.sizeBytes, 'who reads a snapshot of before reads on');
        t.equal(snapshot.index, durable);
        await snapshot.close();
        await settles(() => generations().length === 1);
        const hash = await state.hash(store.revision);
        t.ok(hash.ok, 'what is stored can be hashed');
      }
      const expected = hashState(store);
      await state.close();
      t.same(failures, []);
      const again = await openState(options);
      t.equal(hashState(again.store), expected);
      t.equal(again.store.appliedIndex, store.appliedIndex);
      await again.state.close();
      t.equal(generations().length, 1);
    });
  }

  t.test(`a state that is closed while it waits ends at once, and has what it had (${kind})`, async (t) => {
    const disk = new TestDisk();
    const { options, failures, generations } = stateIn(t.testdir(), disk);
    const { store, state } = await openState(options);
    await applyAndFlush({ store, state }, entriesOf(0));
    const expected = hashState(store);
    const index = store.appliedIndex;
    disk.isFull = true;
    applyAll(store, entriesOf(1));
    state.logSyncedTo(store.appliedIndex);
    const flushed = state.flush().catch((error: unknown) => error);
    await disk.waiting();
    disk.giveUp();
    await state.close();
    t.match(await flushed, { code: 'STATE_SPENT' });
    t.match(failures, [{ code: 'STATE_SPENT', message: /make room/ }], 'who does not wait is told');
    await t.rejects(openState(options), { code: 'STATE_SPENT' }, 'a start without room is refused');
    disk.isFull = false;
    const again = await openState(options);
    t.equal(hashState(again.store), expected);
    t.equal(again.store.appliedIndex, index);
    await again.state.close();
    t.equal(generations().length, 1);
  });

  t.test(`a snapshot takes the place of a state that waits for room, and waits itself (${kind})`, async (t) => {
    const disk = new TestDisk();
    const source = await openState(stateIn(join(t.testdir(), 'source'), new TestDisk()).options);
    await applyAndFlush(source, [...entriesOf(1), ...entriesOf(2), ...entriesOf(3)]);
    const { options, failures, generations } = stateIn(join(t.testdirName, 'target'), disk);
    const target = await openState(options);
    await applyAndFlush(target, entriesOf(1));
    const snapshot = source.state.exportSnapshot();
    const incoming = await target.state.receiveSnapshot(snapshot);
    for await (const chunk of snapshot.chunks) await incoming.write(chunk);
    await snapshot.close();
    disk.isFull = true;
    applyAll(target.store, entriesOf(2));
    target.state.logSyncedTo(target.store.appliedIndex);
    const flushed = target.state.flush().catch((error: unknown) => error);
    await disk.waiting();
    const refusals = disk.refusals;
    const installed: Promise<OpenedState> = finished(incoming);
    await settles(() => disk.refusals > refusals);
    disk.makeRoom();
    while (!(await Promise.race([installed.then(() => true), nextTurn(false)]))) disk.retry();
    const received = await installed;
    await flushed;
    t.equal(hashState(received.store), hashState(source.store));
    t.same(failures, []);
    await applyAndFlush(received, entriesOf(4));
    const expected = hashState(received.store);
    await received.state.close();
    await source.state.close();
    t.equal(generations().length, 1);
    const again = await openState(options);
    t.equal(hashState(again.store), expected);
    await again.state.close();
  });

  t.test(`a defragment that is caught goes on when there is room (${kind})`, async (t) => {
    const disk = new TestDisk();
    const { options, failures } = stateIn(t.testdir(), disk);
    const opened = await openState(options);
    await applyAndFlush(opened, entriesOf(0));
    disk.isFull = true;
    const defragmented = opened.state.defragment();
    await disk.waiting();
    disk.makeRoom();
    await defragmented;
    await applyAndFlush(opened, entriesOf(1));
    const expected = hashState(opened.store);
    await opened.state.close();
    t.same(failures, []);
    const again = await openState(options);
    t.equal(hashState(again.store), expected);
    await again.state.close();
  });
}

t.test('who waits for a state that another takes the place of is told of no failure', async (t) => {
  const source = await openState(inMemory('', new TestDisk()).options);
  await applyAndFlush(source, entriesOf(1));
  const disk = new TestDisk();
  const { options, failures } = inMemory('', disk);
  const target = await openState(options);
  const snapshot = source.state.exportSnapshot();
  const incoming = await target.state.receiveSnapshot(snapshot);
  for await (const chunk of snapshot.chunks) await incoming.write(chunk);
  await snapshot.close();
  disk.isFull = true;
  applyAll(target.store, entriesOf(2));
  target.state.logSyncedTo(target.store.appliedIndex);
  const flushed = target.state.flush().catch((error: unknown) => error);
  await disk.waiting();
  // There is room, and the batch has not tried again when its state is closed.
  disk.isFull = false;
  const installed: Promise<OpenedState> = finished(incoming);
  for (let turn = 0; turn < 1000; turn++) await nextTurn();
  disk.retry();
  const received = await installed;
  t.equal(await flushed, undefined);
  t.equal(hashState(received.store), hashState(source.store));
  t.same(failures, []);
  await received.state.close();
  await source.state.close();
});

t.test('a state that lost batches to the full disk stops, and says that the log has them', async (t) => {
  const disk = new TestDisk();
  const databases = createMemoryDatabases();
  const directory = createMemoryStateDirectory('/state', databases);
  const failures: unknown[] = [];
  const forgetful = {
    ...directory,
    async copyGeneration(name: string, copy: string) {
      await directory.copyGeneration(name, copy);
      databases.batches.get(`/state/${copy}`)?.pop();
      return true;
    },
  };
  const { store, state } = await openState(
    optionsFor('/state', {
      openDatabase: disk.over(databases.open),
      openDirectory: () => forgetful,
      room: disk.room,
      onFailure: (error) => void failures.push(error),
    }),
  );
  await applyAndFlush({ store, state }, entriesOf(0));
  disk.isFull = true;
  applyAll(store, entriesOf(1));
  state.logSyncedTo(store.appliedIndex);
  const flushed = state.flush();
  await disk.waiting();
  disk.makeRoom();
  await t.rejects(flushed, { code: 'STATE_WRITE_FAILED', message: /lost batches.*start again/ });
  t.equal(failures.length, 1);
  await t.rejects(state.close(), { code: 'STATE_WRITE_FAILED' });
  t.same([...databases.batches.keys()], ['/state/generation-000001'], 'the copy does not count');
});

t.test('the record of a copy that could not be written is written later', async (t) => {
  const disk = new TestDisk();
  const databases = createMemoryDatabases();
  const directory = createMemoryStateDirectory('/state', databases);
  let recordsFail = 0;
  const openDirectory: OpenStateOptions['openDirectory'] = () => ({
    ...directory,
    async writeCurrent(record) {
      await directory.writeCurrent(record);
      // The name was there already: only its sync found no room.
      if (recordsFail-- > 0) throw Object.assign(new Error('a test'), { code: 'ENOSPC' });
    },
  });
  const options = optionsFor('/state', { openDatabase: disk.over(databases.open), openDirectory, room: disk.room });
  const { store, state } = await openState(options);
  disk.isFull = true;
  applyAll(store, [put('a')]);
  state.logSyncedTo(store.appliedIndex);
  const flushed = state.flush();
  await disk.waiting();
  recordsFail = 2;
  disk.makeRoom();
  for (let i = 0; i < 2; i++) {
    await disk.waiting();
    t.equal(databases.batches.size, 2, 'both stay while nobody knows which counts');
    disk.retry();
  }
  await flushed;
  t.equal(state.durable.index, 1);
  const expected = hashState(store);
  await state.close();
  t.same([...databases.batches.keys()], ['/state/generation-000002'], 'no third one was made');
  const again = await openState(options);
  t.equal(hashState(again.store), expected);
  await again.state.close();
});

t.test('a full disk that is tried again and again leaves no value files behind', async (t) => {
  const directory = join(t.testdir(), 'database');
  let isFull = false;
  const database = await openOn(directory, {
    createFile: (path) => {
      const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      const descriptor = openSync(path, 'wx');
      return Promise.resolve({
        append(values) {
          appendFileSync(descriptor, Buffer.concat(values).subarray(0, isFull ? 5 : undefined));
          return isFull ? Promise.reject(full) : Promise.resolve();
        },
        close: () => Promise.resolve(closeSync(descriptor)),
      });
    },
  });
  await database.batch(puts({ a: 1, b: 1 }), { sync: true });
  isFull = true;
  for (let i = 0; i < 20; i++)
    await t.rejects(database.batch(puts({ a: 2, b: 2 }), { sync: true }), { code: 'ENOSPC' });
  t.equal(valueFilesOf(directory).length, 1);
  isFull = false;
  await database.batch(puts({ a: 3, b: 3 }), { sync: true });
  t.equal((await readdir(join(directory, 'values'))).length, 1, 'what it put out of use is removed');
  await database.close();
});
