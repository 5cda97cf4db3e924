import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import t from 'tap';

t.test('the example of the README does what it says', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, example] = /```js\n([\s\S]*?)```/.exec(readme) ?? [];
  t.ok(example);
  // Beside the tests, so that the package is found by its name.
  const folder = mkdtempSync(join(fileURLToPath(new URL('.', import.meta.url)), 'readme-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'example.js');
  writeFileSync(file, `import assert from 'node:assert';\n${example?.replaceAll('console.assert', 'assert')}`);
  await t.resolves(import(pathToFileURL(file).href));
});
