import fc from 'fast-check';
import t from 'tap';
import type { HardState } from '@flotilla/raft';
import { contentOf, entriesOf, flip, identity, openLog, range, recordsEnd } from './log-harness.ts';
import { createMemoryFiles } from './memory-files.ts';
import { openDataDirectory } from '@flotilla/brain';
import { codeOf, createManualClock, silentLogger, systemClock } from '@flotilla/base';

const firstSegment = '/data/log/0000000000000001.log';
const hardState = (term: number, vote = 0n): HardState => ({ term, vote, commit: 0 });

t.test('a log holds after a restart what was appended before', async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files);
  await log.append({ hardState: hardState(1, 0xa1n), entries: entriesOf(1, 1, 4) });
  await log.append({ entries: [...entriesOf(1, 4, 6), ...entriesOf(2, 6, 8)] });
  await log.append({ hardState: hardState(3), entries: entriesOf(3, 7, 9) });
  await log.close();
  const again = await openLog(files);
  t.strictSame(again.recovered.hardState, hardState(3));
  t.strictSame(
    again.recovered.entries.map(({ index, term }) => [index, term]),
    [1, 2, 3, 4, 5]
      .map((index) => [index, 1])
      .concat([
        [6, 2],
        [7, 3],
        [8, 3],
      ]),
    'the suffix from 7 on was replaced',
  );
  t.strictSame(again.warnings, []);
  await again.log.close();
});

t.test('everything that was appended survives the loss of all bytes that no sync covers', async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files, { segmentBytes: 400 });
  for (let index = 1; index < 40; index++) {
    await log.append({
      ...(index % 7 === 0 ? { hardState: hardState(index) } : {}),
      entries: entriesOf(index, index, index + 1),
    });
    const crashed = await openLog(createMemoryFiles(files.durableImage()));
    t.equal(crashed.recovered.entries.at(-1)?.index, index);
    t.equal(crashed.recovered.hardState.term, index - (index % 7));
    await crashed.log.close();
  }
  t.ok(log.segmentCount > 5);
  await log.close();
});

t.test('a log that is cut at any byte of its last write opens with what was synced before', async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files, { segmentBytes: 2000 });
  await log.append({ hardState: hardState(1), entries: entriesOf(1, 1, 5) });
  // The witness's mark follows once the log rests; here it is still at 0, which must make no difference.
  const synced = files.image();
  const before = recordsEnd(synced.get(firstSegment));
  await log.append({ hardState: hardState(1), entries: [...entriesOf(1, 5, 8), ...entriesOf(2, 8, 9)] });
  const whole = files.image().get(firstSegment) ?? new Uint8Array();
  const end = recordsEnd(whole);
  for (let size = before; size <= end; size++) {
    for (const zerosFollow of [false, true]) {
      const cut = whole.slice(0, zerosFollow ? whole.length : size).fill(0, size);
      const opened = await openLog(createMemoryFiles(new Map(synced).set(firstSegment, cut)));
      const last = opened.recovered.entries.at(-1)?.index ?? 0;
      if (last < 4 || last > 8) t.fail(`cut at ${size}: ends with ${last}`);
      if (size === end) t.equal(last, 8);
      await opened.log.append({ entries: entriesOf(9, last + 1, last + 3) });
      await opened.log.close();
    }
  }
  await log.close();
});

t.test('no zeros are written ahead of large batches', async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files);
  const lengths = async (padding: number): Promise<{ readonly file: number; readonly records: number }> => {
    const next = log.synced.index + 1;
    await log.append({ entries: entriesOf(1, next, next + 1, padding) });
    const bytes = files.image().get(firstSegment) ?? new Uint8Array();
    return { file: bytes.length, records: recordsEnd(bytes) };
  };
  await log.append({ hardState: hardState(1) });
  for (let i = 0; i < 10; i++) await lengths(100_000);
  const large = await lengths(100_000);
  t.equal(large.file, large.records);
  const small = await lengths(100);
  t.ok(small.file > small.records + 1000, 'a small one has them again');
  await log.close();
  const again = await openLog(files);
  t.equal(again.recovered.entries.length, 12);
  await again.log.close();
});

