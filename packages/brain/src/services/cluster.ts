/** `etcdserverpb.Cluster`: who the members are, and how that changes. */
import type { Clock } from '@flotilla/base';
import { type StoreErrorCode, encodeMemberAdd, toRpcError } from '@flotilla/store';
import { type Handlers, type clusterService, etcdserverpb, fromUnsignedId, toId } from '@flotilla/wire';
import { addedMemberId, byId } from '../cluster/membership.ts';
import { urlProblem } from '../cluster/urls.ts';
import type { Member } from '../member/member.ts';
import { requireLeader } from './require-leader.ts';
import { answered, headerOf } from './response-header.ts';

export function clusterHandlers(
  member: Member,
  { clock }: { readonly clock: Pick<Clock, 'wallMs'> },
): Handlers<typeof clusterService> {
  const header = headerOf(member);
  const { reconfiguration, rules, settings } = member;
  return {
    async MemberAdd(request, context) {
      requireLeader(member, context);
      const peerUrls = checkedUrls(request.peerURLs);
      const { isLearner } = request;
      const refused = rules.refusedAdd({ isLearner });
      if (refused) throw toRpcError(refused);
      const id = addedMemberId(peerUrls, clock.wallMs());
      const body = encodeMemberAdd({ id, peerUrls, isLearner, maxLearners: settings.maxLearners });
      const change = { type: isLearner ? 'learner' : 'voter', id } as const;
      answered(await reconfiguration.submit({ type: 'memberAdd', body, member: change }));
      const added = { ID: fromUnsignedId(id), peerURLs: [...peerUrls], isLearner };
      return { header: header(0), member: added, members: listMembers(member) };
    },
    async MemberRemove(request, context) {
      requireLeader(member, context);
      const id = idOf(request);
      const refused = rules.refusedRemoval(id);
      if (refused) throw toRpcError(refused);
      const body = etcdserverpb.MemberRemoveRequest.encode({ ID: request.ID }).finish();
      answered(await reconfiguration.submit({ type: 'memberRemove', body, member: { type: 'remove', id } }));
      return { header: header(0), members: listMembers(member) };
    },
    async MemberUpdate(request, context) {
      requireLeader(member, context);
      const id = idOf(request);
      const peerURLs = [
        ...checkedUrls(request.peerURLs, isMember(member, id) ? 'invalidMemberUrls' : 'memberNotFound'),
      ];
      const body = etcdserverpb.MemberUpdateRequest.encode({ ID: request.ID, peerURLs }).finish();
      const change = { type: 'update', id } as const;
      answered(await reconfiguration.submit({ type: 'memberUpdate', body, member: change }));
      return { header: header(0), members: listMembers(member) };
    },
    async MemberPromote(request, context) {
      requireLeader(member, context);
      const body = etcdserverpb.MemberPromoteRequest.encode({ ID: request.ID }).finish();
      const change = { type: 'voter', id: idOf(request) } as const;
      answered(await reconfiguration.submit({ type: 'memberPromote', body, member: change }));
      return { header: header(0), members: listMembers(member) };
    },
    async MemberList(request, context) {
      requireLeader(member, context);
      if (request.linearizable) await member.reads.confirm();
      return { header: header(0), members: listMembers(member) };
    },
  };
}

function idOf({ ID }: { readonly ID: Parameters<typeof toId>[0] }): bigint {
  return BigInt.asUintN(64, toId(ID));
}

function isMember({ machine }: Member, id: bigint): boolean {
  return machine.store.membership.members.has(id);
}

/** Sorted. @throws RpcError `given member URLs are invalid`, unless told otherwise */
function checkedUrls(urls: readonly string[], refused: StoreErrorCode = 'invalidMemberUrls'): readonly string[] {
  const checked = urls.map((url) => url.trim());
  // The form that ids are made of, so that one place has one id.
  const isGood = checked.every((url) => urlProblem(url) === undefined && !url.endsWith('/'));
  if (checked.length === 0 || !isGood) throw toRpcError(refused);
  return checked.sort();
}

/** By id. A member that never started has neither name nor client URLs. */
function listMembers({ machine }: Member): etcdserverpb.Member.$Properties[] {
  return [...machine.store.membership.members]
    .sort(([a], [b]) => byId(a, b))
    .map(([id, { name, peerUrls, clientUrls, isLearner }]) => ({
      ID: fromUnsignedId(id),
      name,
      peerURLs: [...peerUrls],
      clientURLs: [...clientUrls],
      isLearner,
    }));
}
