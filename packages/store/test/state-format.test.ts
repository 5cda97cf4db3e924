/** States of the format before value files: opened as they are, and of the current format from then on. */
import { crc32 } from 'node:zlib';
import { join } from 'node:path';
import t from 'tap';
import { hashState, openDiskDatabase, openState } from '@flotilla/store';
import { openOn, valueFilesOf } from './disk-harness.ts';
import { applyAndFlush, createMachine, identity, optionsFor, put, sampleEntries } from './persistence-harness.ts';

const formatKey = Buffer.from('F');

/** The row that says the format, of another version. */
function formatRow(value: Uint8Array, version: number) {
  const changed = Buffer.from(value);
  changed[0] = version;
  const content = changed.subarray(0, -4);
  changed.writeUInt32BE(crc32(content, crc32(formatKey)), content.length);
  return { key: formatKey, value: changed };
}

t.test('a state of format 1 becomes one of format 2 once it is accepted, and not before', async (t) => {
  const machine = createMachine();
  const opened = await machine.open();
  await applyAndFlush(opened, sampleEntries(100, 1));
  await opened.state.close();
  const stored = machine.batches();
  const versions = (): (number | undefined)[] =>
    stored.flatMap(({ changes }) => changes.filter(({ key }) => formatKey.equals(key)).map(({ value }) => value?.[0]));
  t.strictSame(versions(), [2], 'a new state is of format 2');
  const [first] = stored;
  const original = first?.changes.find(({ key }) => formatKey.equals(key))?.value ?? new Uint8Array(0);
  stored.push({ changes: [formatRow(original, 1)], sync: true });

  const { databases, directory } = machine;
  const stranger = { openDatabase: databases.open, openDirectory: () => directory };
  await t.rejects(openState(optionsFor('/state', { ...stranger, memberId: identity.memberId + 1n })), {
    code: 'STATE_FOREIGN',
  });
  t.strictSame(versions(), [2, 1], 'who refuses it leaves it as it is');
  const again = await machine.open();
  t.equal(hashState(again.store), hashState(opened.store));
  t.strictSame(versions(), [2, 1, 2]);
  t.equal(stored.at(-1)?.sync, true, 'before any value has a file');
  await again.state.close();
  await (await machine.open()).state.close();
  t.strictSame(versions(), [2, 1, 2], 'once is enough');

  for (const unknown of [0, 3, 255]) {
    stored.push({ changes: [formatRow(original, unknown)], sync: true });
    await t.rejects(machine.open(), { code: 'STATE_FORMAT', message: /start the version that wrote it/ });
    stored.pop();
  }
});

t.test('a state of format 1 on disk goes on with its rows in LevelDB and new ones in files', async (t) => {
  const directory = join(t.testdir(), 'state');
  const opened = await openState(optionsFor(directory));
  await applyAndFlush(opened, sampleEntries(100, 2));
  await opened.state.close();
  const generation = join(directory, 'generation-000001');
  t.strictSame(valueFilesOf(generation), []);
  const database = await openOn(generation);
  await database.batch([formatRow(database.get(formatKey) ?? new Uint8Array(0), 1)], { sync: true });
  await database.close();

  const again = await openState(optionsFor(directory));
  await applyAndFlush(
    again,
    Array.from({ length: 30 }, (_, i) => put(`large ${i}`, 'x'.repeat(9000))),
  );
  const expected = hashState(again.store);
  await again.state.close();
  t.equal(valueFilesOf(generation).length, 1);
  const closed = await openDiskDatabase({ directory: generation, createIfMissing: false });
  t.equal(closed.get(formatKey)?.[0], 2, 'which an older version refuses');
  await closed.close();
  const third = await openState(optionsFor(directory));
  t.equal(hashState(third.store), expected);
  await third.state.close();
});
