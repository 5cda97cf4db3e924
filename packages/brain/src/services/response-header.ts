/** The header of every response: who answers, in which term, at which revision. */
import { type Answer, type Outcome, toRpcError } from '@flotilla/store';
import { etcdserverpb, fromUnsignedId } from '@flotilla/wire';
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

/** Makes headers of one member as bytes: who it is is encoded once. */
export function encodedHeaderOf(member: Member): (revision: number) => Uint8Array {
  const { clusterId, self } = member.settings.membership;
  const ids = { cluster_id: fromUnsignedId(clusterId), member_id: fromUnsignedId(self.id) };
  const start = Uint8Array.from(etcdserverpb.ResponseHeader.encode(ids).finish());
  let last = { revision: -1, term: -1, bytes: start };
  return (revision) => {
    const { term } = member.raft;
    if (last.revision === revision && last.term === term) return last.bytes;
    const rest = etcdserverpb.ResponseHeader.encode({ revision, raft_term: term }).finish();
    const bytes = new Uint8Array(start.length + rest.length);
    bytes.set(start);
    bytes.set(rest, start.length);
    last = { revision, term, bytes };
    return bytes;
  };
}

/** The response of a request that was answered. @throws RpcError when it was refused. */
export function answered<R>(outcome: Outcome<R>): Answer<R> {
  if (!outcome.ok) throw toRpcError(outcome.error.code);
  return outcome;
}
