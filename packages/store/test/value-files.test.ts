/** Large values in files of their own: what of them is there after a crash, a loss, damage, a full disk. */
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { CreateValueFile, RowChange } from '@flotilla/store';
import {
  contentOf,
  deletion,
  describe,
  fileBytes,
  imageOf,
  largeValue,
  openOn,
  puts,
  valueBytes,
  valueFileBytesOf,
  valueFilesOf,
} from './disk-harness.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const small = (name: string, text: string): RowChange => ({ key: bytes(name), value: bytes(text) });

t.test(
  'large values go to files when a batch has enough of them, and rows say the same wherever they lie',
  async (t) => {
    const directory = join(t.testdir(), 'database');
    const database = await openOn(directory);
    await database.batch([...puts({ a: 1 }), small('b', 'small')], { sync: true });
    t.strictSame(valueFilesOf(directory), [], 'one large value is not worth a sync of its own');
    await database.batch([...puts({ a: 2, c: 2, d: 2 }), small('e', 'small')], { sync: false });
    t.equal(valueFileBytesOf(directory), 3 * valueBytes);
    t.equal(describe(database.get(bytes('a'))), 'a@2');
    await database.batch(puts({ c: 3 }), { sync: false });
    t.equal(describe(database.get(bytes('c'))), 'c@3', 'LevelDB has it again');
    await database.batch([deletion('d'), ...puts({ a: 4 }), deletion('a'), small('a', 'again')], { sync: false });
    await database.batch([...puts({ f: 4, g: 4 }), small('f', 'the last one counts')], { sync: false });
    const expected = { a: 'again', b: 'small', c: 'c@3', e: 'small', f: 'the last one counts', g: 'g@4' };
    t.strictSame(await contentOf(database), expected);
    await database.close();
    const again = await openOn(directory);
    t.strictSame(await contentOf(again), expected);
    await again.batch(puts({ h: 5, i: 5 }), { sync: false });
    t.equal(valueFilesOf(directory).length, 2, 'a start begins a new file');
    await again.close();
  },
);

t.test('whatever is written, deleted, moved and opened again is what a plain map says', async (t) => {
  const root = t.testdir();
  let run = 0;
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
  const change = fc.record({ name, bytes: fc.constantFrom(-1, 10, 3000, 30_000, 70_000) });
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ changes: fc.array(change, { maxLength: 12 }), sync: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constantFrom('reopen' as const, 'compact' as const) },
  );
  const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
    const directory = join(root, String(run++));
    // So small that there is much to move.
    const options = { fileBytes: 150_000 };
    let database = await openOn(directory, options);
    const expected = new Map<string, string>();
    for (const [at, step] of steps.entries()) {
      if (step === 'compact') await database.compact();
      else if (step === 'reopen') {
        await database.close();
        database = await openOn(directory, options);
      } else {
        const changes = step.changes.map(({ name, bytes }, i) => {
          if (bytes < 0) expected.delete(name);
          else expected.set(name, `${name}@${at}.${i}`);
          return bytes < 0
            ? deletion(name)
            : { key: Buffer.from(name), value: largeValue(`${name}@${at}.${i}`, bytes) };
        });
        await database.batch(changes, { sync: step.sync });
      }
      for (const name of 'abcdefgh') {
        const found = describe(database.get(bytes(name)));
        // Ten bytes are less than the whole of what a value says.
        const whole = expected.get(name) ?? 'absent';
        if (found !== whole && !`${whole}|`.startsWith(found)) throw new Error(`${name} is ${found}, not ${whole}`);
      }
    }
    const rows = await contentOf(database);
    if (Object.keys(rows).join() !== [...expected.keys()].sort().join()) throw new Error('other rows');
    if (Object.values(rows).includes('broken')) throw new Error('a row is broken');
    await database.close();
    rmSync(directory, { recursive: true });
  });
  await t.resolves(fc.assert(property, { numRuns: 30, seed: 5 }));
});