t.test('however a write is torn, the commit index names no entry that the write was to replace', async (t) => {
  const suffix = { hardState: { term: 2, vote: 0n, commit: 8 }, entries: entriesOf(2, 5, 10) };
  const snapshot = { hardState: { term: 2, vote: 0n, commit: 20 }, installing: { index: 20, term: 2 } };
  for (const batch of [suffix, snapshot]) {
    const files = createMemoryFiles();
    const { log } = await openLog(files, { segmentBytes: 2000 });
    await log.append({ hardState: { term: 1, vote: 0n, commit: 4 }, entries: entriesOf(1, 1, 11) });
    await log.append({ hardState: { term: 2, vote: 0n, commit: 4 } });
    const before = files.image().get(firstSegment) ?? new Uint8Array();
    await log.append(batch);
    const after = files.image().get(firstSegment) ?? new Uint8Array();
    for (const end of range(recordsEnd(before), recordsEnd(after) + 1, 4)) {
      const torn = Buffer.concat([after.subarray(0, end), before.subarray(end)]);
      const { recovered, log: again } = await openLog(createMemoryFiles(files.image().set(firstSegment, torn)));
      const wrong = recovered.entries.find(
        ({ index, term }) => index > 4 && index <= recovered.hardState.commit && term === 1,
      );
      t.equal(wrong, undefined, `cut at ${end}`);
      await again.close();
    }
    await log.close();
  }
});

t.test('what was not written yet is not reported, what was torn is', async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files);
  await log.append({ hardState: hardState(1), entries: entriesOf(1, 1, 5) });
  const image = files.image();
  const bytes = image.get(firstSegment) ?? new Uint8Array();
  t.ok(bytes.length > recordsEnd(bytes) + 1000, 'zeros are written ahead');
  const opened = await openLog(createMemoryFiles(image));
  t.strictSame(opened.warnings, []);
  await opened.log.close();
  for (const at of [recordsEnd(bytes), recordsEnd(bytes) + 500, bytes.length - 1]) {
    const flipped = flip(bytes, at * 8);
    const torn = createMemoryFiles(new Map(image).set(firstSegment, flipped));
    const cut = await openLog(torn);
    t.strictSame(cut.warnings, ['cut bytes off the end of the log that were never synced']);
    t.equal(cut.recovered.entries.at(-1)?.index, 4);
    await cut.log.append({ entries: entriesOf(1, 5, 7) });
    await cut.log.close();
    const again = await openLog(torn);
    t.strictSame([again.warnings, again.recovered.entries.at(-1)?.index], [[], 6]);
    await again.log.close();
  }
  await log.close();
});

t.test(
  'a log that is cut below the mark is refused, with file, offset and the way out, and left as it is',
  async (t) => {
    const files = createMemoryFiles();
    const { log } = await openLog(files, { segmentBytes: 2000 });
    await log.append({ hardState: hardState(1), entries: entriesOf(1, 1, 5) });
    await log.append({ entries: entriesOf(1, 5, 9) });
    await log.close();
    const image = files.image();
    const whole = image.get(firstSegment) ?? new Uint8Array();
    for (const size of [
      ...range(0, 90),
      ...range(4000, 4120),
      ...range(8190, 8210),
      ...range(12_280, recordsEnd(whole)),
    ]) {
      for (const zerosFollow of [false, true]) {
        const cut = whole.slice(0, zerosFollow ? whole.length : size).fill(0, size);
        // The padding of the last record is zeros.
        if (whole.every((byte, i) => byte === cut[i])) continue;
        const damaged = createMemoryFiles(new Map(image).set(firstSegment, cut));
        await t.rejects(openLog(damaged), {
          code: 'DATA_CORRUPT',
          message: /0001\.log, offset \d+: .*replace this member/,
        });
        t.ok(Buffer.from(cut).equals(damaged.image().get(firstSegment) ?? new Uint8Array()));
      }
    }
  },
);

