/** Asks a peer port who the members of its cluster are: for a member that is about to join them and has no id yet. */
import { connectService } from '@flotilla/wire';
import type { KnownCluster } from '../cluster/joining.ts';
import { addressOf } from '../cluster/urls.ts';
import type { CallerTls } from '../tls/caller-tls.ts';
import { decodeValue } from './frame.ts';
import { PeerDialer } from './peer-dialer.ts';
import { peerService } from './peer-service.ts';

/** Whoever has not answered by then is counted as gone. */
const timeoutMs = 5000;

/**
 * @param tls needed for a URL that is https
 * @throws Error when nobody answers, or with something else.
 */
export async function askMembers(peerUrl: string, tls: CallerTls | undefined): Promise<KnownCluster> {
  const channel = new PeerDialer(addressOf(peerUrl), tls).openChannel();
  try {
    const answer = await connectService(channel, peerService).Members(new Uint8Array(0), { timeoutMs });
    const { from, clusterId, members, isChanging } = decodeValue(answer);
    if (!Array.isArray(members)) throw new Error('an answer without members');
    return {
      from: idOf(from),
      clusterId: idOf(clusterId),
      members: members.map(memberOf),
      isChanging: isChanging === true,
    };
  } finally {
    channel.close();
  }
}

function memberOf(value: unknown): KnownCluster['members'][number] {
  const { id, name, peerUrls, isLearner } = value as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || !Array.isArray(peerUrls)) throw new Error('a member without a name or URLs');
  return { id: idOf(id), name, peerUrls: peerUrls.map(String), isLearner: isLearner === true };
}

function idOf(value: unknown): bigint {
  if (typeof value !== 'string' || !/^[0-9a-f]{1,16}$/.test(value)) throw new Error('expected an id');
  return BigInt(`0x${value}`);
}
