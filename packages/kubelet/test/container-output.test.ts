import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLogger, systemClock } from '@flotilla/base';
import { OutputCollector, formatEntries, parseEntry, readLog, type LogRequest } from '@flotilla/kubelet';
import { logTexts, until } from './runtime-bench.ts';

const everything: LogRequest = {
  follow: false,
  tailLines: undefined,
  sinceMs: undefined,
  timestamps: false,
  limitBytes: undefined,
};

function bench(t: Test, limits = { logMaxBytes: 1 << 20, logMaxFiles: 3, rawMaxBytes: 1 << 20 }) {
  const directory = t.testdir();
  const rawDirectory = join(directory, 'raw');
  const logPath = join(directory, 'logs/0.log');
  mkdirSync(rawDirectory);
  const open = (): OutputCollector => {
    const positionPath = join(directory, 'position.json');
    const collector = new OutputCollector({
      rawDirectory,
      positionPath,
      logPath,
      limits,
      clock: systemClock,
      logger: silentLogger,
    });
    t.teardown(() => collector.close());
    return collector;
  };
  const write = (text: string): void => appendFileSync(join(rawDirectory, 'stdout'), text);
  const source = (running: () => boolean) => ({
    path: logPath,
    running,
    clock: systemClock,
    signal: new AbortController().signal,
  });
  return {
    logPath,
    positionPath: join(directory, 'position.json'),
    raw: join(rawDirectory, 'stdout'),
    open,
    write,
    source,
  };
}

async function textOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += chunk.toString();
  return text;
}

t.test('lines become entries; pieces of long ones and an unfinished last one are marked', (t) => {
  const time = '2026-11-20T23:08:22.123000000Z';
  const long = 'x'.repeat(20_000);
  const raw = Buffer.from(`one\n\n${long}\nrest`);
  const running = formatEntries(raw, { stream: 'stdout', time, ended: false });
  t.equal(running.consumedBytes, raw.length - 4);
  const entries = running.entries
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => parseEntry(Buffer.from(line)));
  t.same(
    entries.map((entry) => `${entry?.full} ${entry?.text.length}`),
    ['true 3', 'true 0', 'false 16384', 'true 3616'],
  );
  t.match(entries[0], { time, stream: 'stdout', timeMs: Date.parse(time) });
  const ended = formatEntries(Buffer.from('rest'), { stream: 'stderr', time, ended: true });
  t.equal(ended.entries.toString(), `${time} stderr P rest\n`);
  t.equal(parseEntry(Buffer.from('no entry')), undefined);
  t.end();
});

t.test('each line gets into the log once, whatever a crash left behind', async (t) => {
  const { open, write, logPath } = bench(t);
  const first = open();
  write('one\ntwo\nthr');
  await until(() => logTexts(logPath).length === 2);
  first.close();
  appendFileSync(logPath, '2026-11-20T23:08:22Z stdout F written but not recorded\n2026-11-2');
  write('ee\nfour');
  const second = open();
  second.finish();
  t.same(logTexts(logPath), ['one', 'two', 'three', 'four']);
});

t.test('a log is rotated, the oldest files go, and the raw file stays small', async (t) => {
  const { open, write, logPath, raw } = bench(t, { logMaxBytes: 2000, logMaxFiles: 3, rawMaxBytes: 1000 });
  const collector = open();
  let lines = 0;
  for (let i = 0; i < 20; i++) {
    for (let j = 0; j < 10; j++) write(`line ${lines++} ${'x'.repeat(40)}\n`);
    await until(() => readFileSync(logPath, 'utf8').includes(`line ${lines - 1} `));
  }
  collector.finish();
  const files = readdirSync(join(logPath, '..'));
  t.equal(files.length, 3);
  t.ok(files.every((file) => statSync(join(logPath, '..', file)).size <= 2000));
  t.ok(statSync(raw).size < 2000, 'emptied once it was whole in the log');
  t.match(logTexts(logPath).at(-1), /^line 199 /);
});

t.test('a follower sees what comes, over rotations, until the container ends', async (t) => {
  const { open, write, logPath, source } = bench(t, { logMaxBytes: 500, logMaxFiles: 2, rawMaxBytes: 1 << 20 });
  const collector = open();
  t.ok(existsSync(logPath));
  let running = true;
  let text = '';
  const following = (async () => {
    for await (const chunk of readLog(
      source(() => running),
      { ...everything, follow: true },
    ))
      text += chunk.toString();
  })();
  for (let i = 0; i < 20; i++) {
    write(`line ${i}\n`);
    await until(() => text.includes(`line ${i}\n`));
  }
  write('end');
  collector.finish();
  running = false;
  await following;
  t.equal(text, `${Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join('')}end`);
});

t.test('the tail is found from the end, in files larger than a block', async (t) => {
  const { open, write, source } = bench(t, { logMaxBytes: 1 << 24, logMaxFiles: 2, rawMaxBytes: 1 << 24 });
  write(Array.from({ length: 5000 }, (_, i) => `line ${i} ${'x'.repeat(30)}\n`).join(''));
  open().finish();
  const tail = (tailLines: number) =>
    textOf(
      readLog(
        source(() => false),
        { ...everything, tailLines },
      ),
    );
  t.match(await tail(1), /^line 4999 x+\n$/);
  t.equal((await tail(3000)).split('\n').length, 3001);
  t.match(await tail(3000), /^line 2000 /);
  t.match(await tail(10_000), /^line 0 /);
  t.equal(await tail(0), '');
});
