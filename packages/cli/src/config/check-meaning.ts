/** What a config must fulfil beyond the shape of its fields. */
import { type AddressRange, overlaps, parseRange } from './address-range.ts';
import { type ClusterConfig, portUses } from './cluster-config.ts';
import type { Path, Report } from './schema.ts';

const ownAddress: AddressRange = { first: 127 * 2 ** 24, size: 256 };
const nodeRangeSize = 256;

export function checkMeaning(config: ClusterConfig, report: Report): void {
  checkPorts(config, report);
  checkNames(config, report);
  checkNetwork(config, report);
  const { heartbeatIntervalMs, electionTimeoutMs } = config.brain;
  if (electionTimeoutMs < 5 * heartbeatIntervalMs) {
    report(
      ['brain', 'electionTimeoutMs'],
      `must be at least 5 heartbeat intervals, ${5 * heartbeatIntervalMs} ms: else a single late heartbeat deposes the leader`,
    );
  }
  if (config.brain.members.length % 2 === 0) {
    report(['brain', 'members'], 'must be an odd number of members: an even one survives no more deaths than one less');
  }
}

function checkPorts(config: ClusterConfig, report: Report): void {
  const owners = new Map<number, string>();
  for (const { path, owner, port } of portUses(config)) {
    if (port === 0) {
      if (config.ports === 'fixed') report(path, 'is missing: give a port, or write `ports: auto` to have all drawn');
      continue;
    }
    const other = owners.get(port);
    if (other !== undefined) report(path, `${port} is also the port of ${other}: give each its own`);
    else owners.set(port, owner);
  }
}

function checkNames(config: ClusterConfig, report: Report): void {
  const seen = new Set<string>();
  const check = (entries: readonly { name: string }[], path: Path): void => {
    entries.forEach(({ name }, i) => {
      if (seen.has(name)) report([...path, i, 'name'], `"${name}" is taken: names are unique in a cluster`);
      seen.add(name);
    });
  };
  check(config.brain.members, ['brain', 'members']);
  check(config.apiServers, ['apiServers']);
  check(config.kubelets, ['kubelets']);
}

function checkNetwork(config: ClusterConfig, report: Report): void {
  const read = (field: 'podRange' | 'serviceRange'): AddressRange | undefined => {
    const range = parseRange(config.network[field]);
    if (typeof range === 'string') report(['network', field], range);
    else if (overlaps(range, ownAddress)) report(['network', field], 'must leave out 127.0.0.0/24, the machine itself');
    else return range;
    return undefined;
  };
  const pods = read('podRange');
  const services = read('serviceRange');
  if (pods && services && overlaps(pods, services)) {
    report(['network', 'serviceRange'], `overlaps podRange ${config.network.podRange}`);
  }
  if (pods && pods.size < nodeRangeSize * config.kubelets.length) {
    report(['network', 'podRange'], `is too small: each of the ${config.kubelets.length} nodes needs 256 addresses`);
  }
}
