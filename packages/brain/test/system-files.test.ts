import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { type FileWrite, type OpenFile, createSystemFiles, openDataDirectory } from '@flotilla/brain';
import { silentLogger, systemClock } from '@flotilla/base';
import { entriesOf, identity } from './log-harness.ts';

function directoryOf(t: Test): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'flotilla-files-'));
  t.teardown(() => fs.rmSync(directory, { recursive: true }));
  return directory;
}

/** The thread's own entry point, with a statement before each write, and one before it serves. */
function threadThat(directory: string, statement: string, before = ''): URL {
  const dist = new URL('../dist/log/', import.meta.url);
  const source = fs
    .readFileSync(new URL('file-thread.js', dist), 'utf8')
    .replace('writeAndSync(fd, writes, ', `${statement} writeAndSync(fd, writes, `)
    .replace('serve(parentPort)', `${before} serve(parentPort)`)
    .replaceAll(/'\.\/([a-z-]+\.js)'/g, (_, name: string) => `'${new URL(name, dist).href}'`);
  const entryPoint = path.join(directory, 'thread.mjs');
  fs.writeFileSync(entryPoint, source);
  return new URL(`file://${entryPoint}`);
}

/** A thread that says in a file when it is about to write. */
function threadThatTells(directory: string, statement = ''): { readonly thread: URL; readonly told: string } {
  const told = path.join(directory, 'told');
  return { told, thread: threadThat(directory, `fs.writeFileSync('${told}', ''); ${statement}`) };
}

/** Until the thread has started, others do its work: lets them, until it has done a sync of this file. */
async function untilThreaded(file: OpenFile, told: string): Promise<void> {
  while (!fs.existsSync(told)) await file.write([]);
}

/** On the spot, if that is quick. */
async function writeQuickly(file: OpenFile, writes: readonly FileWrite[]): Promise<void> {
  if (file.writeNow?.(writes) !== true) await file.write(writes);
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
  const unsyncable = await files.open('/dev/null', 'existing');
  await t.rejects(unsyncable.write([]), { code: 'SYNC_FAILED', message: /EINVAL/ });
  await unsyncable.close();
});

t.test('a write does not wait for a thread pool that is busy for good', async (t) => {
  const directory = directoryOf(t);
  const pipe = path.join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const { thread, told } = threadThatTells(directory);
  const files = createSystemFiles({ thread });
  const file = await files.open(path.join(directory, 'file'), 'create');
  await untilThreaded(file, told);
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

t.test('a caller that may wait has its small write done on the spot, once the disk has been fast', async (t) => {
  const name = path.join(directoryOf(t), 'file');
  const files = createSystemFiles();
  const file = await files.open(name, 'create');
  const writeNow = (text: string): { readonly there: boolean; readonly done: Promise<void> } => {
    const done = writeQuickly(file, [{ position: 0, bytes: Buffer.from(text) }]);
    return { there: fs.readFileSync(name, 'latin1').startsWith(text), done };
  };
  let spot = writeNow('first');
  for (let i = 10; !spot.there; i++) {
    await spot.done;
    spot = writeNow(`write ${i}`);
  }
  await spot.done;
  const large = file.write([{ position: 0, bytes: Buffer.alloc(3_000_000, 'x') }]);
  const small = writeQuickly(file, [{ position: 0, bytes: Buffer.from('after') }]);
  await Promise.all([large, small]);
  t.equal(fs.readFileSync(name, 'latin1').slice(0, 8), 'afterxxx', 'a write that is under way comes first');
  await file.close();
});

t.test('on a slow disk, nobody is held up', async (t) => {
  const directory = directoryOf(t);
  const gate = path.join(directory, 'gate');
  const { thread, told } = threadThatTells(
    directory,
    `do Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 11); while (!fs.existsSync('${gate}'));`,
  );
  const name = path.join(directory, 'file');
  const files = createSystemFiles({ thread });
  const file = await files.open(name, 'create');
  fs.writeFileSync(gate, '');
  await untilThreaded(file, told);
  fs.rmSync(gate);
  for (let i = 0; i < 40; i++) {
    const done = writeQuickly(file, [{ position: i, bytes: Buffer.from('x') }]);
    t.equal(fs.statSync(name).size, i, 'written while the caller went on');
    fs.writeFileSync(gate, '');
    await done;
    fs.rmSync(gate);
  }
  await file.close();
});

t.test('a thread that ends by itself fails the log, with a message that says so', async (t) => {
  const directory = directoryOf(t);
  // Some writes later than the start, the thread breaks.
  const broken = threadThat(directory, 'if ((globalThis.count = (globalThis.count ?? 0) + 1) > 8) process.exit(3);');
  const files = createSystemFiles({ thread: broken });
  const { log } = await openDataDirectory({
    files,
    directory: path.join(directory, 'data'),
    identity,
    clock: systemClock,
    logger: silentLogger,
    openState: () => Promise.resolve(undefined),
    onFailure: () => undefined,
  });
  let next = 1;
  const append = async (): Promise<void> => {
    for (; ; next++) await log.append({ entries: entriesOf(1, next, next + 1) });
  };
  await t.rejects(append(), {
    code: 'LOG_WRITE_FAILED',
    message: /writing the log in .* failed: the thread that writes the files has ended: exit code 3/,
  });
  await t.rejects(log.append({ entries: entriesOf(1, next, next + 1) }), { code: 'LOG_WRITE_FAILED' });
  await log.close();
});

t.test('what is asked before the thread has started is done all the same, in the order of each file', async (t) => {
  const directory = directoryOf(t);
  const gate = path.join(directory, 'gate');
  const waits = `while (!fs.existsSync('${gate}')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3);`;
  const files = createSystemFiles({ thread: threadThat(directory, '', waits) });
  const names = ['one', 'two'].map((name) => path.join(directory, name));
  const opened = await Promise.all(names.map((name) => files.open(name, 'create')));
  await t.rejects(files.open(path.join(directory, 'none'), 'existing'), { code: 'ENOENT' });
  await Promise.all(
    opened.flatMap((file) => [
      file.write([{ position: 1, bytes: Buffer.from('ab'), times: 2 }]),
      file.write([{ position: 2, bytes: Buffer.from('B') }]),
    ]),
  );
  for (const name of names) t.equal(fs.readFileSync(name, 'latin1'), '\0aBab');
  await Promise.all(opened.map((file) => file.truncate(2)));
  await files.syncDirectory(directory);
  for (const name of names) t.equal(fs.readFileSync(name, 'latin1'), '\0a');
  fs.writeFileSync(gate, '');
  for (const file of opened) await file.close();
});
