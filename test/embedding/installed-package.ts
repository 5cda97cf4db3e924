/** The npm package as a program finds it: packed, unpacked into a folder of its own, beside what it declares to depend on. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const repository = fileURLToPath(new URL('../../', import.meta.url));

export interface InstalledPackage {
  /** Programs in it find the package, and what else was asked for. */
  readonly directory: string;
  remove(): Promise<void>;
}

/** @param also packages that the program itself depends on. */
export async function installPackage(also: readonly string[]): Promise<InstalledPackage> {
  const directory = await mkdtemp(join(tmpdir(), 'flotilla-installed-'));
  const modules = join(directory, 'node_modules');
  const installed = join(modules, 'flotilla');
  await mkdir(installed, { recursive: true });
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], { cwd: repository });
  const [tarball] = (await readdir(directory)).filter((name) => name.endsWith('.tgz'));
  await run('tar', ['-xzf', join(directory, tarball ?? ''), '-C', installed, '--strip-components=1']);
  const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of [...Object.keys(dependencies), ...also]) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(repository, 'node_modules', name), join(modules, name));
  }
  return { directory, remove: () => rm(directory, { recursive: true }) };
}