t.test('the loss of synced batches shows at once, before the mark of the witness has followed', async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files);
  const ends: number[] = [];
  for (let i = 1; i < 6; i++) {
    await log.append({ hardState: hardState(1), entries: entriesOf(1, i, i + 1) });
    ends.push(recordsEnd(files.image().get(firstSegment)));
  }
  const image = files.image();
  const bytes = image.get(firstSegment) ?? new Uint8Array();
  const open = async (content: Uint8Array): Promise<unknown> => {
    const opened = await openLog(createMemoryFiles(new Map(image).set(firstSegment, content)));
    return opened.log.close();
  };
  const refusal = { code: 'DATA_CORRUPT', message: /had been synced/ };
  for (const [i, end] of ends.entries()) {
    const lost = Uint8Array.from(bytes).fill(0, end);
    if (i < 3) await t.rejects(open(lost), refusal);
    else await open(lost);
    // Either mark alone still shows the loss of one batch more.
    if (i < 2) for (const mark of [4096, 8192]) await t.rejects(open(flip(lost, mark * 8)), refusal);
  }
  await log.close();
});

t.test('the mark of the witness follows a log that rests at once, and one that never does every second', async (t) => {
  const files = createMemoryFiles();
  const clock = createManualClock();
  const { log } = await openLog(files, { clock });
  let index = 0;
  const append = async (): Promise<void> => {
    index++;
    await log.append({ hardState: hardState(0), entries: entriesOf(0, index, index + 1) });
  };
  let before = '';
  /** Whether the witness was written since this was last asked. */
  const isWritten = (): boolean => {
    const bytes = Buffer.from(files.image().get('/data/witness') ?? []).toString('hex');
    const changed = bytes !== before;
    before = bytes;
    return changed;
  };
  isWritten();
  const moments: number[] = [];
  for (let ms = 50; ms <= 2500; ms += 50) {
    await append();
    await clock.advance(50);
    if (isWritten()) moments.push(ms);
  }
  t.strictSame(moments, [1000, 2000], 'a log that is written every 50 ms');
  await clock.advance(1000);
  isWritten();
  await append();
  await clock.advance(99);
  t.notOk(isWritten());
  await clock.advance(1);
  t.ok(isWritten(), 'one that rests');
  await log.close();
});

t.test('damage before a whole batch is refused, although no mark speaks of it', async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files);
  for (let i = 1; i < 3; i++) await log.append({ hardState: hardState(0), entries: entriesOf(0, i, i + 1) });
  const end = recordsEnd(files.image().get(firstSegment));
  await log.append({ hardState: hardState(0), entries: entriesOf(0, 3, 4) });
  const image = files.image();
  const bytes = Uint8Array.from(image.get(firstSegment) ?? []).fill(0, 4096, 12_288);
  for (const bit of range(12_288 * 8, end * 8, 23)) {
    const damaged = createMemoryFiles(new Map(image).set(firstSegment, flip(bytes, bit)));
    await t.rejects(openLog(damaged), { code: 'DATA_CORRUPT', message: /synced ones follow it/ });
  }
  await log.close();
});

t.test('a flipped bit in anything that was synced is refused, or changes nothing', async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files, { segmentBytes: 300 });
  for (let i = 0; i < 8; i++)
    await log.append({ hardState: hardState(i + 1), entries: entriesOf(i + 1, i * 2 + 1, i * 2 + 3) });
  await log.close();
  const image = files.image();
  const names = [...image.keys()].filter((path) => path.endsWith('.log')).sort();
  t.ok(names.length > 2);
  const whole = contentOf(await openLog(createMemoryFiles(image)));
  for (const path of names) {
    const bytes = image.get(path) ?? new Uint8Array();
    const end = recordsEnd(bytes);
    for (const bit of [...range(0, 80 * 8, 19), ...range(12_288 * 8, end * 8, 19)]) {
      const flipped = createMemoryFiles(new Map(image).set(path, flip(bytes, bit)));
      const error: unknown = await openLog(flipped).then(
        () => t.fail(`opened with bit ${bit} of ${path} flipped`),
        (thrown: unknown) => thrown,
      );
      t.match(error, { code: /^DATA_(CORRUPT|FOREIGN|FORMAT|MISSING)$/ });
    }
    // Marks, the gaps beside them, and the zeros ahead of the records.
    for (const bit of [
      ...range(4096 * 8, 4112 * 8, 5),
      ...range(8192 * 8, 8208 * 8, 5),
      ...range(640, 98_304, 7919),
      ...range(end * 8, bytes.length * 8, 97),
    ]) {
      const opened = await openLog(createMemoryFiles(new Map(image).set(path, flip(bytes, bit)))).catch(codeOf);
      if (typeof opened === 'object') {
        t.strictSame(contentOf(opened), whole, `bit ${bit} of ${path}`);
        await opened.log.close();
      } else t.equal(opened, 'DATA_CORRUPT');
    }
  }
});