t.test('a crash at any step of a batch leaves all of it or nothing', async (t) => {
  const root = t.testdir();
  const directory = join(root, 'database');
  const images: string[] = [];
  const image = (name: string): void => void images.push(imageOf(directory, join(root, name)));
  const createFile: CreateValueFile = (path) => {
    image('before the file');
    writeFileSync(path, '');
    image('the file is there');
    return Promise.resolve({
      append(values) {
        const whole = Buffer.concat(values);
        appendFileSync(path, whole.subarray(0, whole.length >>> 1));
        image(`half of ${images.length}`);
        appendFileSync(path, whole.subarray(whole.length >>> 1));
        image(`values without LevelDB ${images.length}`);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    });
  };
  const database = await openOn(directory);
  await database.batch([...puts({ a: 1, b: 1, c: 1 }), small('s', '1')], { sync: true });
  await database.close();
  const again = await openOn(directory, { createFile });
  await again.batch([...puts({ a: 2, c: 2 }), deletion('b'), small('s', '2')], { sync: false });
  image('the first batch');
  await again.batch([...puts({ b: 3, d: 3 }), deletion('c'), small('s', '3')], { sync: true });
  image('the second batch');
  await again.close();

  const states = [
    { a: 'a@1', b: 'b@1', c: 'c@1', s: '1' },
    { a: 'a@2', c: 'c@2', s: '2' },
    { a: 'a@2', b: 'b@3', d: 'd@3', s: '3' },
  ];
  const found = await Promise.all(
    images.map(async (image) => {
      const crashed = await openOn(image);
      const content = await contentOf(crashed);
      await crashed.batch(puts({ x: 9, y: 9 }), { sync: true });
      t.strictSame(await contentOf(crashed), { ...content, x: 'x@9', y: 'y@9' }, `it goes on from ${image}`);
      await crashed.close();
      return states.findIndex((state) => JSON.stringify(state) === JSON.stringify(content));
    }),
  );
  t.strictSame(found, [0, 0, 0, 0, 1, 1, 1, 2]);
});

t.test(
  'power that takes batches from LevelDB leaves an earlier state, however much of the values is there',
  async (t) => {
    const root = t.testdir();
    const directory = join(root, 'database');
    const database = await openOn(directory);
    const logOf = (folder: string): string => {
      const names = readdirSync(folder).filter((name) => name.endsWith('.log'));
      return join(folder, names.sort().at(-1) ?? '');
    };
    await database.batch(puts({ a: 0, b: 0 }), { sync: true });
    const synced = statSync(logOf(directory)).size;
    const states = [await contentOf(database)];
    for (let version = 1; version <= 5; version++) {
      await database.batch([...puts({ a: version, [`c${version}`]: version }), deletion('b')], { sync: false });
      states.push(await contentOf(database));
    }
    const image = imageOf(directory, join(root, 'image'));
    await database.close();
    const whole = statSync(logOf(image)).size;
    const seen = new Set<number>();
    for (let length = synced; length <= whole; length += 7) {
      const cut = imageOf(image, join(root, `cut ${length}`));
      truncateSync(logOf(cut), length);
      const crashed = await openOn(cut);
      const content = await contentOf(crashed);
      const at = states.findIndex((state) => JSON.stringify(state) === JSON.stringify(content));
      if (at < 0) t.fail(`after ${length} bytes of LevelDB's log: ${JSON.stringify(content)}`);
      seen.add(at);
      await crashed.batch(puts({ x: 9, y: 9 }), { sync: true });
      if (describe(crashed.get(bytes('x'))) !== 'x@9') t.fail('it does not go on');
      await crashed.close();
      rmSync(cut, { recursive: true });
    }
    t.ok(seen.size >= 5, `${seen.size} states`);
  },
);

t.test(
  'a file whose values are all dead goes once that is durable, and what a snapshot reads stays until it ends',
  async (t) => {
    const directory = join(t.testdir(), 'database');
    const database = await openOn(directory, { fileBytes: 100_000 });
    await database.batch(puts({ a: 0, b: 0, c: 0 }), { sync: true });
    const [first] = valueFilesOf(directory);
    await database.batch(puts({ a: 1, b: 1, c: 1 }), { sync: false });
    t.equal(valueFilesOf(directory)[0], first, 'LevelDB may still lose that they are dead');
    await database.batch([small('s', 'x')], { sync: true });
    const [second] = valueFilesOf(directory);
    t.not(second, first);
    const early = database.snapshot();
    await database.batch(puts({ a: 2, b: 2, c: 2 }), { sync: true });
    t.equal(valueFilesOf(directory)[0], second, 'a snapshot may read them');
    const late = database.snapshot();
    t.equal(describe(early.get(bytes('a'))), 'a@1');
    const rows: string[] = [];
    for await (const { value } of early.rows()) rows.push(describe(value));
    t.strictSame(rows, ['a@1', 'b@1', 'c@1', 'x']);
    await early.close();
    t.not(valueFilesOf(directory)[0], second, 'a later snapshot does not hold it');
    t.equal(describe(late.get(bytes('a'))), 'a@2');
    await late.close();
    await database.close();
  },
);

t.test(
  'what is overwritten for long takes a bounded part of the disk, and space that is asked back comes',
  async (t) => {
    const directory = join(t.testdir(), 'database');
    const database = await openOn(directory);
    const names = Array.from({ length: 40 }, (_, i) => `k${i}`);
    const live = names.length * valueBytes;
    const random = fc.sample(fc.shuffledSubarray(names, { minLength: 3, maxLength: 8 }), { numRuns: 300, seed: 3 });
    const versions = new Map<string, number>();
    let most = 0;
    for (const [version, chosen] of random.entries()) {
      for (const name of chosen) versions.set(name, version);
      await database.batch(puts(Object.fromEntries(chosen.map((name) => [name, version]))), {
        sync: version % 5 === 0,
      });
      most = Math.max(most, valueFileBytesOf(directory));
    }
    t.ok(most < 2 * live + 4 * fileBytes, `${most} bytes for ${live}`);
    const expected = Object.fromEntries([...versions].map(([name, version]) => [name, `${name}@${version}`]));
    t.strictSame(await contentOf(database), expected);
    await database.compact();
    t.ok(valueFileBytesOf(directory) < (live * 8) / 7 + fileBytes, `${valueFileBytesOf(directory)} bytes after`);
    t.strictSame(await contentOf(database), expected);
    await database.close();
    const again = await openOn(directory);
    t.strictSame(await contentOf(again), expected);
    await again.close();
  },
);

t.test('starts with little written in between leave no crowd of small files', async (t) => {
  const directory = join(t.testdir(), 'database');
  const expected: Record<string, string> = {};
  for (let start = 0; start < 40; start++) {
    const database = await openOn(directory, { fileBytes: 4 * 1024 * 1024 });
    await database.batch(puts({ [`a${start}`]: 1, [`b${start}`]: 1 }), { sync: true });
    await database.batch([], { sync: true });
    expected[`a${start}`] = `a${start}@1`;
    expected[`b${start}`] = `b${start}@1`;
    await database.close();
  }
  t.ok(valueFilesOf(directory).length < 25, `${valueFilesOf(directory).length} files`);
  const database = await openOn(directory);
  t.strictSame(await contentOf(database), expected);
  await database.close();
});

t.test('files that no row leads to stay until the opener has written, and are gone then', async (t) => {
  const directory = join(t.testdir(), 'database');
  const database = await openOn(directory);
  await database.batch(puts({ a: 1, b: 1 }), { sync: true });
  await database.close();
  const stray = join(directory, 'values', '000007.values');
  writeFileSync(stray, 'left by a crash');
  const looked = await openOn(directory);
  t.strictSame(await contentOf(looked), { a: 'a@1', b: 'b@1' });
  await looked.close();
  t.equal(readFileSync(stray, 'utf8'), 'left by a crash', 'who only looks removes nothing');
  const writes = await openOn(directory);
  await writes.batch(puts({ c: 2, d: 2 }), { sync: true });
  t.notOk(valueFilesOf(directory).includes(stray));
  t.ok(valueFilesOf(directory).at(-1)?.endsWith('000008.values'), 'its number is not given again');
  await writes.close();
});

t.test('a full disk under a value file changes nothing, and what is written later has a file of its own', async (t) => {
  const directory = join(t.testdir(), 'database');
  let isFull = false;
  const createFile: CreateValueFile = (path) => {
    const descriptor = openSync(path, 'wx');
    return Promise.resolve({
      append(values) {
        const whole = Buffer.concat(values);
        appendFileSync(descriptor, isFull ? whole.subarray(0, whole.length - 5) : whole);
        const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        return isFull ? Promise.reject(full) : Promise.resolve();
      },
      close: () => Promise.resolve(closeSync(descriptor)),
    });
  };
  const database = await openOn(directory, { createFile });
  await database.batch([...puts({ a: 1, b: 1 }), small('s', '1')], { sync: true });
  isFull = true;
  const refused = database.batch([...puts({ a: 2, c: 2 }), deletion('b'), small('s', '2')], { sync: true });
  await t.rejects(refused, { code: 'ENOSPC' });
  t.strictSame(await contentOf(database), { a: 'a@1', b: 'b@1', s: '1' });
  isFull = false;
  await database.batch(puts({ a: 3, c: 3 }), { sync: true });
  t.strictSame(await contentOf(database), { a: 'a@3', b: 'b@1', c: 'c@3', s: '1' });
  t.equal(valueFilesOf(directory).length, 2);
  await database.close();
  const again = await openOn(directory);
  t.strictSame(await contentOf(again), { a: 'a@3', b: 'b@1', c: 'c@3', s: '1' });
  await again.close();
});

t.test('a value file that is gone or cut is refused with its name and the place', async (t) => {
  const root = t.testdir();
  const directory = join(root, 'database');
  const database = await openOn(directory);
  await database.batch(puts({ a: 1, b: 1, c: 1 }), { sync: true });
  const [path = ''] = valueFilesOf(directory);
  const image = imageOf(directory, join(root, 'image'));
  truncateSync(path, 2 * valueBytes + 5);
  const cut = { code: 'STATE_DAMAGED', message: /000001\.values ends before the \d+ bytes at offset \d+.*replace/i };
  t.equal(describe(database.get(bytes('a'))), 'a@1');
  t.throws(() => database.get(bytes('c')), cut);
  await t.rejects(contentOf(database), cut);
  await database.close();
  await t.rejects(openOn(directory), cut);
  rmSync(path);
  await t.rejects(openOn(directory), { code: 'STATE_DAMAGED', message: /000001\.values is missing.*replace/i });
  const whole = await openOn(image);
  t.strictSame(await contentOf(whole), { a: 'a@1', b: 'b@1', c: 'c@1' }, 'a refusal leaves no lock behind');
  await whole.close();
});

t.test('more files than may be open are read', async (t) => {
  const directory = join(t.testdir(), 'database');
  const database = await openOn(directory, { fileBytes: 1 });
  const versions = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`k${String(i).padStart(2, '0')}`, i]));
  for (const [name, version] of Object.entries(versions)) {
    await database.batch([...puts({ [name]: version }), ...puts({ [`other ${name}`]: version })], { sync: false });
  }
  const openFiles = (): number => readdirSync('/proc/self/fd').length;
  const before = openFiles();
  for (const round of [1, 2]) {
    for (const [name, version] of Object.entries(versions)) {
      if (describe(database.get(bytes(name))) !== `${name}@${version}`) t.fail(`${name}, round ${round}`);
    }
  }
  if (process.platform === 'linux') t.ok(openFiles() - before <= 16);
  t.equal(Object.keys(await contentOf(database)).length, 120);
  await database.close();
});
