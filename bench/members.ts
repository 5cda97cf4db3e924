/**
 * Three members of a store and nothing else, as plain processes: ours or a real etcd's, with the same flags. On addresses of
 * their own in 127.0.0.0/8, so that fixed ports are free and no port is lost between its choice and its use.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EtcdClient, createEtcdClient } from '@flotilla/etcd-client';
import { type Teardown, flotillaCommand } from '#e2e/cluster.js';
import { until } from '#e2e/until.js';

/** What to run as a member; etcd's flags follow. */
export interface MemberCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** @param node the binary that runs it; this process's own unless told */
export function flotillaBrain(node: string = process.execPath): MemberCommand {
  return { command: node, args: [flotillaCommand, 'brain'] };
}

/** @param path of the binary; the one on the PATH unless told */
export function etcd(path = 'etcd'): MemberCommand {
  return { command: path, args: [] };
}

/** A store that can be struck: three bare members, or those of a whole cluster. */
export interface Store {
  readonly endpoints: readonly string[];
  /** @param index of the member's endpoint */
  pidOf(index: number): number;
  /**
   * Sees to it that the member runs again, after its process `oldPid` has ended.
   * @returns when it was started at the earliest, on the clock of `performance.now()`
   */
  bringBack(index: number, oldPid: number): Promise<number>;
}

const defaultSize = 3;

/** Starts members and waits until all follow one leader. */
export async function startMembers(scope: Teardown, command: MemberCommand, size = defaultSize): Promise<Store> {
  const store = spawnMembers(scope, command, size);
  const client = createEtcdClient({ endpoints: store.endpoints });
  scope.teardown(() => client.close());
  await untilWhole(client);
  return store;
}

/** Starts members and waits for nothing. */
export function spawnMembers(scope: Teardown, { command, args }: MemberCommand, size = defaultSize): Store {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-bench-'));
  const network = `127.${64 + Math.floor(Math.random() * 190)}.${Math.floor(Math.random() * 256)}`;
  const places = Array.from({ length: size }, (_, i) => ({ name: `m${i + 1}`, host: `${network}.${i + 1}` }));
  const initialCluster = places.map(({ name, host }) => `${name}=http://${host}:2380`).join(',');
  const children: ChildProcess[] = [];
  let closed = false;
  const start = (index: number): void => {
    if (closed) throw new Error('the members were stopped for good');
    const { name, host } = places[index] ?? { name: '', host: '' };
    const flags = [
      `--name=${name}`,
      `--data-dir=${join(directory, name)}`,
      `--listen-client-urls=http://${host}:2379`,
      `--advertise-client-urls=http://${host}:2379`,
      `--listen-peer-urls=http://${host}:2380`,
      `--initial-advertise-peer-urls=http://${host}:2380`,
      `--initial-cluster=${initialCluster}`,
      '--heartbeat-interval=100',
      '--election-timeout=1000',
    ];
    children[index] = spawn(command, [...args, ...flags], { stdio: 'ignore' });
  };
  const childAt = (index: number): ChildProcess => {
    const child = children[index];
    if (!child) throw new Error(`there is no member ${index}`);
    return child;
  };
  scope.teardown(async () => {
    closed = true;
    await Promise.all(children.map((child) => killed(child)));
    rmSync(directory, { recursive: true, force: true });
  });
  for (const index of places.keys()) start(index);
  return {
    endpoints: places.map(({ host }) => `${host}:2379`),
    pidOf: (index) => childAt(index).pid ?? 0,
    async bringBack(index) {
      await ended(childAt(index));
      const startMs = performance.now();
      start(index);
      return startMs;
    },
  };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

async function ended(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) await once(child, 'exit');
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await ended(child);
}

/** Waits until every member answers and all name one leader. @returns the index of the leader's endpoint */
export async function untilWhole(client: EtcdClient): Promise<number> {
  let leader = -1;
  await until('all members follow one leader', async () => {
    const statuses = await Promise.all(
      // One that does not answer yet has no leader.
      client.endpoints.map((endpoint) =>
        client.maintenance.status(endpoint, { timeoutMs: 1_000 }).catch(() => undefined),
      ),
    );
    const leaders = new Set(statuses.map((status) => status?.leader ?? 0n));
    leader = statuses.findIndex((status) => status?.leader === status?.header.memberId);
    return leaders.size === 1 && !leaders.has(0n) && leader >= 0;
  });
  return leader;
}
