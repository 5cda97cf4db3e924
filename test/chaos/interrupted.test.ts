/** `make chaos` that is told to stop in the middle of a round leaves nothing behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { childProcesses } from '../e2e/processes.ts';
import { until } from '../e2e/until.ts';
import { namespacesMissing } from './namespaces.ts';

t.setTimeout(0);

const program = fileURLToPath(new URL('main.js', import.meta.url));
const missing = namespacesMissing();
const members = 3;

const cases = [
  { where: 'on loopback', NAMESPACES: 'none', signal: 'SIGTERM', skip: false },
  { where: 'in namespaces', NAMESPACES: 'all', signal: 'SIGINT', skip: missing ?? false },
] as const;

for (const { where, NAMESPACES, signal, skip } of cases) {
  t.test(`a round ${where} that is ended by ${signal} takes its members and directories along`, { skip }, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'flotilla-interrupted-'));
    t.teardown(() => rmSync(directory, { recursive: true, force: true }));
    const env = { ...process.env, TMPDIR: directory, MINUTES: '1', MEMBERS: `${members}`, FAULTS: 'kill', NAMESPACES };
    const chaos = spawn(process.execPath, [program], { env, stdio: 'ignore' });
    t.teardown(() => chaos.kill('SIGKILL'));
    const exited = once(chaos, 'exit');
    // Its own process and the members: each has the directory from it.
    const processes = (): number[] => childProcesses((environment) => environment.includes(`TMPDIR=${directory}`));
    await until('its members run', () => processes().length > members);
    chaos.kill(signal);
    t.strictSame(await exited, [130, null]);
    await until('its processes are gone', () => processes().length === 0);
    t.strictSame(readdirSync(directory), []);
  });
}