t.test('a segment whose marks are both damaged is refused', async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files);
  for (let i = 1; i < 4; i++) await log.append({ hardState: hardState(1), entries: entriesOf(1, i, i + 1) });
  await log.close();
  const image = files.image();
  const bytes = image.get(firstSegment) ?? new Uint8Array();
  const damaged = new Map(image).set(firstSegment, flip(flip(bytes, 4096 * 8), 8192 * 8));
  await t.rejects(openLog(createMemoryFiles(damaged)), { code: 'DATA_CORRUPT', message: /offset 4096: both marks/ });
});

t.test('what a killed process had written without a sync is durable once the log is open again', async (t) => {
  let reached = (): void => undefined;
  const underWay = new Promise<void>((resolve) => {
    reached = resolve;
  });
  let hang = false;
  let waiting = 0;
  const files = createMemoryFiles(new Map(), {
    onChange: async () => {
      if (!hang) return;
      // Log and witness both.
      if (++waiting === 2) reached();
      await new Promise(() => undefined);
    },
  });
  const { log } = await openLog(files);
  await log.append({ hardState: hardState(1), entries: entriesOf(1, 1, 3) });
  hang = true;
  void log.append({ hardState: hardState(2, 0xa2n), entries: entriesOf(2, 3, 5) });
  await underWay;
  hang = false;
  const again = await openLog(files);
  t.equal(again.recovered.entries.at(-1)?.index, 4);
  t.strictSame(files.durableImage(), files.image());
  const lost = await openLog(createMemoryFiles(files.durableImage()));
  t.strictSame(contentOf(lost), contentOf(again));
  await lost.log.close();
  await again.log.close();
});

t.test('a flipped bit in either slot of the witness changes neither term nor vote', async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files, { segmentBytes: 2000 });
  await log.append({ hardState: hardState(4, 0xa2n), entries: entriesOf(4, 1, 3) });
  await log.append({ hardState: hardState(5, 0xa3n) });
  await log.close();
  const image = files.image();
  const bytes = image.get('/data/witness') ?? new Uint8Array();
  // The slots are 96 bytes at 0 and at 4096.
  const bits = [0, 4096].flatMap((slot) => Array.from({ length: 96 * 2 }, (_, i) => slot * 8 + i * 4 + (i % 4)));
  for (const bit of bits) {
    const flipped = Uint8Array.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const opened = await openLog(createMemoryFiles(new Map(image).set('/data/witness', flipped)));
    if (opened.recovered.hardState.term !== 5 || opened.recovered.hardState.vote !== 0xa3n) t.fail(`bit ${bit}`);
    await opened.log.close();
  }
  t.pass();
});

t.test('a missing file is refused', async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files, { segmentBytes: 200 });
  for (let i = 1; i < 12; i++) await log.append({ hardState: hardState(i), entries: entriesOf(i, i, i + 1) });
  await log.close();
  const image = files.image();
  const paths = [...image.keys()];
  t.ok(paths.length > 4);
  for (const path of paths) {
    // Whether the first segment was removed on purpose, only the state can tell.
    if (path === firstSegment) continue;
    const without = new Map(image);
    without.delete(path);
    await t.rejects(openLog(createMemoryFiles(without)), { code: 'DATA_MISSING', message: /is missing/ }, path);
  }
  const onlyWitness = new Map([['/data/witness', image.get('/data/witness') ?? new Uint8Array()]]);
  await t.rejects(openLog(createMemoryFiles(onlyWitness)), { code: 'DATA_MISSING' });
});

