/** A real etcd for a test: the machine's, or the one that `ETCD_PATH` names, on free ports, with a directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createEtcdClient } from '@flotilla/etcd-client';

export interface TestEtcd {
  readonly endpoint: string;
  /** Kills it, and starts it again on the same data and ports. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Anything that takes etcd's flags; what the tests hold for etcd must hold for it. */
const binary = process.env['ETCD_PATH'] ?? '/usr/bin/etcd';

export async function startEtcd(): Promise<TestEtcd> {
  const directory = await mkdtemp(join(tmpdir(), 'flotilla-etcd-'));
  const clientUrl = `http://127.0.0.1:${await freePort()}`;
  const peerUrl = `http://127.0.0.1:${await freePort()}`;
  const start = (): ChildProcess =>
    spawn(
      binary,
      Object.entries({
        'data-dir': directory,
        name: 'one',
        'initial-cluster': `one=${peerUrl}`,
        'listen-client-urls': clientUrl,
        'advertise-client-urls': clientUrl,
        'listen-peer-urls': peerUrl,
        'initial-advertise-peer-urls': peerUrl,
        'log-level': 'fatal',
      }).map(([name, value]) => `--${name}=${value}`),
      { stdio: 'ignore' },
    );
  const end = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  let running = start();
  // A test that breaks must not leave it behind.
  const killIt = (): void => void running.kill('SIGKILL');
  process.once('exit', killIt);
  await answers(clientUrl);
  return {
    endpoint: clientUrl,
    async restart() {
      await end(running);
      running = start();
      await answers(clientUrl);
    },
    async stop() {
      process.off('exit', killIt);
      await end(running);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function answers(endpoint: string): Promise<void> {
  const client = createEtcdClient({ endpoints: [endpoint], timeoutMs: 30_000 });
  await client.kv.range({ key: 'ready' });
  client.close();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
