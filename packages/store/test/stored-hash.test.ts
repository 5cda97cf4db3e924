import t from 'tap';
import { type OpenedState, createMemoryDatabases, createMemoryStateDirectory, openState } from '@flotilla/store';
import { applyAll, applyAndFlush, optionsFor, put } from './persistence-harness.ts';
import { entryData } from './server.ts';
import { createTestClock } from './test-clock.ts';

/** A state whose later slices of work run when the test says so. */
async function openPausable(): Promise<{ opened: OpenedState; slices: (() => void)[]; run: () => void }> {
  const databases = createMemoryDatabases();
  const slices: (() => void)[] = [];
  const opened = await openState(
    optionsFor('/state', {
      openDatabase: databases.open,
      openDirectory: () => createMemoryStateDirectory('/state', databases),
      clock: createTestClock(),
      defer: (slice) => void slices.push(slice),
    }),
  );
  const run = (): void => {
    for (let slice = slices.shift(); slice; slice = slices.shift()) slice();
  };
  return { opened, slices, run };
}

async function hashOf({ store, state }: OpenedState, upTo = store.revision): Promise<number> {
  const outcome = await state.hash(upTo);
  if (!outcome.ok) throw new Error(outcome.error.code);
  return outcome.response.revisions;
}

const entries = Array.from({ length: 6000 }, (_, i) => put(`k${i % 500}`, `v${i}`));
const deletes = Array.from({ length: 20 }, (_, i) => entryData('deleteRange', { key: Buffer.from(`k${i}`) }));
const compact = (revision: number): Uint8Array => entryData('compact', { revision });

t.test('members in the middle of a compaction, before it and after it have the same hash', async (t) => {
  const [paused, done] = [await openPausable(), await openPausable()];
  for (const { opened } of [paused, done]) {
    await applyAndFlush(opened, [...entries, ...deletes]);
    await applyAndFlush(opened, [compact(5000)]);
  }
  t.equal(paused.slices.length, 1, 'what is compacted waits to be dropped');
  const before = await hashOf(paused.opened);
  paused.slices.shift()?.();
  t.equal(paused.slices.length, 1, 'a part of it is dropped, the rest waits');
  await paused.opened.state.flush();
  done.run();
  await done.opened.state.flush();
  t.ok(done.opened.state.sizeInUseBytes < paused.opened.state.sizeInUseBytes);
  t.equal(await hashOf(paused.opened), before);
  t.equal(await hashOf(done.opened), before);
  for (const revision of [5000, 5001, 5900, 6010]) {
    t.equal(await hashOf(paused.opened, revision), await hashOf(done.opened, revision), `up to ${revision}`);
  }
  paused.run();
  t.equal(await hashOf(paused.opened), before);
  for (const { opened, run } of [paused, done]) {
    run();
    await opened.state.close();
  }
});

t.test('the hash of a revision stays, and another history has another', async (t) => {
  const [one, other] = [await openPausable(), await openPausable()];
  await applyAndFlush(one.opened, entries.slice(0, 100));
  await applyAndFlush(other.opened, [...entries.slice(0, 99), put('k99', 'x')]);
  const hash = await hashOf(one.opened);
  t.not(await hashOf(other.opened), hash);
  t.equal(await hashOf(other.opened, 100), await hashOf(one.opened, 100));
  await applyAndFlush(one.opened, entries.slice(100, 200));
  t.equal(await hashOf(one.opened, 101), hash);
  for (const { opened } of [one, other]) await opened.state.close();
});

t.test('what was applied and not yet written is waited for', async (t) => {
  const { opened } = await openPausable();
  applyAll(opened.store, entries.slice(0, 10));
  let hashed = false;
  const hash = hashOf(opened).then(() => {
    hashed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.notOk(hashed, 'the log of the member has not synced it');
  opened.state.logSyncedTo(opened.store.appliedIndex);
  await opened.state.flush();
  await hash;
  t.ok(hashed);
  await opened.state.close();
});

t.test('alarms are stored, and refuse entries until they are disarmed', async (t) => {
  const { opened } = await openPausable();
  const alarm = (action: number) => entryData('alarm', { action, memberID: 9, alarm: 1 });
  await applyAndFlush(opened, [alarm(1), put('a'), entryData('deleteRange', { key: Buffer.from('a') })]);
  t.equal(opened.store.revision, 1, 'nothing was written');
  t.strictSame(opened.store.alarms.list(), [{ memberId: 9n, type: 1 }]);
  await applyAndFlush(opened, [alarm(2), put('a')]);
  t.equal(opened.store.revision, 2);
  t.strictSame(opened.store.alarms.list(), []);
  await opened.state.close();
});

t.test('a compaction that is applied and not yet written is waited for, without holding up the turn', async (t) => {
  const { opened } = await openPausable();
  await applyAndFlush(opened, entries.slice(0, 100));
  applyAll(opened.store, [compact(50)]);
  let hashed = false;
  const hash = hashOf(opened).then(() => {
    hashed = true;
  });
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  t.notOk(hashed, 'the log of the member has not synced it');
  opened.state.logSyncedTo(opened.store.appliedIndex);
  await opened.state.flush();
  await hash;
  t.ok(hashed);
  await opened.state.close();
});
