/**
 * The two sides of a measurement: bare members of ours and of a real etcd, with the same flags, beside each other on the same
 * disk. The side whose turn it is not stays up and idle: its heartbeats cost next to nothing, while a stopped process would
 * come back to an election.
 */
import { type EtcdClient, createEtcdClient } from '@flotilla/etcd-client';
import type { Teardown } from '#e2e/cluster.js';
import type { Row } from '../benchmark.ts';
import { type MemberCommand, type Store, etcd, flotillaBrain, startMembers, untilWhole } from '../members.ts';

export interface Side {
  readonly name: Row['side'];
  readonly store: Store;
  /** A client of all members, for what surrounds a measurement. */
  readonly client: EtcdClient;
}

/** What runs as a member of each side. */
export interface Commands {
  readonly flotilla: MemberCommand;
  readonly etcd: MemberCommand;
}

export function commandsOf({ node, peerEtcd }: { readonly node: string; readonly peerEtcd: string }): Commands {
  return { flotilla: flotillaBrain(node), etcd: etcd(peerEtcd) };
}

/** In the order of their turns. */
export const sideNames = ['flotilla', 'etcd'] as const;

export async function startSides(scope: Teardown, commands: Commands, size?: number): Promise<readonly Side[]> {
  const sides: Side[] = [];
  for (const name of sideNames) sides.push(await startSide(scope, name, commands, size));
  return sides;
}

export async function startSide(scope: Teardown, name: Side['name'], commands: Commands, size?: number): Promise<Side> {
  const store = await startMembers(scope, commands[name], size);
  const client = createEtcdClient({ endpoints: store.endpoints });
  scope.teardown(() => client.close());
  return { name, store, client };
}

export interface Leader {
  readonly index: number;
  readonly endpoint: string;
}

export async function leaderOf({ client, store }: Side): Promise<Leader> {
  const index = await untilWhole(client);
  return { index, endpoint: store.endpoints[index] ?? '' };
}

/** The store's revision, read linearizably. */
export async function revisionOf({ client }: Side): Promise<number> {
  const { header } = await client.kv.range({ key: 'bench', countOnly: true });
  return header.revision;
}
