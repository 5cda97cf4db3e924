/** A real etcd on free ports in a directory of its own, where the machine has one. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectService, maintenanceService, openChannel } from '@flotilla/wire';

const binary = process.env['ETCD_PATH'] ?? '/usr/bin/etcd';

/** Where there is none, tests are skipped, except in CI. */
export const hasEtcd = existsSync(binary) || process.env['CI'] === 'true';

export interface RealEtcd {
  /** `host:port` of the clients' side. */
  readonly target: string;
  /** Its release: `3.7`. */
  readonly level: string;
  stop(): Promise<void>;
}

export async function startEtcd(extraFlags: readonly string[] = []): Promise<RealEtcd> {
  const directory = await mkdtemp(join(tmpdir(), 'flotilla-etcd-'));
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const target = `127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  const flags = [
    ['--data-dir', join(directory, 'data')],
    ['--listen-client-urls', `http://${target}`],
    ['--advertise-client-urls', `http://${target}`],
    ['--listen-peer-urls', peer],
    ['--initial-advertise-peer-urls', peer],
    ['--initial-cluster', `default=${peer}`],
    ['--logger', 'zap'],
    ['--log-outputs', '/dev/null'],
  ];
  const child = spawn(binary, [...flags.flat(), ...extraFlags], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  const channel = openChannel({ target, maxReconnectBackoffMs: 100 });
  try {
    const maintenance = connectService(channel, maintenanceService);
    const { version } = await maintenance.Status({}, { waitForReady: true, timeoutMs: 60_000 });
    return { target, level: version.split('.', 2).join('.'), stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    channel.close();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
