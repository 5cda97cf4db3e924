/** A table of LevelDB's that is not as it was written is refused before LevelDB reads it, and nothing else is. */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { seededRandomness } from '@flotilla/base';
import { openDiskDatabase } from '@flotilla/store';
import {
  compactAll,
  copyWith,
  flipped,
  isRefusal,
  memoryDirectory,
  openLevel,
  openingOf,
  tablesIn,
  trialsOf,
} from './level-directory.ts';

t.setTimeout(0);

const footerBytes = 48;
const randomness = seededRandomness(7);

/** Puts and deletes in several lives, with tables on two levels. */
async function makeDatabase(directory: string, options: { readonly compression: boolean }): Promise<readonly string[]> {
  const rows = new Map<string, string>();
  for (let life = 0; life < 6; life++) {
    const level = await openLevel(directory, options);
    for (let i = 0; i < 60; i++) {
      const key = `F/${String((i * 7 + life * 13) % 90).padStart(12, '0')}`;
      const value = `${life} `.repeat(4 + (i % 12));
      if (i % 9 === 8) await level.del(key);
      else await level.put(key, value);
      if (i % 9 === 8) rows.delete(key);
      else rows.set(key, value);
    }
    if (life === 2) await compactAll(level);
    await level.close();
  }
  return [...rows].map(([key, value]) => `${key}=${value}`).sort();
}

/** Bytes of the four numbers in a footer: where two blocks are, and how long. */
function bytesSaidIn(footer: Uint8Array): number {
  const ends = [...footer.keys()].filter((at) => (footer[at] as number) < 128);
  return (ends[3] as number) + 1;
}

for (const compression of [true, false]) {
  t.test(compression ? 'compressed' : 'not compressed', async (t) => {
    const root = memoryDirectory(t);
    const [directory, trial] = [join(root, 'whole'), join(root, 'trial')];
    const rows = await makeDatabase(directory, { compression });
    const tables = tablesIn(directory);
    // Where nothing is compressed, bytes are many and alike.
    const step = compression ? 1 : 7;
    const openWith = trialsOf(directory, trial);
    const refused = (text: string) => ({ code: 'STATE_DAMAGED', message: new RegExp(`${text}.*Replace this member`) });

    t.test('a database of several tables is opened, again and again', async (t) => {
      t.ok(tables.length > 1, `${tables.length} tables`);
      const kinds = tables.map((name) => readFileSync(join(directory, name)).at(-footerBytes - 5));
      t.strictSame(new Set(kinds), new Set([compression ? 1 : 0]), 'their indexes are compressed, or not');
      copyWith(directory, trial, { name: 'LOG', bytes: Buffer.of() });
      for (let i = 0; i < 3; i++) t.strictSame(await openingOf(trial), rows);
    });

    t.test('a flip of any byte of a table is found, or changes nothing', async (t) => {
      const name = tables.at(-1) as string;
      const whole = readFileSync(join(directory, name));
      const harmless: number[] = [];
      const wrong: unknown[] = [];
      const footer = whole.length - footerBytes;
      for (let offset = 0; offset < whole.length; offset += offset < footer ? step : 1) {
        const mask = 1 << Math.floor(8 * randomness.next());
        const found = await openWith({ name, bytes: flipped(whole, offset, mask) });
        if (isDeepStrictEqual(found, rows)) harmless.push(offset);
        else if (!isRefusal(found, `${name}, offset`)) wrong.push({ offset, found });
      }
      t.strictSame(wrong, []);
      // Zeros fill a footer up, between what it says and its last eight bytes.
      const from = footer + bytesSaidIn(whole.subarray(-footerBytes));
      const to = whole.length - 8;
      t.strictSame(
        harmless,
        [...harmless.keys()].map((i) => from + i),
      );
      t.equal(harmless.length, to - from);
    });

    t.test('a flip at some places of all tables is found', async (t) => {
      const wrong: unknown[] = [];
      for (const name of tables) {
        const whole = readFileSync(join(directory, name));
        for (let i = 0; i < 100; i++) {
          const offset = Math.floor(randomness.next() * (whole.length - footerBytes));
          const found = await openWith({ name, bytes: flipped(whole, offset, 1 << (i % 8)) });
          if (!isRefusal(found, `${name}, offset`)) wrong.push({ name, offset, found });
        }
      }
      t.strictSame(wrong, []);
    });

    t.test('a table that is cut off is refused, wherever', async (t) => {
      const [name] = tables as [string];
      const whole = readFileSync(join(directory, name));
      for (const length of [0, 1, 47, 48, 300, whole.length - footerBytes, whole.length - 1]) {
        t.match(
          await openWith({ name, bytes: whole.subarray(0, length) }),
          refused(`${name} ends at offset ${length},`),
        );
      }
    });

    t.test('a table that is missing is refused', async (t) => {
      copyWith(directory, trial, { name: 'LOG', bytes: Buffer.of() });
      rmSync(join(trial, tables[0] as string));
      t.match(await openingOf(trial), refused(`${tables[0] as string} is missing`));
    });

    t.test('bytes behind the end of a table change nothing', async (t) => {
      copyWith(directory, trial, { name: 'LOG', bytes: Buffer.of() });
      for (const name of tables) appendFileSync(join(trial, name), 'leftover');
      t.strictSame(await openingOf(trial), rows);
    });

    t.test('what a crash leaves beside the live tables is not looked at', async (t) => {
      copyWith(directory, trial, {
        name: '000999.ldb',
        bytes: readFileSync(join(directory, tables[0] as string)).subarray(0, 500),
      });
      writeFileSync(join(trial, '001000.ldb'), '');
      writeFileSync(join(trial, '001001.dbtmp'), 'MANIFEST-0');
      writeFileSync(join(trial, 'MANIFEST-001002'), 'half of a mani');
      t.strictSame(await openingOf(trial), rows);
    });
  });
}

t.test('the length of a key that is too short for one, at which LevelDB ends the process, is refused', async (t) => {
  const root = memoryDirectory(t);
  const directory = join(root, 'whole');
  const level = await openLevel(directory, { compression: false });
  for (const key of ['F', 'H', 'P']) await level.put(key, key);
  await compactAll(level);
  await level.close();
  const [name] = tablesIn(directory) as [string];
  const whole = readFileSync(join(directory, name));
  // A key begins with how much it shares with the one before, and how much it does not: LevelDB adds eight bytes to each.
  t.strictSame([...whole.subarray(0, 2)], [0, 9]);
  copyWith(directory, join(root, 'trial'), { name, bytes: flipped(whole, 1, 8) });
  t.match(await openingOf(join(root, 'trial')), {
    code: 'STATE_DAMAGED',
    message: new RegExp(`${name}, offset 0: the block`),
  });
});

t.test('a database in which another process writes is refused as one in use, never as damaged', async (t) => {
  const directory = join(memoryDirectory(t), 'used');
  const level = await openLevel(directory, { compression: true });
  let isDone = false;
  const write = async (): Promise<void> => {
    for (let i = 0; !isDone; i++) {
      await level.put(`key ${i % 10}`, `${i}`.repeat(500));
      await compactAll(level);
    }
  };
  const writing = write();
  try {
    for (let i = 0; i < 40; i++) {
      await t.rejects(openDiskDatabase({ directory, createIfMissing: false }), {
        code: 'STATE_LOCKED',
        message: /stop that one/,
      });
    }
  } finally {
    isDone = true;
    await writing;
    await level.close();
  }
});
