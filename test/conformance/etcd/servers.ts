/**
 * What the rules are held against: one member, three members, and a real etcd from the machine's own packages, so that a
 * rule that we misread fails there. Where there is no etcd that part is left out, except in CI.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrainOptionValues, brainSettings, startBrain } from '@flotilla/brain';
import { connectService, maintenanceService, openChannel } from '@flotilla/wire';
import { freePorts } from '../../free-ports.ts';

const etcdBinary = process.env['ETCD_PATH'] ?? '/usr/bin/etcd';

export const hasEtcd = existsSync(etcdBinary) || process.env['CI'] === 'true';

/** The release whose rules a server of ours keeps. */
const flotillaLevel = '3.7';

/** Flags that a file of rules needs. */
export interface Flags {
  /** For every server. */
  readonly all?: Partial<BrainOptionValues>;
  /** Those that the etcd at hand does not know. */
  readonly flotilla?: Partial<BrainOptionValues>;
}

export interface Server {
  /** `3.4`: rules that are newer do not hold there. */
  readonly level: string;
  /** `host:port` of each member; the first one leads. */
  readonly targets: readonly string[];
  stop(): Promise<void>;
}

export interface ServerKind {
  readonly name: string;
  start(flags: Flags): Promise<Server>;
}

export const serverKinds: readonly ServerKind[] = [
  { name: 'one member', start: (flags) => startFlotilla(1, flags) },
  { name: 'three members', start: (flags) => startFlotilla(3, flags) },
  ...(hasEtcd ? [{ name: 'etcd', start: (flags: Flags) => startEtcd(1, flags) }] : []),
];

/** Three members of which two are gone: the third has no leader. */
export const leaderlessKinds: readonly ServerKind[] = [
  { name: 'a member without a leader', start: (flags) => leaderless(startFlotilla(3, flags)) },
  ...(hasEtcd ? [{ name: 'etcd without a leader', start: (flags: Flags) => leaderless(startEtcd(3, flags)) }] : []),
];

/** One server and the way to end it. */
interface RunningMember {
  readonly target: string;
  stop(): Promise<void>;
}

interface RunningServer extends Server {
  readonly members: readonly RunningMember[];
}

async function leaderless(starting: Promise<RunningServer>): Promise<Server> {
  const { members, ...server } = await starting;
  const [survivor, ...others] = members;
  if (!survivor) throw new Error('a server without members');
  await Promise.all(others.map((member) => member.stop()));
  const channel = openChannel({ target: survivor.target });
  const maintenance = connectService(channel, maintenanceService);
  while ((await maintenance.Status({})).errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  channel.close();
  return { ...server, targets: [survivor.target] };
}

/** Places for members that know each other. */
async function placesOf(size: number): Promise<{
  readonly directory: string;
  readonly initialCluster: string;
  readonly places: readonly { readonly name: string; readonly target: string; readonly peerUrl: string }[];
}> {
  const directory = await mkdtemp(join(tmpdir(), 'flotilla-conformance-'));
  const ports = await freePorts(2 * size);
  const places = Array.from({ length: size }, (_, i) => ({
    name: `m${i}`,
    target: `127.0.0.1:${ports[2 * i] ?? 0}`,
    peerUrl: `http://127.0.0.1:${ports[2 * i + 1] ?? 0}`,
  }));
  return { directory, places, initialCluster: places.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',') };
}

async function startFlotilla(size: number, flags: Flags): Promise<RunningServer> {
  const { directory, places, initialCluster } = await placesOf(size);
  const brains = await Promise.all(
    places.map(({ name, target, peerUrl }) => {
      const settings = brainSettings({
        name,
        'data-dir': join(directory, name),
        'listen-client-urls': [`http://${target}`],
        'advertise-client-urls': [`http://${target}`],
        'listen-peer-urls': [peerUrl],
        'initial-advertise-peer-urls': [peerUrl],
        'initial-cluster': initialCluster,
        ...flags.all,
        ...flags.flotilla,
      });
      return startBrain({ settings });
    }),
  );
  await Promise.all(brains.map((brain) => brain.ready));
  const leader = brains.findIndex((brain) => brain.status().isLeader);
  const inOrder = brains.map((_, i) => (leader + i) % size);
  return {
    level: flotillaLevel,
    targets: inOrder.map((i) => places[i]?.target ?? ''),
    members: brains.map((brain, i) => ({ target: places[i]?.target ?? '', stop: () => brain.close() })),
    async stop() {
      await Promise.all(brains.map((brain) => brain.close()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function startEtcd(size: number, flags: Flags): Promise<RunningServer> {
  const { directory, places, initialCluster } = await placesOf(size);
  const members = places.map(({ name, target, peerUrl }): RunningMember => {
    const given = {
      name,
      'data-dir': join(directory, name),
      'listen-client-urls': `http://${target}`,
      'advertise-client-urls': `http://${target}`,
      'listen-peer-urls': peerUrl,
      'initial-advertise-peer-urls': peerUrl,
      'initial-cluster': initialCluster,
      logger: 'zap',
      'log-outputs': '/dev/null',
      ...flags.all,
    };
    const argv = Object.entries(given).map(([flag, value]) => `--${flag}=${String(value)}`);
    const child = spawn(etcdBinary, argv, { stdio: 'ignore' });
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    return {
      target,
      async stop() {
        child.kill('SIGKILL');
        await exited;
      },
    };
  });
  const stop = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.stop()));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const versions = await Promise.all(places.map(({ target }) => versionOf(target)));
    const level = versions[0]?.split('.').slice(0, 2).join('.') ?? '';
    return { level, targets: places.map(({ target }) => target), members, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function versionOf(target: string): Promise<string> {
  const channel = openChannel({ target, maxReconnectBackoffMs: 100 });
  try {
    const maintenance = connectService(channel, maintenanceService);
    return (await maintenance.Status({}, { waitForReady: true, timeoutMs: 60_000 })).version;
  } finally {
    channel.close();
  }
}