t.test('a directory that was only begun is made anew', async (t) => {
  const files = createMemoryFiles();
  await t.rejects(
    openDataDirectory({
      files,
      directory: '/data',
      identity,
      clock: systemClock,
      logger: silentLogger,
      openState: () => Promise.reject(new Error('killed here')),
      onFailure: () => undefined,
    }),
  );
  const { log, warnings } = await openLog(createMemoryFiles(files.durableImage()));
  t.strictSame(warnings, ['the data directory was only begun; it is made anew']);
  await log.close();
  const torn = await openLog(createMemoryFiles(new Map([['/data/witness', new Uint8Array(50)]])));
  await torn.log.close();
});

t.test('the log is read while the state is loaded, and stays as it was when the state is refused', async (t) => {
  const written = createMemoryFiles();
  const { log } = await openLog(written);
  await log.append({ hardState: hardState(3, 0xa1n), entries: entriesOf(3, 1, 4) });
  await log.close();
  const image = written.image();
  const segment = image.get(firstSegment) ?? new Uint8Array();
  const torn = Uint8Array.from(segment);
  torn[recordsEnd(segment)] = 1;
  const files = createMemoryFiles(new Map([...image, [firstSegment, torn]]));
  const reads: string[] = [];
  const watched = { ...files, read: (path: string) => (reads.push(path), files.read(path)) };
  const opening = openDataDirectory({
    files: watched,
    directory: '/data',
    identity,
    clock: systemClock,
    logger: silentLogger,
    async openState({ onLocked }) {
      t.notOk(reads.includes(firstSegment), 'not before no other process can write to it');
      onLocked();
      while (!reads.includes(firstSegment)) await new Promise(setImmediate);
      throw new Error('refused');
    },
    onFailure: () => undefined,
  });
  await t.rejects(opening, { message: 'refused' });
  t.strictSame(files.image().get(firstSegment), torn);
  const { recovered, warnings, log: again } = await openLog(files);
  t.equal(recovered.entries.length, 3);
  t.strictSame(warnings, ['cut bytes off the end of the log that were never synced']);
  await again.close();
});

t.test("another member's directory is refused with what to do", async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files);
  await log.close();
  const open = (other: typeof identity): Promise<unknown> =>
    openDataDirectory({
      files,
      directory: '/data',
      identity: other,
      clock: systemClock,
      logger: silentLogger,
      openState: () => Promise.resolve(undefined),
      onFailure: () => undefined,
    });
  await t.rejects(open({ ...identity, clusterId: 0xc2n }), { code: 'DATA_FOREIGN', message: /cluster c1.*--data-dir/ });
  await t.rejects(open({ ...identity, memberId: 0xa2n }), { code: 'DATA_FOREIGN', message: /member a1.*--data-dir/ });
});

t.test('the front is removed by whole segments, and the log opens behind it', async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files, { segmentBytes: 200 });
  for (let i = 1; i < 30; i++) await log.append({ hardState: hardState(3, 0xa1n), entries: entriesOf(3, i, i + 1) });
  const before = log.segmentCount;
  await log.truncateFront(20);
  t.ok(log.segmentCount < before);
  await log.append({ entries: entriesOf(3, 30, 31) });
  await log.close();
  const again = await openLog(files);
  t.ok(again.recovered.base.index <= 20 && again.recovered.base.index > 10);
  t.equal(again.recovered.base.term, 3);
  t.equal(again.recovered.entries.at(-1)?.index, 30);
  t.strictSame(again.recovered.hardState, hardState(3, 0xa1n));
  await again.log.close();
});

