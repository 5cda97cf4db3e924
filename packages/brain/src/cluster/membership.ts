/**
 * Who the members are, from `--initial-cluster`, and their ids, computed as etcd computes them: whoever reads
 * `etcdctl member list` sees the ids that an etcd with the same flags would have. Once a member runs, its state says who
 * the members are; this is what it starts with.
 */
import { createHash } from 'node:crypto';
import { OperatingError } from '@flotilla/base';
import { encodeConfig } from '@flotilla/raft';
import type { InitialMembership } from '@flotilla/store';
import { urlProblem } from './urls.ts';

export interface ClusterMember {
  readonly id: bigint;
  readonly name: string;
  /** Sorted. */
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface Membership {
  readonly clusterId: bigint;
  /** By id: who is known before the state says more. */
  readonly members: readonly ClusterMember[];
  readonly self: ClusterMember;
  /** The cluster began with these members; otherwise this one came to a cluster that ran. */
  readonly isInitial: boolean;
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

/** The id of a member that comes to a running cluster: the second in which it was added stands for the token. */
export function addedMemberId(peerUrls: readonly string[], wallMs: number): bigint {
  return memberIdOf(peerUrls, String(Math.floor(wallMs / 1000)));
}

/** The first 8 bytes of SHA-1 over the sorted member ids. */
function clusterIdOf(ids: readonly bigint[]): bigint {
  const bytes = Buffer.alloc(8 * ids.length);
  for (const [i, id] of [...ids].sort(byId).entries()) bytes.writeBigUInt64BE(id, 8 * i);
  return createHash('sha1').update(bytes).digest().readBigUInt64BE(0);
}

export function byId(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @throws OperatingError when `name` is not a member. */
export function membershipOf(options: {
  readonly name: string;
  readonly initialCluster: ReadonlyMap<string, readonly string[]>;
  readonly token: string;
}): Membership {
  const members = [...options.initialCluster]
    .map(([name, urls]) => ({
      id: memberIdOf(urls, options.token),
      name,
      peerUrls: [...urls].sort(),
      isLearner: false,
    }))
    .sort((a, b) => byId(a.id, b.id));
  const self = members.find((member) => member.name === options.name);
  if (!self) {
    throw new OperatingError('INVALID_OPTIONS', `--initial-cluster does not name this member ("${options.name}")`);
  }
  return { clusterId: clusterIdOf(members.map((member) => member.id)), members, self, isInitial: true };
}

/** What the state begins with, unless this member joins a cluster that runs: then a snapshot says it. */
export function initialMembershipOf({ isInitial, members }: Membership): InitialMembership | undefined {
  if (!isInitial) return undefined;
  const voters = members.map(({ id }) => id);
  return { members, config: encodeConfig({ voters, votersOutgoing: [], learners: [] }) };
}
