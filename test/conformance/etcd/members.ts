/** The members of a cluster, as rules list, add and remove them. */
import { type etcdserverpb, fromUnsignedId, toId } from '@flotilla/wire';
import type { Client } from './client.ts';
import { refusal, until } from './rules.ts';
import type { Place } from './servers.ts';

/** A cluster is unhealthy to etcd until its members have been connected for five seconds. */
export async function whenHealthy(call: () => Promise<unknown>): Promise<string> {
  let answer = '';
  await until(async () => {
    answer = await refusal(call());
    return answer !== '14 etcdserver: unhealthy cluster';
  });
  return answer;
}

export interface Listed {
  readonly id: bigint;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export const listed = (members: readonly etcdserverpb.Member.$Properties[] | null | undefined): readonly Listed[] =>
  (members ?? []).map(({ ID, name, peerURLs, clientURLs, isLearner }) => ({
    id: BigInt.asUintN(64, toId(ID ?? 0)),
    name: name ?? '',
    peerUrls: peerURLs ?? [],
    clientUrls: clientURLs ?? [],
    isLearner: isLearner === true,
  }));

export async function membersOf(client: Client): Promise<readonly Listed[]> {
  return listed((await client.cluster.MemberList({ linearizable: true })).members);
}

export async function addLearner(client: Client, ...peerURLs: string[]): Promise<bigint> {
  let id = 0n;
  const add = async (): Promise<void> => {
    const { member } = await client.cluster.MemberAdd({ peerURLs, isLearner: true });
    id = BigInt.asUintN(64, toId(member?.ID ?? 0));
  };
  const answer = await whenHealthy(add);
  if (answer !== 'answered') throw new Error(answer);
  return id;
}

export const remove = (client: Client, id: bigint): Promise<unknown> =>
  client.cluster.MemberRemove({ ID: fromUnsignedId(id) });

/** The flag of a member that starts at a place; who has no name yet is that one. */
export function initialClusterFor(place: Place, members: readonly Listed[]): string {
  return members.map(({ name, peerUrls }) => `${name || place.name}=${peerUrls[0] ?? ''}`).join();
}