t.test('a snapshot restarts the log, wherever it is interrupted', async (t) => {
  const files = createMemoryFiles();
  const { log } = await openLog(files);
  await log.append({ hardState: hardState(2), entries: entriesOf(2, 1, 5) });
  await log.append({ hardState: hardState(3), installing: { index: 90, term: 3 } });
  const announced = await openLog(createMemoryFiles(files.durableImage()));
  t.strictSame(announced.recovered.installing, { index: 90, term: 3 });
  t.equal(announced.recovered.entries.length, 4);
  await announced.log.close();
  await log.restart({ index: 90, term: 3 });
  t.strictSame(log.synced, { index: 90, term: 3 });
  await log.append({ entries: entriesOf(3, 91, 93) });
  const crashed = await openLog(createMemoryFiles(files.durableImage()));
  t.strictSame(contentOf(crashed), {
    hardState: hardState(3),
    base: { index: 90, term: 3 },
    entries: ['91:3:91@3', '92:3:92@3'],
  });
  await crashed.log.close();
  await log.close();
});

t.test('random histories: the log equals a list, through restarts and crashes in the middle of a write', async (t) => {
  const operation = fc.oneof(
    fc.record({
      kind: fc.constant('append' as const),
      back: fc.integer({ min: 0, max: 3 }),
      count: fc.integer({ min: 0, max: 4 }),
      raise: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('truncate' as const), back: fc.integer({ min: 0, max: 6 }) }),
    // A snapshot may also end before the last entry, which was never committed then.
    fc.record({ kind: fc.constant('restart' as const), ahead: fc.integer({ min: -3, max: 5 }) }),
    fc.record({
      kind: fc.constant('crash' as const),
      keep: fc.double({ min: 0, max: 1, noNaN: true }),
      zerosFollow: fc.boolean(),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
      let files = createMemoryFiles();
      let { log } = await openLog(files, { segmentBytes: 300 });
      let model: { index: number; term: number }[] = [];
      let base = 0;
      let compacted = 0;
      // As in a member, whose entries always follow the term in which they were proposed.
      let state = hardState(1);
      await log.append({ hardState: state, entries: [] });
      const last = (): number => model.at(-1)?.index ?? base;
      for (const op of operations) {
        if (op.kind === 'append') {
          if (op.raise) state = hardState(state.term + 1);
          const first = Math.max(compacted + 1, last() + 1 - op.back);
          const entries = entriesOf(state.term, first, first + op.count);
          if (entries.length > 0) model = model.filter(({ index }) => index < first).concat(entries);
          await log.append({ hardState: state, entries });
        } else if (op.kind === 'truncate') {
          compacted = Math.max(compacted, last() - op.back);
          await log.truncateFront(compacted);
        } else if (op.kind === 'restart') {
          base = Math.max(compacted + 1, last() + op.ahead);
          compacted = base;
          model = [];
          await log.restart({ index: base, term: state.term });
        } else {
          // A write that never returned leaves a part of its bytes, and zeros or the end of the file behind them.
          const durable = files.durableImage();
          const name =
            [...durable.keys()]
              .filter((path) => path.endsWith('.log'))
              .sort()
              .at(-1) ?? '';
          const from = recordsEnd(durable.get(name));
          const pending = entriesOf(state.term, last() + 1, last() + 4);
          await log.append({ entries: pending });
          const written = files.image().get(name) ?? new Uint8Array();
          const to = recordsEnd(written);
          const kept = from + Math.floor((to - from) * op.keep);
          const torn = written.slice(0, op.zerosFollow ? written.length : kept).fill(0, kept);
          if (op.keep < 1) durable.set(name, torn);
          files = createMemoryFiles(op.keep < 1 ? durable : files.durableImage());
          const opened = await openLog(files, { segmentBytes: 300 });
          log = opened.log;
          const got = opened.recovered.entries
            .filter(({ index }) => index > compacted)
            .map(({ index, term }) => ({ index, term }));
          const want = model.filter(({ index }) => index > compacted).map(({ index, term }) => ({ index, term }));
          const full = want.concat(pending.map(({ index, term }) => ({ index, term })));
          if (op.keep === 1 || got.length > want.length) model = model.concat(pending);
          t.strictSame(got, got.length > want.length ? full : want);
          t.equal(opened.recovered.hardState.term, state.term);
        }
      }
      await log.close();
    }),
    { numRuns: 80 },
  );
});
