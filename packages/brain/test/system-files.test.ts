import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { createSystemFiles, openDataDirectory } from '@flotilla/brain';
import { silentLogger, systemClock } from '@flotilla/base';
import { entriesOf, identity } from './log-harness.ts';

function directoryOf(t: Test): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'flotilla-files-'));
  t.teardown(() => fs.rmSync(directory, { recursive: true }));
  return directory;
}

t.test('writes, repetitions and cuts arrive where they should', async (t) => {
  const name = path.join(directoryOf(t), 'file');
  const files = createSystemFiles();
  t.equal(await files.read(name), undefined);
  await t.rejects(files.open(name, 'existing'), { code: 'ENOENT' });
  const file = await files.open(name, 'create');
  await t.rejects(files.open(name, 'create'), { code: 'EEXIST' });
  await Promise.all([
    file.write([
      { position: 2, bytes: Buffer.from('abc') },
      { position: 6, bytes: Buffer.from('xy'), times: 3 },
    ]),
    file.write([{ position: 4, bytes: Buffer.from('C') }]),
  ]);
  t.equal(fs.readFileSync(name, 'latin1'), '\0\0abC\0xyxyxy');
  await file.truncate(5);
  t.equal(fs.readFileSync(name, 'latin1'), '\0\0abC');
  await file.close();
  const again = await files.open(name, 'existing');
  await again.write([{ position: 0, bytes: Buffer.alloc(3_000_000, 7) }]);
  t.equal(fs.statSync(name).size, 3_000_000);
  await again.close();
  await t.rejects(again.write([]), { code: 'EBADF' });
});

t.test('a write does not wait for a thread pool that is busy for good', async (t) => {
  const directory = directoryOf(t);
  const pipe = path.join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const files = createSystemFiles();
  const file = await files.open(path.join(directory, 'file'), 'create');
  // Nobody writes into the pipe: each reader that opens it blocks one thread of the pool.
  const readers = Array.from({ length: 8 }, () => fs.promises.open(pipe, 'r'));
  await file.write([{ position: 0, bytes: Buffer.from('through') }]);
  await files.syncDirectory(directory);
  t.equal(fs.readFileSync(path.join(directory, 'file'), 'utf8'), 'through');
  const writer = fs.openSync(pipe, 'r+');
  for (const reader of readers) await (await reader).close();
  fs.closeSync(writer);
  await file.close();
});

t.test('a thread that ends by itself fails the log, with a message that says so', async (t) => {
  const directory = directoryOf(t);
  const source = fs
    .readFileSync(new URL('../dist/log/file-thread.js', import.meta.url), 'utf8')
    // Some writes later than the start, the thread breaks.
    .replace(
      'fs.fdatasyncSync(fd);',
      'if ((globalThis.count = (globalThis.count ?? 0) + 1) > 8) process.exit(3); fs.fdatasyncSync(fd);',
    );
  const broken = path.join(directory, 'broken-thread.mjs');
  fs.writeFileSync(broken, source);
  const files = createSystemFiles({ thread: new URL(`file://${broken}`) });
  const { log } = await openDataDirectory({
    files,
    directory: path.join(directory, 'data'),
    identity,
    clock: systemClock,
    logger: silentLogger,
    openState: () => Promise.resolve(undefined),
    onFailure: () => undefined,
  });
  const append = async (): Promise<void> => {
    for (let i = 1; i < 10; i++) await log.append({ entries: entriesOf(1, i, i + 1) });
  };
  await t.rejects(append(), {
    code: 'LOG_WRITE_FAILED',
    message: /writing the log in .* failed: the thread that writes the files has ended: exit code 3/,
  });
  await t.rejects(log.append({ entries: entriesOf(1, 9, 10) }), { code: 'LOG_WRITE_FAILED' });
  await log.close();
});
