/** RULES.md is true: each test that it names exists, and each test of a rule is named in it. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import t from 'tap';

const packages = new URL('../../', import.meta.url);
const rules = readFileSync(new URL('../RULES.md', import.meta.url), 'utf8');

/** Names of the tests of a file, as they stand in its source. */
function testsOf(source: string): readonly string[] {
  return [...source.matchAll(/\bt\.test\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g)].map(
    ([, single, double, template]) => single ?? double ?? template ?? '',
  );
}

/** What stands in the right column: `file` — name of a test; or `x.txt`, a transcript. */
const named = rules
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .flatMap((line) => [...(line.split('|')[2] ?? '').matchAll(/`([\w./-]+)`(?:: ([^<]*[^<\s]))?/g)])
  .map(([, file = '', test]) => ({ file, test }));

const sourceOf = (file: string): URL =>
  file.includes('/')
    ? new URL(`${file.replace('/', '/test/')}.test.ts`, packages)
    : new URL(`raft/test/${file}.test.ts`, packages);

t.test('each test and transcript that RULES.md names exists', (t) => {
  t.ok(named.length > 100, `${named.length} are named`);
  for (const { file, test } of named) {
    if (file.endsWith('.txt')) {
      t.ok(existsSync(new URL(`raft/test/transcripts/${file}`, packages)), file);
      continue;
    }
    const url = sourceOf(file);
    const names = existsSync(url) ? testsOf(readFileSync(url, 'utf8')) : [];
    t.ok(test !== undefined && names.includes(test), `${file}: ${test ?? 'which test?'}`);
  }
  t.end();
});

t.test('each rule of the paper and the thesis that has a test, and each transcript, stands in RULES.md', (t) => {
  const all = new Set(named.map(({ file, test }) => (test === undefined ? file : `${file}: ${test}`)));
  const folder = new URL('raft/test/', packages);
  for (const file of readdirSync(folder).filter((name) => /^paper-.*\.test\.ts$/.test(name))) {
    const stem = file.replace('.test.ts', '');
    for (const name of testsOf(readFileSync(new URL(file, folder), 'utf8'))) {
      t.ok(all.has(`${stem}: ${name}`), `${stem}: ${name}`);
    }
  }
  for (const file of readdirSync(new URL('transcripts/', folder))) t.ok(all.has(file), file);
  t.end();
});
