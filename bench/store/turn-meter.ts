/**
 * Loaded into a member before anything else (`--import`): measures the turns of its event loop, as the time by which a timer of
 * 1 ms comes late. At SIGUSR2 it writes what it has found to a file and begins anew.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What a member writes. */
export interface Turns {
  readonly longestMs: number;
  readonly p99Ms: number;
}

/** Where the member of a process id writes. */
export function turnsFile(directory: string, pid: number): string {
  return join(directory, `${pid}.json`);
}

const directory = new URL(import.meta.url).searchParams.get('directory');
if (directory !== null) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  process.on('SIGUSR2', () => {
    const turns: Turns = { longestMs: delays.max / 1e6, p99Ms: delays.percentile(99) / 1e6 };
    delays.reset();
    const file = turnsFile(directory, process.pid);
    // Whoever waits for the file finds it whole.
    writeFileSync(`${file}.new`, JSON.stringify(turns));
    renameSync(`${file}.new`, file);
  });
}
