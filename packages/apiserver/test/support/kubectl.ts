/** The machine's own kubectl (and others that lie beside it), with a kubeconfig of one cluster. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Identity } from './certificates.ts';

const ownBinary = '/usr/bin/kubectl';
export const hasKubectl = existsSync(ownBinary);

/** The machine's own, and the oldest and the newest `kubectl.1.NN` beside it. */
export function kubectlBinaries(): readonly string[] {
  const directory = dirname(realpathSync(ownBinary));
  const others = readdirSync(directory).filter((name) => /^kubectl\.1\.\d+$/.test(name));
  const sorted = others.sort().map((name) => join(directory, name));
  return [ownBinary, ...new Set([...sorted.slice(0, 1), ...sorted.slice(-1)])];
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Kubectl {
  /** Runs it to its end. */
  run(args: readonly string[], input?: string): Promise<Ran>;
  /** Starts it, for commands that go on. */
  start(args: readonly string[]): ChildProcess;
  remove(): Promise<void>;
}

export async function createKubectl(
  address: string,
  ca: string,
  { cert, key }: Identity,
  binary = ownBinary,
): Promise<Kubectl> {
  const directory = await mkdtemp(join(tmpdir(), 'flotilla-kubectl-'));
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const config = join(directory, 'kubeconfig');
  await writeFile(
    config,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [{ name: 'test', cluster: { server: `https://${address}`, 'certificate-authority-data': base64(ca) } }],
      users: [{ name: 'test', user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    }),
    { mode: 0o600 },
  );
  const env = { ...process.env, KUBECONFIG: config, HOME: directory };
  return {
    run: (args, input) =>
      new Promise((resolve) => {
        const child = execFile(binary, [...args], { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
          resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr });
        });
        child.stdin?.end(input ?? '');
      }),
    start: (args) => spawn(binary, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'] }),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
