/** Members under strace. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { reservePorts } from '@flotilla/brain/test/reserve-ports';

/** What makes syncs do nothing, for `preload`. */
export const withoutSync = new URL('without-fdatasync.js', import.meta.url).href;

const command = fileURLToPath(new URL('../../node_modules/.bin/flotilla', import.meta.url));
const watched = 'pwrite64,pwritev,pwritev2,write,writev,sendmsg,sendto,fdatasync,fsync';

export interface TracedMember {
  readonly target: string;
  readonly traceFile: string;
  readonly dataDir: string;
  /** Ends it in good order, and its trace. */
  stop(): Promise<void>;
}

/** Starts members whose system calls are written down; `preload` is imported by each of them first, `flags` are more of its flags. */
export async function startTraced(
  directory: string,
  {
    count,
    preload,
    flags: more = [],
  }: { readonly count: number; readonly preload?: string | undefined; readonly flags?: readonly string[] },
): Promise<readonly TracedMember[]> {
  const ports = await reservePorts(2 * count);
  const peerUrl = (i: number): string => `http://127.0.0.1:${ports[2 * i] ?? 0}`;
  const names = Array.from({ length: count }, (_, i) => `m${i}`);
  const initialCluster = names.map((name, i) => `${name}=${peerUrl(i)}`).join(',');
  const members = names.map((name, i) => {
    const target = `127.0.0.1:${ports[2 * i + 1] ?? 0}`;
    const dataDir = path.join(directory, name);
    const traceFile = path.join(directory, `${name}.trace`);
    // With -D the child is the member, and strace ends when it does.
    const strace = ['-D', '-f', '-yy', '-xx', '-T', '-ttt', '-s', '65536', '-e', `trace=${watched}`, '-o', traceFile];
    const flags = [
      `--name=${name}`,
      `--data-dir=${dataDir}`,
      `--listen-client-urls=http://${target}`,
      `--advertise-client-urls=http://${target}`,
      `--listen-peer-urls=${peerUrl(i)}`,
      `--initial-advertise-peer-urls=${peerUrl(i)}`,
      `--initial-cluster=${initialCluster}`,
      ...more,
    ];
    const argv = [...strace, process.execPath, command, 'brain', ...flags];
    const env = { ...process.env, ...(preload !== undefined && { NODE_OPTIONS: `--import=${preload}` }) };
    const child = spawn('strace', argv, { stdio: 'ignore', env });
    const exited = once(child, 'exit');
    const stop = async (): Promise<void> => {
      child.kill('SIGTERM');
      await exited;
      const end = new RegExp(`^${child.pid} +[\\d.]+ \\+\\+\\+ exited`, 'm');
      while (!end.test(await fs.readFile(traceFile, 'latin1'))) await sleep(20);
    };
    return { target, traceFile, dataDir, stop };
  });
  return members;
}
