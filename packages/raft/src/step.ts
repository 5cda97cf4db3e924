/**
 * What a message does, by its term first (paper section 5.1): a later term is joined, an earlier one is not listened
 * to, with the exceptions that pre-vote, check-quorum and forwarding need.
 */
import { handleVoteRequest, handleVoteResponse, hearsLeader, mayCampaign, startElection } from './election.ts';
import { noNode } from './entry.ts';
import { handleAppend, handleHeartbeat, handleSnapshot } from './follower.ts';
import { invariant } from './invariant.ts';
import type { Member } from './member.ts';
import { becomeFollower } from './member.ts';
import type {
  AppendMessage,
  HeartbeatMessage,
  Message,
  ProposeMessage,
  ReadIndexMessage,
  SnapshotMessage,
} from './message.ts';
import { enqueueRead } from './read-index.ts';
import { appendProposals, handleAppendResponse, handleHeartbeatResponse } from './replication.ts';

type FromLeader = AppendMessage | HeartbeatMessage | SnapshotMessage;

export function step(member: Member, message: Message): void {
  if (message.term > member.term) {
    if (isUnwelcome(member, message)) return;
    if (!asksAboutLaterTerm(message)) {
      becomeFollower(member, { term: message.term, leader: isFromLeader(message) ? message.from : noNode });
    }
  } else if (message.term < member.term && !isForwarded(message)) {
    answerEarlierTerm(member, message);
    return;
  }
  dispatch(member, message);
}

/** One append for all of `data`, or none. */
export function proposeAsLeader(member: Member, data: readonly Uint8Array[]): boolean {
  return member.transferee === noNode && appendProposals(member, data);
}

function dispatch(member: Member, message: Message): void {
  switch (message.type) {
    case 'vote':
    case 'preVote':
      return handleVoteRequest(member, message);
    case 'voteResponse':
    case 'preVoteResponse':
      return handleVoteResponse(member, message);
    case 'append':
      followLeader(member, message);
      return handleAppend(member, message);
    case 'heartbeat':
      followLeader(member, message);
      return handleHeartbeat(member, message);
    case 'snapshot':
      followLeader(member, message);
      return handleSnapshot(member, message);
    case 'appendResponse':
      return handleAppendResponse(member, message);
    case 'heartbeatResponse':
      return handleHeartbeatResponse(member, message);
    case 'timeoutNow':
      return handleTimeoutNow(member);
    case 'readIndex':
      return handleForwardedRead(member, message);
    case 'readIndexResponse':
      member.readStates.push({ context: message.context, index: message.index });
      return;
    case 'propose':
      return handleForwardedProposals(member, message);
  }
}

/** Who hears a leader does not even join the term of a candidate, unless that leader sent it. */
function isUnwelcome(member: Member, message: Message): boolean {
  return (message.type === 'vote' || message.type === 'preVote') && !message.transfer && hearsLeader(member);
}

/** A pre-vote, and a grant of one, name a term that nobody has entered yet. */
function asksAboutLaterTerm(message: Message): boolean {
  return message.type === 'preVote' || (message.type === 'preVoteResponse' && message.granted);
}

function isFromLeader(message: Message): message is FromLeader {
  return message.type === 'append' || message.type === 'heartbeat' || message.type === 'snapshot';
}

/** A follower may not have heard of the leader's re-election; that does not spoil what it asks for. */
function isForwarded(message: Message): boolean {
  return message.type === 'propose' || message.type === 'readIndex';
}

/**
 * Our term tells a stranded leader or pre-candidate to catch up. Without it, a member with a later term that may not
 * campaign (its pre-votes fail) would stay outside for ever, because it ignores the leader.
 */
function answerEarlierTerm(member: Member, message: Message): void {
  const { preVote, checkQuorum } = member.limits;
  const answer = { from: member.id, to: message.from, term: member.term };
  if (message.type === 'preVote') {
    member.messages.push({ type: 'preVoteResponse', ...answer, granted: false });
  } else if ((preVote || checkQuorum) && isFromLeader(message)) {
    member.messages.push({ type: 'appendResponse', ...answer, index: 0, rejected: true, hintIndex: 0, hintTerm: 0 });
  }
}

function followLeader(member: Member, { from, term }: FromLeader): void {
  invariant(member.role !== 'leader', 'two leaders in one term');
  if (member.role !== 'follower') becomeFollower(member, { term, leader: from });
  member.leader = from;
  member.electionElapsed = 0;
}

function handleTimeoutNow(member: Member): void {
  if (mayCampaign(member)) startElection(member, { transfer: true });
  // The conf change that holds it back is committed, so the driver is about to apply it.
  else if (member.role === 'follower') member.campaignOwed = true;
}

function handleForwardedRead(member: Member, { context, from }: ReadIndexMessage): void {
  if (member.role === 'leader') enqueueRead(member, { context, from });
}

function handleForwardedProposals(member: Member, { data }: ProposeMessage): void {
  if (member.role === 'leader') proposeAsLeader(member, data);
}
