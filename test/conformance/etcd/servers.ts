/**
 * What the rules are held against: one member, three members, and a real etcd from the machine's own packages, so that a
 * rule that we misread fails there. Where there is no etcd that part is left out, except in CI. `ETCD_PATH` names another
 * etcd: a newer one is held to more rules (docs/conformance.md).
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Brain, type BrainOptionValues, brainSettings, startBrain } from '@flotilla/brain';
import { type ChannelTls, connectService, kvService, maintenanceService, openChannel } from '@flotilla/wire';
import { reservePorts } from '@flotilla/brain/test/reserve-ports';

const etcdBinary = process.env['ETCD_PATH'] ?? '/usr/bin/etcd';

export const hasEtcd = existsSync(etcdBinary) || process.env['CI'] === 'true';

export type Level = '3.5' | '3.6' | '3.7';

/** The release whose rules a server of ours keeps. */
const flotillaLevel: Level = '3.7';

/** Flags that a file of rules needs. */
export interface Flags {
  /** For every server. */
  readonly all?: Partial<BrainOptionValues>;
  /** For servers of that release and later ones: those before do not know them. */
  readonly since?: Partial<Record<Level, Partial<BrainOptionValues>>>;
  /** Clients speak TLS with these; the flags must give the servers theirs. Clear text unless told. */
  readonly tls?: ChannelTls;
}

export interface Server {
  /** `3.4`: rules that are newer do not hold there. */
  readonly level: string;
  /** False for etcd: rules where we differ on purpose do not hold there. */
  readonly isOurs: boolean;
  /** `host:port` of each member; the first one leads. */
  readonly targets: readonly string[];
  /** Of a server that died once: its cluster's id and the first member's, before that. */
  readonly idsBeforeDeath?: string;
  /** A place for one more member. */
  place(name: string): Promise<Place>;
  /** Starts a member that was added there; it ends with the server, if not before. */
  join(place: Place, initialCluster: string): Promise<RunningMember>;
  stop(): Promise<void>;
}

export interface ServerKind {
  readonly name: string;
  start(flags: Flags): Promise<Server>;
}

export const ourThree: ServerKind = { name: 'three members', start: (flags) => startFlotilla(3, flags) };

export const serverKinds: readonly ServerKind[] = [
  { name: 'one member', start: (flags) => startFlotilla(1, flags) },
  ourThree,
  ...(hasEtcd ? [{ name: 'etcd', start: (flags: Flags) => startEtcd(1, flags) }] : []),
];

/** Three members of which two are gone: the third has no leader. */
export const leaderlessKinds: readonly ServerKind[] = [
  { name: 'a member without a leader', start: (flags) => leaderless(startFlotilla(3, flags)) },
  ...(hasEtcd ? [{ name: 'etcd without a leader', start: (flags: Flags) => leaderless(startEtcd(3, flags)) }] : []),
];

/** What a cluster is given before it dies: writes of one key, from revision 2 on. */
export const keyBeforeDeath = 'before';
export const writesBeforeDeath = 5;

/** Three members that have died; the first one goes on alone. */
export const survivorKinds: readonly ServerKind[] = [
  { name: 'a survivor', start: (flags) => survivor(startFlotilla(3, flags)) },
  ...(hasEtcd ? [{ name: 'a survivor of etcd', start: (flags: Flags) => survivor(startEtcd(3, flags)) }] : []),
];

/** Where a member runs. */
export interface Place {
  readonly name: string;
  readonly target: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly dataDir: string;
}

/** One server and the way to end it. */
export interface RunningMember {
  readonly target: string;
  /** Resolves when it has ended, by itself or not; true: it had to stop. */
  readonly ended: Promise<boolean>;
  stop(): Promise<void>;
}

interface RunningServer extends Server {
  readonly members: readonly RunningMember[];
  /** Starts the member again that `targets` names first, with one more flag; resolves when it serves. */
  restart(more: Partial<BrainOptionValues>): Promise<void>;
}

async function survivor(starting: Promise<RunningServer>): Promise<Server> {
  const { members, restart, ...server } = await starting;
  const [target = ''] = server.targets;
  const channel = openChannel({ target });
  const kv = connectService(channel, kvService);
  const key = Buffer.from(keyBeforeDeath);
  for (let i = 1; i <= writesBeforeDeath; i++) await kv.Put({ key, value: Buffer.from(`write ${i}`) });
  // etcd throws away what it has not written down as committed: the last write at least.
  for (let i = 0; i < 2; i++) await kv.Put({ key: Buffer.from('after') });
  const { header } = await kv.Range({ key });
  channel.close();
  await Promise.all(members.map((member) => member.stop()));
  await restart({ 'force-new-cluster': true });
  const idsBeforeDeath = `${header?.cluster_id?.toString()} ${header?.member_id?.toString()}`;
  return { ...server, idsBeforeDeath, targets: [target] };
}

async function leaderless(starting: Promise<RunningServer>): Promise<Server> {
  const { members, restart: _, ...server } = await starting;
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
async function placesOf(
  size: number,
  flags: Flags,
): Promise<{
  readonly directory: string;
  readonly initialCluster: string;
  readonly places: readonly Place[];
}> {
  const directory = await mkdtemp(join(tmpdir(), 'flotilla-conformance-'));
  const ports = await reservePorts(2 * size);
  const places = Array.from({ length: size }, (_, i) =>
    placeAt(flags, { directory, name: `m${i}`, clientPort: ports[2 * i] ?? 0, peerPort: ports[2 * i + 1] ?? 0 }),
  );
  return { directory, places, initialCluster: places.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',') };
}

