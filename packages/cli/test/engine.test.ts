/** What the process of a member tells V8 and its threads, on the Node whose threads have names: npm brings one when it is not this. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { arch, getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';

t.setTimeout(0);

const run = promisify(execFile);
const engine = fileURLToPath(new URL('../dist/components/engine.js', import.meta.url));

/** Prints name and niceness of each thread of a process that runs a store. */
const program = `
  import { readFileSync, readdirSync } from 'node:fs';
  import { runStoreFast } from ${JSON.stringify(engine)};
  runStoreFast();
  for (const id of readdirSync('/proc/self/task')) {
    const [, name, rest] = /^\\d+ \\((.*)\\) (.*)/.exec(readFileSync('/proc/self/task/' + id + '/stat', 'latin1'));
    console.log(name, rest.split(' ')[16]);
  }`;

const directory = await mkdtemp(join(tmpdir(), 'flotilla-node-'));
t.teardown(() => rm(directory, { recursive: true }));

/** A Node whose threads have names, or why there is none. */
async function findNode(): Promise<{ readonly node: string } | { readonly skip: string }> {
  if (process.platform !== 'linux') return { skip: 'only Linux shows threads' };
  if (Number.parseInt(process.versions.node, 10) >= 24) return { node: process.execPath };
  const name = `node-linux-${arch()}`;
  try {
    await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', directory, `${name}@24`]);
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return { skip: 'npm could not bring Node 24' };
  }
  return { node: join(directory, 'node_modules', name, 'bin', 'node') };
}

const found = await findNode();
const node = 'node' in found ? found.node : '';

/** Niceness of the threads of a name, each once. */
async function nicenessOf(name: string, launcher: readonly string[] = []): Promise<readonly (string | undefined)[]> {
  const [file, ...args] = [...launcher, node, '--input-type=module', '-e', program];
  const { stdout } = await run(file, args);
  const threads = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  return [...new Set(threads.filter(([of]) => of === name).map(([, nice]) => nice))];
}

/** Of this process, and of what it starts. */
const own = getPriority();
const skip = 'skip' in found && found.skip;

t.test("V8's own threads get what the others leave", { skip }, async (t) => {
  t.strictSame(await nicenessOf('V8Worker'), [String(Math.max(own, 10))]);
  t.strictSame(await nicenessOf('MainThread'), [String(own)]);
});

t.test('threads of a process that was begun with less keep that', { skip }, async (t) => {
  t.strictSame(await nicenessOf('V8Worker', ['nice', '-n', '15']), [String(Math.min(own + 15, 19))]);
});
