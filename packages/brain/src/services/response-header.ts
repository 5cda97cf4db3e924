/** The header of every response: who answers, in which term, at which revision. */
import { type Answer, type Outcome, toRpcError } from '@flotilla/store';
import { type etcdserverpb, fromUnsignedId } from '@flotilla/wire';
import type { Member } from '../member/member.ts';

export type ResponseHeader = etcdserverpb.ResponseHeader.$Properties;

/** Makes headers for one member. */
export type HeaderOf = (revision: number) => ResponseHeader;

export function headerOf(member: Member): HeaderOf {
  const { clusterId, self } = member.settings.membership;
  const cluster_id = fromUnsignedId(clusterId);
  const member_id = fromUnsignedId(self.id);
  return (revision) => ({ cluster_id, member_id, raft_term: member.raft.term, revision });
}

/** The response of a request that was answered. @throws RpcError when it was refused. */
export function answered<R>(outcome: Outcome<R>): Answer<R> {
  if (!outcome.ok) throw toRpcError(outcome.error.code);
  return outcome;
}
