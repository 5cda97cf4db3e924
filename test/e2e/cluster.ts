/**
 * A cluster as users have one: `flotilla up` as a process, in a directory of its own, on ports of its own, ended with the test.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { give, unprivilegedUser } from './unprivileged.ts';
import { until } from './until.ts';

export const flotillaCommand = fileURLToPath(new URL('../../packages/cli/bin/flotilla.js', import.meta.url));
export const exampleManifest = fileURLToPath(new URL('../../examples/web.yaml', import.meta.url));

/** As much of a test as a fixture needs. */
export interface Teardown {
  teardown(callback: () => Promise<void> | void): void;
}

export interface ClusterShape {
  readonly processes?: 'separate' | 'one';
  readonly brains?: number;
  /** The store speaks TLS. */
  readonly tls?: boolean;
  readonly apiServers?: number;
  readonly schedulers?: number;
  readonly controllers?: number;
  readonly kubelets?: number;
  readonly electionTtlSeconds?: number;
  readonly monitorGraceSeconds?: number;
  /** Added to the environment of `flotilla up`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Called each time `flotilla up` is spawned: whoever measures starts the clock here. */
  readonly onSpawn?: () => void;
  /** Called with what `flotilla up` prints, as it comes. */
  readonly onPrinted?: (text: string) => void;
}

interface RunningProcess {
  readonly name: string;
  readonly component: string;
  readonly pid?: number;
  readonly state: string;
}

/** What etcd clients need where the store speaks TLS, as files. */
export interface StoreCredential {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** `running.json`, as far as tests read it. */
interface RunningFile {
  readonly pid: number;
  readonly kubeconfig: string;
  readonly brainEndpoints: readonly string[];
  readonly storeCredential?: StoreCredential;
  readonly apiServers: readonly { readonly name: string; readonly endpoint: string }[];
  readonly ready: boolean;
  readonly processes: readonly RunningProcess[];
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Cluster {
  readonly directory: string;
  readonly kubeconfig: string;
  readonly endpoints: readonly string[];
  running(): RunningFile;
  /** The process id of a component that runs. */
  pidOf(name: string): number;
  /** Signals a component by its name in the config. */
  kill(name: string, signal?: NodeJS.Signals): void;
  /** Waits until the supervisor says that a component runs under another process id. */
  untilBack(name: string, oldPid: number): Promise<void>;
  kubectl(...args: string[]): Promise<Output>;
  /** Parses what `kubectl -o json` prints; throws when kubectl fails. */
  kubectlJson(...args: string[]): Promise<unknown>;
  etcdctl(...args: string[]): Promise<Output>;
  /** Everything that `flotilla up` printed. */
  readonly printed: () => string;
  /** Stops in good order, and starts again on the same state. */
  stop(): Promise<number | null>;
  start(): Promise<void>;
}

/** The addresses of one cluster must not be another's: two may be up at once. */
function networkOf(): { podRange: string; serviceRange: string } {
  const second = 64 + 2 * Math.floor(Math.random() * 95);
  return { podRange: `127.${second}.0.0/16`, serviceRange: `127.${second + 1}.0.0/16` };
}

const named = (prefix: string, count: number): { name: string }[] =>
  Array.from({ length: count }, (_, i) => ({ name: `${prefix}-${i + 1}` }));

function configOf(shape: ClusterShape): unknown {
  return {
    name: 'e2e',
    processes: shape.processes ?? 'separate',
    ports: 'auto',
    brain: { members: named('brain', shape.brains ?? 3), tls: shape.tls ?? false },
    apiServers: named('apiserver', shape.apiServers ?? 2),
    schedulers: shape.schedulers ?? 2,
    controllers: shape.controllers ?? 2,
    kubelets: named('node', shape.kubelets ?? 3),
    electionTtlSeconds: shape.electionTtlSeconds ?? 5,
    nodes: { monitorGraceSeconds: shape.monitorGraceSeconds ?? 10 },
    network: networkOf(),
  };
}

/** Starts a cluster and waits until it says that it is ready. */
export async function startCluster(t: Teardown, shape: ClusterShape = {}): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-e2e-'));
  const user = unprivilegedUser(flotillaCommand);
  const configFile = join(directory, 'e2e.yaml');
  const runningFile = join(directory, '.flotilla', 'e2e', 'running.json');
  const kubeconfig = join(directory, '.flotilla', 'e2e', 'kubeconfig');
  writeFileSync(configFile, stringify(configOf(shape)), { mode: 0o644 });
  give(directory, user);

  let supervisor: ChildProcess | undefined;
  let printed = '';
  const env = { ...process.env, HOME: directory, KUBECONFIG: kubeconfig, ETCDCTL_API: '3' };
  const running = (): RunningFile => JSON.parse(readFileSync(runningFile, 'utf8')) as RunningFile;
  const isReady = (): boolean => {
    if (supervisor?.exitCode !== null) throw new Error(`flotilla up ended before the cluster was ready:\n${printed}`);
    try {
      return running().ready;
    } catch (error) {
      // The file is not there yet.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  };
  const start = async (): Promise<void> => {
    shape.onSpawn?.();
    const child = spawn(process.execPath, [flotillaCommand, 'up', '--config', configFile], {
      ...user,
      cwd: directory,
      env: { ...env, ...shape.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    supervisor = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
        shape.onPrinted?.(text);
      });
    }
    await until('the cluster is ready', isReady);
  };
  const stop = async (): Promise<number | null> => {
    if (!supervisor || supervisor.exitCode !== null || supervisor.signalCode !== null) return null;
    const ended = once(supervisor, 'exit');
    supervisor.kill('SIGINT');
    await ended;
    return supervisor.exitCode;
  };
  const run = (command: string, args: readonly string[]): Promise<Output> =>
    runCommand(command, args, { ...user, cwd: directory, env });
  const pidOf = (name: string): number => {
    const pid = running().processes.find((one) => one.name === name)?.pid;
    if (pid === undefined) throw new Error(`${name} does not run`);
    return pid;
  };

  t.teardown(async () => {
    await stop();
    rmSync(directory, { recursive: true, force: true });
  });
  await start();

  return {
    directory,
    kubeconfig,
    endpoints: running().brainEndpoints,
    running,
    pidOf,
    kill: (name, signal = 'SIGKILL') => void process.kill(pidOf(name), signal),
    untilBack: (name, oldPid) =>
      until(`${name} is back`, () => {
        const one = running().processes.find((process) => process.name === name);
        return one?.pid !== undefined && one.pid !== oldPid && one.state === 'ready';
      }),
    kubectl: (...args) => run('kubectl', args),
    async kubectlJson(...args) {
      const { code, stdout, stderr } = await run('kubectl', [...args, '-o', 'json']);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
      return JSON.parse(stdout) as unknown;
    },
    etcdctl: (...args) => {
      const { brainEndpoints, storeCredential } = running();
      return run('etcdctl', [`--endpoints=${brainEndpoints.join(',')}`, ...tlsFlags(storeCredential), ...args]);
    },
    printed: () => printed,
    stop,
    start,
  };
}

/** As etcdctl takes them. */
export function tlsFlags(credential: StoreCredential | undefined): readonly string[] {
  if (!credential) return [];
  const { authority, certificate, key } = credential;
  return [`--cacert=${authority}`, `--cert=${certificate}`, `--key=${key}`];
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** What it reads from its standard input; nothing unless told. */
  readonly input?: string;
}

/** Runs a command to its end. */
export async function runCommand(
  command: string,
  args: readonly string[],
  { input = '', ...options }: RunOptions = {},
): Promise<Output> {
  const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, stdout, stderr };
}
