/** Clusters for tests: members in this process, or as child processes, on ports and directories of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Brain, type BrainOptionValues, type BrainOptions, brainSettings, startBrain } from '@flotilla/brain';
import {
  type Channel,
  authService,
  clusterService,
  connectService,
  kvService,
  leaseService,
  maintenanceService,
  openChannel,
  watchService,
} from '@flotilla/wire';
import { reservePorts } from './reserve-ports.ts';

export interface MemberPlan {
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly dataDir: string;
  /** `--flag value` pairs as option values. */
  readonly options: Partial<BrainOptionValues>;
  /** Command that runs its process somewhere else, in front of it. */
  readonly launcher?: readonly string[];
}

export interface ClusterPlan {
  readonly directory: string;
  readonly members: readonly MemberPlan[];
  readonly endpoints: readonly string[];
  /** Removes all directories. */
  clean(): Promise<void>;
}

export async function planCluster(size: number, extra: Partial<BrainOptionValues> = {}): Promise<ClusterPlan> {
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'flotilla-brain-'));
  const ports = await reservePorts(2 * size);
  const names = Array.from({ length: size }, (_, i) => `m${i + 1}`);
  const peerUrl = (i: number): string => `http://127.0.0.1:${ports[2 * i + 1] ?? 0}`;
  const initialCluster = names.map((name, i) => `${name}=${peerUrl(i)}`).join(',');
  const members = names.map((name, i) => {
    const clientUrl = `http://127.0.0.1:${ports[2 * i] ?? 0}`;
    const dataDir = path.join(directory, name);
    const options: Partial<BrainOptionValues> = {
      name,
      'data-dir': dataDir,
      'listen-client-urls': [clientUrl],
      'advertise-client-urls': [clientUrl],
      'listen-peer-urls': [peerUrl(i)],
      'initial-advertise-peer-urls': [peerUrl(i)],
      'initial-cluster': initialCluster,
      ...extra,
    };
    return { name, clientPort: ports[2 * i] ?? 0, peerPort: ports[2 * i + 1] ?? 0, dataDir, options };
  });
  return {
    directory,
    members,
    endpoints: members.map((member) => `127.0.0.1:${member.clientPort}`),
    clean: () => fs.rm(directory, { recursive: true, force: true }),
  };
}

export function startMember(plan: MemberPlan, extra: Omit<BrainOptions, 'settings'> = {}): Promise<Brain> {
  return startBrain({ settings: brainSettings(plan.options), ...extra });
}

/** Starts all members in this process, and waits until they serve. */
export async function startAll(
  plan: ClusterPlan,
  extra: Omit<BrainOptions, 'settings'> = {},
): Promise<readonly Brain[]> {
  const brains = await Promise.all(plan.members.map((member) => startMember(member, extra)));
  await Promise.all(brains.map((brain) => brain.ready));
  return brains;
}

/** Resolves once `condition` holds; looks at it again and again. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The etcd services of one endpoint. */
export interface TestClient {
  readonly channel: Channel;
  readonly kv: ReturnType<typeof connectService<typeof kvService>>;
  readonly lease: ReturnType<typeof connectService<typeof leaseService>>;
  readonly watch: ReturnType<typeof connectService<typeof watchService>>;
  readonly maintenance: ReturnType<typeof connectService<typeof maintenanceService>>;
  readonly cluster: ReturnType<typeof connectService<typeof clusterService>>;
  readonly auth: ReturnType<typeof connectService<typeof authService>>;
  close(): void;
}

export function connect(target: string): TestClient {
  // No pings: a member that a test stops for a while must not lose its clients.
  return clientOf(openChannel({ target, keepaliveMs: 3_600_000 }));
}

export function clientOf(channel: Channel): TestClient {
  return {
    channel,
    kv: connectService(channel, kvService),
    lease: connectService(channel, leaseService),
    watch: connectService(channel, watchService),
    maintenance: connectService(channel, maintenanceService),
    cluster: connectService(channel, clusterService),
    auth: connectService(channel, authService),
    close: () => channel.close(),
  };
}

/** A member as a child process. */
export interface MemberProcess {
  readonly child: ChildProcess;
  /** Lines it logged so far. */
  readonly log: string[];
  /** Resolves when it serves. */
  readonly ready: Promise<void>;
  /** Resolves with its exit code or signal. */
  readonly exited: Promise<number | NodeJS.Signals>;
}

const program = fileURLToPath(new URL('brain-process.js', import.meta.url));

/** @param command runs a member with the flags that follow; this package's own small program unless told. */
export function spawnMember(
  plan: MemberPlan,
  env: Readonly<Record<string, string>> = {},
  command: readonly string[] = [program],
): MemberProcess {
  const argv = Object.entries(plan.options).map(
    ([flag, value]) => `--${flag}=${Array.isArray(value) ? value.join(',') : String(value)}`,
  );
  const [file = '', ...args] = [...(plan.launcher ?? []), process.execPath, ...command, ...argv];
  const child = spawn(file, args, {
    // The channel tells the child when this process is gone.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ...env },
  });
  const log: string[] = [];
  const exited = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const ready = new Promise<void>((resolve, reject) => {
    if (!child.stderr) throw new Error('a child has no stderr');
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.push(line);
      if (line.includes('ready to serve client requests')) resolve();
    });
    void exited.then((code) => reject(new Error(`${plan.name} ended with ${code}:\n${log.join('\n')}`)));
  });
  ready.catch((error: unknown) => error);
  return { child, log, ready, exited };
}

export async function stopProcess(
  member: MemberProcess,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<number | NodeJS.Signals> {
  if (member.child.exitCode === null && member.child.signalCode === null) member.child.kill(signal);
  return await member.exited;
}
