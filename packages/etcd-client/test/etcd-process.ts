/** Real etcd members on free ports and a directory of their own, for the tests of this package; `ETCD_PATH` names another binary. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const binary = process.env['ETCD_PATH'] ?? 'etcd';

export interface EtcdMember {
  /** `host:port` for clients. */
  readonly endpoint: string;
  /** Kills it as a power loss would. */
  kill(): Promise<void>;
  /** Freezes it: its sockets stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
  /** Starts it again on the same ports and data. */
  start(): Promise<void>;
}

export interface EtcdCluster {
  readonly members: readonly EtcdMember[];
  readonly endpoints: readonly string[];
  close(): Promise<void>;
}

/** The release of the binary: `3.7`. Flags have other names in some. */
export function etcdLevel(): string {
  const text = execFileSync(binary, ['--version'], { encoding: 'utf8' });
  return /etcd Version: (\d+\.\d+)/.exec(text)?.[1] ?? '';
}

/** Starts `size` members and waits until each answers `/health`. */
export async function startEtcd(size: number, extraFlags: readonly string[] = []): Promise<EtcdCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'etcd-client-test-'));
  const ports = await freePorts(size * 2);
  const places = Array.from({ length: size }, (_, i) => ({
    name: `m${i}`,
    clientPort: ports[2 * i] ?? 0,
    peerUrl: `http://127.0.0.1:${ports[2 * i + 1]}`,
  }));
  const initialCluster = places.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
  const members = places.map((place) => createMember({ ...place, directory, initialCluster, extraFlags }));
  const close = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.kill()));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await Promise.all(members.map((member) => member.start()));
  } catch (error) {
    await close();
    throw error;
  }
  return { members, endpoints: members.map((member) => member.endpoint), close };
}

interface MemberPlace {
  readonly name: string;
  readonly clientPort: number;
  readonly peerUrl: string;
  readonly directory: string;
  readonly initialCluster: string;
  readonly extraFlags: readonly string[];
}

function createMember(place: MemberPlace): EtcdMember {
  const clientUrl = `http://127.0.0.1:${place.clientPort}`;
  let child: ChildProcess | undefined;
  return {
    endpoint: `127.0.0.1:${place.clientPort}`,
    async start() {
      child = spawn(binary, flagsOf(place, clientUrl), { stdio: 'ignore' });
      await untilHealthy(clientUrl, child);
    },
    async kill() {
      const dying = child;
      child = undefined;
      if (!dying || dying.exitCode !== null) return;
      const gone = new Promise((resolve) => dying.once('exit', resolve));
      dying.kill('SIGKILL');
      await gone;
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  };
}

function flagsOf(place: MemberPlace, clientUrl: string): string[] {
  return [
    `--name=${place.name}`,
    `--data-dir=${join(place.directory, place.name)}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${place.peerUrl}`,
    `--initial-advertise-peer-urls=${place.peerUrl}`,
    `--initial-cluster=${place.initialCluster}`,
    '--heartbeat-interval=50',
    '--election-timeout=300',
    ...place.extraFlags,
  ];
}

async function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`etcd ended with ${child.exitCode}`);
    const healthy = await fetch(`${url}/health`).then(
      async (response) => (await response.text()).includes('"true"'),
      () => false,
    );
    if (healthy) return;
    await delay(20);
  }
}

/** Ports of outgoing connections begin here on most systems: below, none of them takes the port of a member that is away. */
const firstOutgoingPort = 32_768;
const firstPort = 10_240;

async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = firstPort + Math.floor(Math.random() * (firstOutgoingPort - firstPort));
    const server = held.has(port) ? undefined : await hold(port);
    if (server) held.set(port, server);
  }
  await Promise.all([...held.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...held.keys()];
}

/** Undefined when somebody has the port. */
function hold(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}
