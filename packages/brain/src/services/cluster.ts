/** `etcdserverpb.Cluster`: who the members are. Changing them comes with membership changes in raft. */
import { type Handlers, type clusterService, type etcdserverpb, fromUnsignedId } from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import { requireLeader } from './require-leader.ts';
import { headerOf } from './response-header.ts';

export function clusterHandlers(member: Member): Handlers<typeof clusterService> {
  const header = headerOf(member);
  return {
    async MemberList(request, context) {
      requireLeader(member, context);
      if (request.linearizable) await member.reads.confirm();
      return { header: header(0), members: listMembers(member) };
    },
  };
}

/** By id. A member that never started has neither name nor client URLs. */
function listMembers({ settings, machine }: Member): etcdserverpb.Member.$Properties[] {
  return settings.membership.members.map(({ id, peerUrls }) => {
    const published = machine.store.members.get(id);
    return {
      ID: fromUnsignedId(id),
      name: published?.name ?? '',
      peerURLs: [...peerUrls],
      clientURLs: [...(published?.clientUrls ?? [])],
    };
  });
}
