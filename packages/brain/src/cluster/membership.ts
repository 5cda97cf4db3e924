/**
 * Who the members are, from `--initial-cluster`, and their ids, computed as etcd computes them: whoever reads
 * `etcdctl member list` sees the ids that an etcd with the same flags would have.
 */
import { createHash } from 'node:crypto';
import { OperatingError } from '@flotilla/base';
import { urlProblem } from './urls.ts';

export interface ClusterMember {
  readonly id: bigint;
  readonly name: string;
  /** Sorted. */
  readonly peerUrls: readonly string[];
}

export interface Membership {
  readonly clusterId: bigint;
  /** By id. */
  readonly members: readonly ClusterMember[];
  readonly self: ClusterMember;
}

/** `name=url` pairs, a name once for each of its URLs → name → URLs; problems are added to the list. */
export function parseInitialCluster(text: string, problems: string[]): ReadonlyMap<string, readonly string[]> {
  const urlsByName = new Map<string, string[]>();
  for (const pair of text.split(',').filter((part) => part !== '')) {
    const cut = pair.indexOf('=');
    const name = pair.slice(0, cut);
    const url = pair.slice(cut + 1);
    const problem = cut < 1 ? `"${pair}" is not name=url` : urlProblem(url);
    if (problem !== undefined) problems.push(`--initial-cluster: ${problem}`);
    else urlsByName.set(name, [...(urlsByName.get(name) ?? []), url]);
  }
  return urlsByName;
}

/** The first 8 bytes of SHA-1 over the sorted peer URLs and the cluster token. */
export function memberIdOf(peerUrls: readonly string[], token: string): bigint {
  const hash = createHash('sha1');
  hash.update([...peerUrls].sort().join(''));
  hash.update(token);
  return hash.digest().readBigUInt64BE(0);
}

/** The first 8 bytes of SHA-1 over the sorted member ids. */
function clusterIdOf(ids: readonly bigint[]): bigint {
  const bytes = Buffer.alloc(8 * ids.length);
  for (const [i, id] of [...ids].sort(byId).entries()) bytes.writeBigUInt64BE(id, 8 * i);
  return createHash('sha1').update(bytes).digest().readBigUInt64BE(0);
}

function byId(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @throws OperatingError when `name` is not a member. */
export function membershipOf(options: {
  readonly name: string;
  readonly initialCluster: ReadonlyMap<string, readonly string[]>;
  readonly token: string;
}): Membership {
  const members = [...options.initialCluster]
    .map(([name, urls]) => ({ id: memberIdOf(urls, options.token), name, peerUrls: [...urls].sort() }))
    .sort((a, b) => byId(a.id, b.id));
  const self = members.find((member) => member.name === options.name);
  if (!self) {
    throw new OperatingError('INVALID_OPTIONS', `--initial-cluster does not name this member ("${options.name}")`);
  }
  return { clusterId: clusterIdOf(members.map((member) => member.id)), members, self };
}
