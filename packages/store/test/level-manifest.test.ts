/** LevelDB's manifest says which tables are live: a damaged one is refused, one that ends early is not. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { isDeepStrictEqual } from 'node:util';
import { seededRandomness } from '@flotilla/base';
import {
  compactAll,
  copyWith,
  flipped,
  isRefusal,
  manifestIn,
  memoryDirectory,
  openLevel,
  openingOf,
  tablesIn,
  trialsOf,
} from './level-directory.ts';

t.setTimeout(0);

const blockBytes = 32 * 1024;
const longKey = (i: number): string => `${String(i).padStart(4, '0')}${'.'.repeat(1500)}`;

/** Its manifest, of one life, has an edit for each of `edits` tables that came; the keys in them are `keyOf`. */
async function makeDatabase(directory: string, { edits, keyOf }: { edits: number; keyOf: (i: number) => string }) {
  const rows: string[] = [];
  const level = await openLevel(directory, { compression: true });
  for (let i = 0; i < edits; i++) {
    await level.put(keyOf(i), `${i}`);
    rows.push(`${keyOf(i)}=${i}`);
    await compactAll(level);
  }
  await level.close();
  return { name: manifestIn(directory), rows: rows.sort() };
}

function refusedAt(name: string, offset?: number) {
  const place = offset === undefined ? `(${name}|CURRENT|is missing|cannot be)` : `${name}, offset ${offset}: `;
  return { code: 'STATE_DAMAGED', message: new RegExp(`${place}.*Replace this member`) };
}

t.test('a manifest of several blocks is read', async (t) => {
  const root = memoryDirectory(t);
  const { name, rows } = await makeDatabase(join(root, 'whole'), { edits: 30, keyOf: longKey });
  const bytes = readFileSync(join(root, 'whole', name));
  t.ok(bytes.length > 2 * blockBytes, `${bytes.length} bytes`);
  const [table] = tablesIn(join(root, 'whole')) as [string];
  const whole = readFileSync(join(root, 'whole', table));
  copyWith(join(root, 'whole'), join(root, 'damaged'), { name: table, bytes: flipped(whole, 30, 4) });
  t.match(await openingOf(join(root, 'damaged')), refusedAt(table, 0), 'to its end: the last table is checked');

  const randomness = seededRandomness(3);
  for (let i = 0; i < 60; i++) {
    const offset = Math.floor(randomness.next() * bytes.length);
    copyWith(join(root, 'whole'), join(root, 'trial'), { name, bytes: flipped(bytes, offset, 1 << (i % 8)) });
    t.match(await openingOf(join(root, 'trial')), refusedAt(name), `a flip at ${offset}`);
  }

  // A whole record in a later block, behind a block of zeros: LevelDB would forget what was between.
  const zeros = Buffer.from(bytes);
  zeros.fill(0, 0, blockBytes);
  copyWith(join(root, 'whole'), join(root, 'trial'), { name, bytes: zeros });
  t.match(await openingOf(join(root, 'trial')), refusedAt(name, 0));
  t.strictSame(await openingOf(join(root, 'whole')), rows);
});

t.test('a manifest of a small database', async (t) => {
  const root = memoryDirectory(t);
  const [directory, trial] = [join(root, 'whole'), join(root, 'trial')];
  const { name, rows } = await makeDatabase(directory, { edits: 3, keyOf: (i) => `key ${i}` });
  const bytes = readFileSync(join(directory, name));
  const open = trialsOf(directory, trial);
  const cutOff: unknown[] = [];

  t.test(
    'may be cut off anywhere, as by a loss of power: it is what it was before, or a table is missing',
    async (t) => {
      for (let length = 0; length < bytes.length; length++) {
        const found = await open({ name, bytes: bytes.subarray(0, length) });
        if ('code' in found) t.match(found, refusedAt(name), `cut off at ${length}`);
        else
          t.ok(
            found.every((row) => rows.includes(row)),
            `cut off at ${length}`,
          );
        cutOff.push(found);
      }
      cutOff.push(rows);
    },
  );

  t.test('may end in zeros, or in half a head of a record', async (t) => {
    for (const more of [1, 6, 7, 4096, blockBytes, 3 * blockBytes]) {
      t.strictSame(await open({ name, bytes: Buffer.concat([bytes, Buffer.alloc(more)]) }), rows, `${more} zeros`);
    }
    for (const length of [1, 6, 7, 20]) {
      t.strictSame(await open({ name, bytes: Buffer.concat([bytes, bytes.subarray(0, length)]) }), rows);
    }
  });

  t.test('is refused, or as if it were cut off, when a bit of any byte is flipped', async (t) => {
    const wrong: unknown[] = [];
    let refusals = 0;
    // Every third bit.
    for (let bit = 0; bit < 8 * bytes.length; bit += 3) {
      const found = await open({ name, bytes: flipped(bytes, bit >> 3, 1 << (bit & 7)) });
      if (isRefusal(found, trial)) refusals++;
      else if (!cutOff.some((other) => isDeepStrictEqual(found, other))) wrong.push({ bit, found });
    }
    t.strictSame(wrong, []);
    t.ok(refusals > 2 * bytes.length, `${refusals} refusals`);
  });

  t.test('is refused when it has zeros and then records in a later block', async (t) => {
    const padded = Buffer.concat([bytes, Buffer.alloc(blockBytes - bytes.length), bytes]);
    t.match(await open({ name, bytes: padded }), refusedAt(name, bytes.length));
  });

  t.test('is refused when it is missing, or is not the one that CURRENT names', async (t) => {
    const current = readFileSync(join(directory, 'CURRENT'));
    for (let bit = 0; bit < 8 * current.length; bit++) {
      const changed = flipped(current, bit >> 3, 1 << (bit & 7));
      t.match(await open({ name: 'CURRENT', bytes: changed }), refusedAt(name), `a flip of bit ${bit}`);
    }
    for (let length = 0; length < current.length; length++) {
      t.match(await open({ name: 'CURRENT', bytes: current.subarray(0, length) }), refusedAt(name));
    }
  });

  t.test('leaves the directory as it was when it is refused', async (t) => {
    copyWith(directory, trial, { name, bytes: flipped(bytes, 0, 1) });
    const before = readdirSync(trial).map((file) => [file, readFileSync(join(trial, file), 'hex')]);
    t.match(await openingOf(trial), refusedAt(name, 0));
    t.strictSame(
      readdirSync(trial).map((file) => [file, readFileSync(join(trial, file), 'hex')]),
      before,
    );
  });
});
