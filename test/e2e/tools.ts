/** The programs of the machine that tests drive. Where one is missing the test is skipped, but never in CI. */
import { spawnSync } from 'node:child_process';
import { readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What to give tap as `skip`: false, or why. */
export function missingTools(...tools: readonly string[]): string | false {
  if (process.env['CI'] === 'true') return false;
  const missing = tools.filter((tool) => spawnSync('which', [tool]).status !== 0);
  return missing.length === 0 ? false : `${missing.join(' and ')} not found on this machine`;
}

/** The kubectl of the machine, and every `kubectl.1.NN` that lies beside it. */
export function kubectlBinaries(): readonly string[] {
  const kubectl = realpathSync(spawnSync('which', ['kubectl'], { encoding: 'utf8' }).stdout.trim());
  const others = readdirSync(dirname(kubectl)).filter((name) => /^kubectl\.1\.\d+$/.test(name));
  return [kubectl, ...others.sort().map((name) => join(dirname(kubectl), name))];
}
