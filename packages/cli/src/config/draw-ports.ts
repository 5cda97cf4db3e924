/**
 * Gives every port that a config leaves open a number, once: the numbers are kept with the cluster's state, because a member's
 * identity contains its peer port. Ports are drawn below the range from which systems take the ports of outgoing connections.
 */
import { existsSync, readFileSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { OperatingError, type Randomness, codeOf } from '@flotilla/base';
import { replaceFile } from '../state/state-directory.ts';
import { type ClusterConfig, type PortUse, portUses } from './cluster-config.ts';
import { pathText } from './schema.ts';

export const host = '127.0.0.1';

const firstPort = 20_000;
const portCount = 12_000;

/** The config with all ports set. @param file where drawn ports are kept */
export async function drawPorts(config: ClusterConfig, file: string, randomness: Randomness): Promise<ClusterConfig> {
  const drawn = readDrawn(file);
  const taken = new Set([...drawn.values(), ...portUses(config).map(({ port }) => port)]);
  let changed = false;
  for (const { path, port } of portUses(config)) {
    const key = pathText(path);
    if (port !== 0 || drawn.has(key)) continue;
    const free = await freePort(taken, randomness);
    drawn.set(key, free);
    taken.add(free);
    changed = true;
  }
  if (changed) replaceFile(file, `${JSON.stringify(Object.fromEntries(drawn), undefined, 2)}\n`);
  const resolve = (port: number, key: string): number => (port === 0 ? (drawn.get(key) ?? 0) : port);
  return {
    ...config,
    frontDoor: { port: resolve(config.frontDoor.port, 'frontDoor.port') },
    brain: {
      ...config.brain,
      members: config.brain.members.map((member, i) => ({
        ...member,
        clientPort: resolve(member.clientPort, `brain.members[${i}].clientPort`),
        peerPort: resolve(member.peerPort, `brain.members[${i}].peerPort`),
      })),
    },
    apiServers: config.apiServers.map((server, i) => ({
      ...server,
      port: resolve(server.port, `apiServers[${i}].port`),
    })),
    kubelets: config.kubelets.map((kubelet, i) => ({ ...kubelet, port: resolve(kubelet.port, `kubelets[${i}].port`) })),
  };
}

/** @throws OperatingError `PORT_IN_USE`, naming every port of the cluster that another program holds. */
export async function checkPortsFree(config: ClusterConfig, configFile: string): Promise<void> {
  const uses = portUses(config);
  const free = await Promise.all(uses.map(({ port }) => isFree(port)));
  const blocked = uses.filter((_, i) => free[i] === false);
  if (blocked.length === 0) return;
  const problems = blocked.map(
    (use) => `port ${use.port}, for ${use.owner}, is in use by another program${wayOut(use, configFile)}`,
  );
  throw new OperatingError('PORT_IN_USE', problems.join('\n'));
}

function wayOut({ path }: PortUse, configFile: string): string {
  return `: stop that program, or change ${pathText(path)} in ${configFile}`;
}

function readDrawn(file: string): Map<string, number> {
  if (!existsSync(file)) return new Map();
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof content !== 'object' || content === null) return new Map();
  return new Map(Object.entries(content).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}

async function freePort(taken: ReadonlySet<number>, randomness: Randomness): Promise<number> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const port = firstPort + Math.floor(randomness.next() * portCount);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new OperatingError('NO_FREE_PORT', `no free port found from ${firstPort} to ${firstPort + portCount - 1}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server: Server = createServer();
    server.once('error', (error) => {
      const code = codeOf(error);
      if (code === 'EADDRINUSE' || code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
