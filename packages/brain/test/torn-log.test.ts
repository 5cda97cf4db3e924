/**
 * Every write of a scripted history is torn in many ways while it is under way: any part of its bytes may have reached the disk,
 * in any order, with the new size of the file or without it. Whatever had returned before is there afterwards.
 */
import t from 'tap';
import { seededRandomness } from '@flotilla/base';
import { entriesOf, openLog } from './log-harness.ts';
import { type Change, type Image, createMemoryFiles } from './memory-files.ts';

interface Crash {
  readonly image: Image;
  /** What had returned by then, and what was under way: either may be found. */
  readonly expected: readonly Expected[];
}

interface Expected {
  readonly term: number;
  readonly last: number;
  readonly lastTerm: number;
}

const sectorBytes = 64;

/** Each sector as it was or as it was to be. */
function torn({ before, after }: Change, random: () => number): Uint8Array {
  const grown = random() < 0.7;
  const content = new Uint8Array(grown ? Math.max(before.length, after.length) : before.length);
  content.set(before.subarray(0, content.length));
  const keep = random();
  for (let at = 0; at < Math.min(after.length, content.length); at += sectorBytes) {
    if (random() < keep) content.set(after.subarray(at, Math.min(at + sectorBytes, content.length)), at);
  }
  return content;
}

async function crashesOf(seed: number): Promise<readonly Crash[]> {
  const random = seededRandomness(seed);
  const crashes: Crash[] = [];
  let done: Expected = { term: 0, last: 0, lastTerm: 0 };
  let next = done;
  let open = false;
  const files = createMemoryFiles(new Map(), {
    onChange(change) {
      if (!open) return;
      for (let i = 0; i < 3; i++) {
        const image = files.durableImage();
        // A name that no sync covers may be there all the same.
        if (image.has(change.path) || random.next() < 0.5)
          image.set(
            change.path,
            torn(change, () => random.next()),
          );
        crashes.push({ image, expected: [done, next] });
      }
    },
  });
  const { log } = await openLog(files, { segmentBytes: 700 });
  open = true;
  for (let term = 1; term < 25; term++) {
    const first = term % 5 === 0 ? Math.max(1, done.last - 1) : done.last + 1;
    const count = 1 + Math.floor(random.next() * 6);
    next = { term, last: first + count - 1, lastTerm: term };
    await log.append({
      hardState: { term, vote: 0n, commit: 0 },
      entries: entriesOf(term, first, first + count, Math.floor(random.next() * 90)),
    });
    done = next;
    if (term % 8 === 0) await log.truncateFront(done.last - 2);
    if (term % 11 !== 0) continue;
    // The second one ends before what was synced, and was never committed.
    const at = { index: term === 11 ? done.last + 3 : done.last - 4, term };
    next = { term, last: at.index, lastTerm: term };
    await log.append({ hardState: { term, vote: 0n, commit: 0 }, installing: at });
    await log.restart(at);
    done = next;
  }
  open = false;
  await log.close();
  return crashes;
}

t.test('whatever part of a write reaches the disk, all that had returned before is found', async (t) => {
  let checked = 0;
  for (let seed = 1; seed <= 8; seed++) {
    for (const { image, expected } of await crashesOf(seed)) {
      const [done, next] = expected;
      if (!done || !next) throw new Error('two states');
      const { recovered, log } = await openLog(createMemoryFiles(image), { segmentBytes: 700 });
      const last = recovered.entries.at(-1) ?? recovered.base;
      const { term } = recovered.hardState;
      // A batch that never returned may stand whole, in part or not at all; one that replaces a suffix may have removed it.
      const rewrites = last.term === next.term && last.index <= next.last;
      const isDone = last.index === done.last && last.term === done.lastTerm;
      const removed = last.index < done.last && term === next.term;
      if (term < done.term || term > next.term || !(isDone || rewrites || removed)) {
        t.fail(`seed ${seed}: term ${term}, ends with ${last.index}@${last.term}`, { done, next });
      }
      await log.append({
        hardState: { term: 99, vote: 0n, commit: 0 },
        entries: entriesOf(99, last.index + 1, last.index + 3),
      });
      await log.close();
      checked++;
    }
  }
  t.ok(checked > 800, `${checked} crashes`);
});
