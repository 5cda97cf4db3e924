/**
 * Every file of a member's data directory, damaged in every way, one damage at a time. A member that starts on it has lost
 * nothing that it had acknowledged, forgot no vote, and holds a state that there was; any other refuses, and says which file,
 * where in it, and what to do. `DAMAGES` and `SEED` make it try more and other places.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { seededRandomness } from '@flotilla/base';
import { contentEndOf, damagesOf, filesUnder, shortKeysOf } from './damage.ts';
import { type Image, type Past, makePast } from './image.ts';
import { damagedMembersComeBack, rolledBackMembersAreStopped } from './rejoin.ts';
import { type LoneStart, type Started, startAlone } from './lone-start.ts';

t.setTimeout(0);

const seed = Number(process.env['SEED'] ?? 1);
const more = Number(process.env['DAMAGES'] ?? 4);
const wayOut = /replace this member|start the version that wrote it|stop that one/i;
const place = /offset \d+|row [0-9a-f]+|is missing|rows|head|cannot be (read|opened)|has a format/;

/** What is wrong with a start on damaged files; nothing if all is well. */
function wrongWith(start: LoneStart, image: Image, { entries, hashes }: Past, directory: string): readonly string[] {
  if (start.kind === 'refused') {
    const { code, message } = start;
    const expected = { 'a code of its own': code !== undefined, 'the file': message.includes(directory) };
    const more = { 'the place': place.test(message), 'the way out': wayOut.test(message) };
    const missing = Object.entries({ ...expected, ...more }).filter(([, holds]) => !holds);
    return missing.length === 0 ? [] : [`refused without ${missing.map(([what]) => what).join(', ')}: ${message}`];
  }
  return [
    ...(start.lastIndex === image.lastIndex ? [] : [`its log ends with ${start.lastIndex}, not ${image.lastIndex}`]),
    ...(start.term === image.term && start.vote === image.vote ? [] : ['it forgot its term or vote']),
    ...(hashes[start.appliedIndex] === start.stateHash ? [] : [`its state at ${start.appliedIndex} never was`]),
    ...differingEntries(start, entries),
  ];
}

function differingEntries({ entries }: Started, known: Past['entries']): readonly string[] {
  return entries
    .filter((entry) => {
      const other = known[entry.index - 1];
      return other?.term !== entry.term || Buffer.compare(other.data, entry.data) !== 0;
    })
    .map(({ index }) => `its entry ${index} is another one`);
}

const past = await makePast();
t.teardown(() => past.plan.clean());

t.test('a member whose files were damaged starts without a loss, or refuses', async (t) => {
  t.equal(past.hashes.length, past.entries.length + 1);
  const randomness = seededRandomness(seed);
  const random = (): number => randomness.next();
  // Files in memory are as good, and thousands of syncs faster.
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'flotilla-damaged-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  for (const image of past.images) {
    await t.test(image.name, async (t) => {
      const names = await filesUnder(image.directory);
      const segments = names.filter((name) => name.startsWith('log/'));
      t.ok(segments.length >= 2, `${segments.length} segments`);
      t.ok(
        names.some((name) => name.endsWith('.ldb')),
        'tables on disk',
      );
      t.ok(
        names.some((name) => name.endsWith('.values')),
        'and files of values',
      );
      const counts = { started: 0, refused: 0, shortKeys: 0 };
      for (const name of names) {
        const content = await readFile(join(image.directory, name));
        const contentEnd = contentEndOf(content);
        const shortKeys = name.endsWith('.ldb') ? shortKeysOf(content) : [];
        counts.shortKeys += shortKeys.length;
        for (const damage of [...shortKeys, ...damagesOf(content.length, { random, more, contentEnd })]) {
          await cp(image.directory, directory, { recursive: true });
          await damage.apply(join(directory, name));
          const start = await startAlone(image.plan, directory);
          counts[start.kind]++;
          const isMissed = shortKeys.includes(damage) && start.kind !== 'refused';
          const wrong = isMissed ? ['it was not found'] : wrongWith(start, image, past, directory);
          t.strictSame(wrong, [], `${damage.name} ${name}, seed ${seed}`);
          await rm(directory, { recursive: true });
        }
      }
      t.comment(`${counts.started} starts, ${counts.refused} refusals`);
      t.ok(counts.started > 0 && counts.refused > 0);
      t.ok(counts.shortKeys > 0, 'a table begins with a short key');
    });
  }
});

t.test('a damaged member comes back to a cluster that went on, or says why not', (t) =>
  damagedMembersComeBack(t, past),
);

t.test('a member whose whole directory is of an earlier time is stopped by its leader', (t) =>
  rolledBackMembersAreStopped(t, past),
);