/** A place for one more. */
async function placeIn(directory: string, name: string, flags: Flags): Promise<Place> {
  const [clientPort = 0, peerPort = 0] = await reservePorts(2);
  return placeAt(flags, { directory, name, clientPort, peerPort });
}

function placeAt(
  { tls }: Flags,
  at: { readonly directory: string; readonly name: string; readonly clientPort: number; readonly peerPort: number },
): Place {
  const target = `127.0.0.1:${at.clientPort}`;
  return {
    name: at.name,
    target,
    clientUrl: `${tls ? 'https' : 'http'}://${target}`,
    peerUrl: `http://127.0.0.1:${at.peerPort}`,
    dataDir: join(at.directory, at.name),
  };
}

/** The flags of a member, as both programs know them. */
function flagsOf({ name, clientUrl, peerUrl, dataDir }: Place, initialCluster: string) {
  return {
    name,
    'data-dir': dataDir,
    'listen-client-urls': clientUrl,
    'advertise-client-urls': clientUrl,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': initialCluster,
  } as const;
}

function flagsFor(level: string, { all, since = {} }: Flags): Partial<BrainOptionValues> {
  const known = Object.entries(since).filter(([first]) => first <= level);
  return Object.assign({}, all, ...known.map(([, flags]) => flags)) as Partial<BrainOptionValues>;
}

interface StartedBrain extends RunningMember {
  readonly brain: Brain;
}

async function startBrainAt(
  place: Place,
  initialCluster: string,
  more: Partial<BrainOptionValues>,
): Promise<StartedBrain> {
  const { name, ...rest } = flagsOf(place, initialCluster);
  const urls = Object.fromEntries(
    Object.entries(rest).map(([flag, value]) => [flag, flag.endsWith('-urls') ? [value] : value]),
  );
  const brain = await startBrain({ settings: brainSettings({ name, ...urls, ...more }) });
  const ended = brain.stopped.then(
    () => false,
    () => true,
  );
  return { target: place.target, brain, ended, stop: () => brain.close() };
}

async function startFlotilla(size: number, flags: Flags): Promise<RunningServer> {
  const { directory, places, initialCluster } = await placesOf(size, flags);
  const more = flagsFor(flotillaLevel, flags);
  const members = await Promise.all(places.map((place) => startBrainAt(place, initialCluster, more)));
  await Promise.all(members.map(({ brain }) => brain.ready));
  const leader = members.findIndex(({ brain }) => brain.status().isLeader);
  const inOrder = members.map((_, i) => (leader + i) % size);
  const all: RunningMember[] = [...members];
  return {
    level: flotillaLevel,
    isOurs: true,
    targets: inOrder.map((i) => places[i]?.target ?? ''),
    members,
    place: (name) => placeIn(directory, name, flags),
    async restart(flag) {
      const place = places[inOrder[0] ?? 0];
      if (!place) throw new Error('a server without members');
      const member = await startBrainAt(place, initialCluster, { ...more, ...flag });
      all.push(member);
      await member.brain.ready;
    },
    async join(place, joined) {
      const member = await startBrainAt(place, joined, { ...more, 'initial-cluster-state': 'existing' });
      all.push(member);
      return member;
    },
    async stop() {
      await Promise.all(all.map((member) => member.stop()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function startEtcdAt(place: Place, initialCluster: string, more: Partial<BrainOptionValues>): RunningMember {
  const given = { ...flagsOf(place, initialCluster), logger: 'zap', 'log-outputs': '/dev/null', ...more };
  const argv = Object.entries(given).map(([flag, value]) => `--${flag}=${String(value)}`);
  const child = spawn(etcdBinary, argv, { stdio: 'ignore' });
  let isStopped = false;
  const ended = new Promise<boolean>((resolve) => child.once('exit', () => resolve(!isStopped)));
  return {
    target: place.target,
    ended,
    async stop() {
      isStopped = true;
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** What `etcd --version` says: flags must fit before a server can be asked. */
function etcdLevel(): string {
  const said = execFileSync(etcdBinary, ['--version'], { encoding: 'utf8' });
  const level = /^etcd Version: (\d+\.\d+)\./m.exec(said)?.[1];
  if (level === undefined) throw new Error(`${etcdBinary} does not say which etcd it is`);
  return level;
}

export async function startEtcd(size: number, flags: Flags): Promise<RunningServer> {
  const { directory, places, initialCluster } = await placesOf(size, flags);
  const level = etcdLevel();
  const more = flagsFor(level, flags);
  const members = places.map((place) => startEtcdAt(place, initialCluster, more));
  const all = [...members];
  const stop = async (): Promise<void> => {
    await Promise.all(all.map((member) => member.stop()));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await Promise.all(places.map(({ target }) => untilServed(target, flags.tls)));
    return {
      level,
      isOurs: false,
      targets: places.map(({ target }) => target),
      members,
      place: (name) => placeIn(directory, name, flags),
      async restart(flag) {
        const [place] = places;
        if (!place) throw new Error('a server without members');
        all.push(startEtcdAt(place, initialCluster, { ...more, ...flag }));
        await untilServed(place.target, flags.tls);
      },
      join(place, joined) {
        const member = startEtcdAt(place, joined, { ...more, 'initial-cluster-state': 'existing' });
        all.push(member);
        return Promise.resolve(member);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function untilServed(target: string, tls: ChannelTls | undefined): Promise<void> {
  const channel = openChannel({ target, maxReconnectBackoffMs: 100, ...(tls && { tls }) });
  try {
    const maintenance = connectService(channel, maintenanceService);
    await maintenance.Status({}, { waitForReady: true, timeoutMs: 60_000 });
  } finally {
    channel.close();
  }
}
