/** What earlier versions wrote is opened with everything in it; what no version wrote yet is refused. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { crc32 } from '@flotilla/base';
import { openDiskDatabase } from '@flotilla/store';
import { type Contents, contentsOf, fixtureNames, fixturePath, formatVersion, withMember } from './fixture.ts';

t.setTimeout(0);

/** A copy of a fixture's directory. */
function unpacked(t: Test, name: string): string {
  const parent = t.testdir();
  const { status } = spawnSync('tar', ['-xzf', fixturePath(name, 'tar.gz'), '-C', parent], { stdio: 'inherit' });
  t.equal(status, 0);
  return join(parent, 'data');
}

const formats = Array.from({ length: formatVersion }, (_, i) => `format-${i + 1}`);

t.test('each format has a fixture', (t) => {
  const without = formats.filter((format) => !fixtureNames.includes(format));
  t.same(without, []);
  t.end();
});

for (const name of fixtureNames) {
  t.test(`a directory of ${name} is opened with everything in it`, async (t) => {
    const directory = unpacked(t, name);
    const expected = JSON.parse(readFileSync(fixturePath(name, 'json'), 'utf8')) as Contents;
    t.strictSame(await withMember(directory, contentsOf), expected);
    const written = await withMember(directory, async (client) => {
      await client.kv.Put({ key: Buffer.from('later'), value: Buffer.from('written') });
      return contentsOf(client);
    });
    t.equal(written.revision, String(Number(expected.revision) + 1));
    t.strictSame(await withMember(directory, contentsOf), written, 'it goes on from there');
  });
}

/** Changes a file of a copy so that it says, soundly, that a later version wrote it. */
type Ageing = (directory: string) => Promise<void> | void;

const nextVersion = formatVersion + 1;

function patchChecked(path: string, places: readonly number[], bytes: number): void {
  const content = readFileSync(path);
  for (const at of places) {
    const part = content.subarray(at, at + bytes);
    part.writeUInt32LE(nextVersion, 8);
    part.writeUInt32LE(crc32(part.subarray(0, bytes - 4)), bytes - 4);
  }
  writeFileSync(path, content);
}

const later: Readonly<Record<string, Ageing>> = {
  'a segment of the log': (directory) => {
    const log = join(directory, 'log');
    patchChecked(join(log, readdirSync(log).sort()[0] ?? ''), [0], 80);
  },
  'the witness': (directory) => patchChecked(join(directory, 'witness'), [0, 4096], 96),
  'the record of the generation': (directory) => {
    const text = `flotilla-state 1${nextVersion}\ngeneration 1 ready\n`;
    writeFileSync(
      join(directory, 'state', 'current'),
      `${text}checksum ${crc32(Buffer.from(text)).toString(16).padStart(8, '0')}\n`,
    );
  },
  async 'the database'(directory) {
    const state = join(directory, 'state');
    const generation = readdirSync(state).find((name) => name.startsWith('generation-')) ?? '';
    const database = await openDiskDatabase({ directory: join(state, generation), createIfMissing: false });
    const key = Buffer.from('F');
    const value = Buffer.from(database.get(key) ?? []);
    value[0] = nextVersion;
    const content = value.subarray(0, -4);
    value.writeUInt32BE(crc32(content, crc32(key)), content.length);
    await database.batch([{ key, value }], { sync: true });
    await database.close();
  },
};

for (const [what, age] of Object.entries(later)) {
  t.test(`${what} of a later format is refused`, async (t) => {
    const directory = unpacked(t, `format-${formatVersion}`);
    await age(directory);
    const opened = withMember(directory, () => Promise.resolve());
    await t.rejects(opened, { code: /^(DATA|STATE)_FORMAT$/, message: /start the version that wrote it/ });
    await opened.catch((error: unknown) => t.match((error as Error).message, directory, 'it names the file'));
  });
}
