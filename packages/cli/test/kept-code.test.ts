/** Code that is kept between runs: whose it must be, and that nothing depends on it. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';

const run = promisify(execFile);
const keptCode = fileURLToPath(new URL('../dist/kept-code.js', import.meta.url));
const uid = process.getuid?.() ?? 0;

interface Place {
  /** Where code is kept, once something is. */
  readonly directory: string;
  /** Runs a script of this version in a process of its own. @returns what it prints */
  run(version: string, env?: Readonly<Record<string, string>>): Promise<string>;
  kept(): Promise<readonly string[]>;
}

async function makePlace(t: Test): Promise<Place> {
  const base = await mkdtemp(join(tmpdir(), 'flotilla-kept-'));
  t.teardown(() => rm(base, { recursive: true }));
  const directory = join(base, `flotilla-code-${uid}`);
  const script = join(base, 'some-process.cjs');
  const program = `import { runScript } from ${JSON.stringify(keptCode)}; runScript(${JSON.stringify(script)});`;
  return {
    directory,
    async run(version, env = {}) {
      const digest = version.repeat(40).slice(0, 40);
      const body = `const greet = () => 'version ${version} at ' + filename; console.log(greet()); keepCode();`;
      await writeFile(script, `//${digest}\n(function (require, filename, keepCode) { ${body} })`);
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], {
        env: { ...process.env, TMPDIR: base, ...env },
      });
      return stdout.replace(script, 'there').trim();
    },
    kept: () => readdir(directory).catch(() => []),
  };
}

t.test('code is kept for its user alone, and taken', async (t) => {
  const place = await makePlace(t);
  t.equal(await place.run('a'), 'version a at there');
  const [kept = ''] = await place.kept();
  t.equal((await stat(place.directory)).mode & 0o777, 0o700);
  const file = join(place.directory, kept);
  t.equal((await stat(file)).mode & 0o777, 0o600);
  const before = await stat(file);
  t.equal(await place.run('a'), 'version a at there');
  t.equal((await stat(file)).ino, before.ino, 'what was taken is not kept again');
  t.strictSame(await place.kept(), [kept], 'nothing else is left there');
});

t.test('another version has code of its own', async (t) => {
  const place = await makePlace(t);
  await place.run('a');
  t.equal(await place.run('b'), 'version b at there');
  t.equal(await place.run('a'), 'version a at there');
  t.equal((await place.kept()).length, 2);
});

t.test('damaged code is not taken, and replaced', async (t) => {
  const place = await makePlace(t);
  await place.run('a');
  const [kept = ''] = await place.kept();
  const file = join(place.directory, kept);
  const whole = await readFile(file);
  const flipped = Buffer.from(whole);
  const middle = whole.length >> 1;
  flipped.writeUInt8(flipped.readUInt8(middle) ^ 1, middle);
  for (const damaged of [Buffer.alloc(0), Buffer.from('no'), whole.subarray(0, middle), flipped]) {
    await writeFile(file, damaged);
    t.equal(await place.run('a'), 'version a at there');
    t.notSame(await readFile(file), damaged, `${damaged.length} bytes of ${whole.length}`);
  }
});

t.test('nothing is kept for those who want no such thing', async (t) => {
  const place = await makePlace(t);
  t.equal(await place.run('a', { NODE_DISABLE_COMPILE_CACHE: '1' }), 'version a at there');
  t.strictSame(await place.kept(), []);
});

t.test('a directory that others may write to is left alone', async (t) => {
  const place = await makePlace(t);
  await mkdir(place.directory);
  await chmod(place.directory, 0o777);
  t.equal(await place.run('a'), 'version a at there');
  t.strictSame(await place.kept(), []);
});

t.test('so is a file in its place', async (t) => {
  const place = await makePlace(t);
  await writeFile(place.directory, 'not a directory');
  t.equal(await place.run('a'), 'version a at there');
  t.equal(await readFile(place.directory, 'utf8'), 'not a directory');
});

t.test('no script of the bundle imports dynamically: with kept code it could not', async (t) => {
  const bundle = fileURLToPath(new URL('../dist/bundle/', import.meta.url));
  const scripts = (await readdir(bundle)).filter((name) => name.endsWith('-process.cjs'));
  t.equal(scripts.length, 6);
  for (const name of scripts) t.notMatch(await readFile(join(bundle, name), 'utf8'), /\bimport\(/, name);
});
