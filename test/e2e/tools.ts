/** The programs of the machine that tests drive. Where one is missing the test is skipped, but never in CI. */
import { spawnSync } from 'node:child_process';

/** What to give tap as `skip`: false, or why. */
export function missingTools(...tools: readonly string[]): string | false {
  if (process.env['CI'] === 'true') return false;
  const missing = tools.filter((tool) => spawnSync('which', [tool]).status !== 0);
  return missing.length === 0 ? false : `${missing.join(' and ')} not found on this machine`;
}
