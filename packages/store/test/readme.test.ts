/** The README's example is run as it stands. */
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import t from 'tap';

t.test('the example of the README prints what its comments say', async (t) => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const promised = [...example.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map((match) => match[1]);
  // Beside the tests, so that the packages' names resolve.
  const path = new URL('./readme-example.mjs', import.meta.url);
  await writeFile(path, example);
  t.teardown(() => rm(path));
  const { stdout } = await promisify(execFile)(process.execPath, [path.pathname]);
  t.same(stdout.trim().split('\n'), promised);
  t.ok(promised.length > 0);
});
