/**
 * Elections (paper section 5.2, 5.4.1; thesis 9.6 for pre-vote). A candidate asks for votes only once its own vote and
 * term are durable, and counts itself at the same moment: a candidate that forgets a campaign in a crash must not be
 * elected by the late answers to it with a log that is shorter now. A pre-vote promises nothing, so neither side of it
 * waits for a disk.
 */
import type { EntryId, NodeId } from './entry.ts';
import { noNode } from './entry.ts';
import { invariant } from './invariant.ts';
import type { Member } from './member.ts';
import { becomeFollower, configIndex, resetRole, trackMembers } from './member.ts';
import type { VoteMessage, VoteResponse } from './message.ts';
import { isVoter, members, voteResult } from './quorum.ts';
import { appendNoop } from './replication.ts';

/**
 * Only a voter campaigns, and only under the newest configuration that it knows to be committed: under an older one its
 * quorum might not meet those of a leader that is two changes ahead.
 */
export function mayCampaign(member: Member): boolean {
  const { role, config, id, log } = member;
  if (role === 'leader' || !isVoter(config, id)) return false;
  const next = log.confChangeAfter(configIndex(member));
  return next === undefined || next > log.committed;
}

/** Campaigns, asking beforehand where pre-vote is on. */
export function campaign(member: Member): void {
  if (!mayCampaign(member)) return;
  // Its requests have not even left: starting over would only lose the votes that are about to come.
  if (member.role === 'candidate' && !member.votes.has(member.id)) return;
  if (member.limits.preVote) startPreVote(member);
  else startElection(member, { transfer: false });
}

/** Raises the term, votes for itself and asks for the others' votes. */
export function startElection(member: Member, { transfer }: { transfer: boolean }): void {
  invariant(member.role !== 'leader', 'a leader never campaigns');
  resetRole(member, { term: member.term + 1 });
  member.role = 'candidate';
  member.vote = member.id;
  askForVotes(member, { type: 'vote', term: member.term, transfer });
}

/** This candidate's own vote became durable. */
export function ownVoteSynced(member: Member): void {
  recordVote(member, { from: member.id, granted: true });
}

/** The promise that keeps a working leader in office: who hears one neither votes nor pre-votes. */
export function hearsLeader(member: Member): boolean {
  const { checkQuorum, electionTimeoutTicks } = member.limits;
  return checkQuorum && member.leader !== noNode && member.electionElapsed < electionTimeoutTicks;
}

export function handleVoteRequest(member: Member, message: VoteMessage): void {
  const { lastIndex, lastTerm, from, committed } = message;
  if (committed !== undefined) learnCommitted(member, committed);
  const complete = member.log.isUpToDate({ index: lastIndex, term: lastTerm });
  const granted = complete && mayVoteFor(member, message);
  const answer = { from: member.id, to: from, granted, ...lastCommitted(member) };
  if (message.type === 'preVote') {
    // A grant carries the term asked about, a refusal ours, so that a candidate left behind catches up.
    member.messages.push({ ...answer, type: 'preVoteResponse', term: granted ? message.term : member.term });
    return;
  }
  const response = { ...answer, type: 'voteResponse', term: member.term } as const;
  if (!granted) {
    member.messages.push(response);
    return;
  }
  member.vote = from;
  member.electionElapsed = 0;
  member.held.push(response);
}

export function handleVoteResponse(member: Member, { type, from, granted, committed }: VoteResponse): void {
  const awaited = type === 'preVoteResponse' ? 'preCandidate' : 'candidate';
  if (!granted && committed !== undefined) learnCommitted(member, committed);
  if (member.role !== awaited) return;
  recordVote(member, { from, granted });
  // Who has won finds out by itself.
  if (granted && committed !== undefined && member.role === awaited) learnCommitted(member, committed);
}

/** What a request and an answer say beside the vote. */
function lastCommitted({ log }: Member): Pick<VoteResponse, 'committed'> {
  const { committed: index } = log;
  const term = log.termAt(index);
  return index > 0 && term !== undefined ? { committed: { index, term } } : {};
}

/**
 * Without this, a change of the members could leave nobody to elect. Member 2 leads 1 and 2, removes itself, applies that,
 * and crashes before 1 knows that it is committed. Member 1 goes on asking 2 for its vote, 2 refuses because its log is
 * longer, and does not campaign because it is no voter any more. What 1 learns from the refusal makes it the only voter.
 *
 * A grant says it too. Members 1, 2 and 3 have begun, and voters 4 and 5 have not; 1 leads, removes itself and is gone when
 * 3 has applied that, and 2 has it in its log. Neither finds three votes, and 4 and 5 can't begin as long as 2 and 3
 * tell them of different members. What 2 learns from the vote of 3 is all that was missing.
 *
 * And so does a request. Member 1 leads alone, promotes 2, applies that, and then loses power with entries that 2 has already.
 * Member 2 loses no more than its knowledge of the commit: its log is the longer one, so it refuses 1, and does not campaign as long as
 * it knows itself as a learner.
 */
function learnCommitted(member: Member, { index, term }: EntryId): void {
  const { log, role } = member;
  if (role === 'leader' || log.termAt(index) !== term) return;
  log.commitTo(index);
  const campaigning = role === 'candidate' || role === 'preCandidate';
  if (campaigning && !mayCampaign(member)) becomeFollower(member, { term: member.term, leader: noNode });
}

function startPreVote(member: Member): void {
  resetRole(member, { term: member.term });
  member.role = 'preCandidate';
  askForVotes(member, { type: 'preVote', term: member.term + 1, transfer: false });
  recordVote(member, { from: member.id, granted: true });
}

function askForVotes(member: Member, ask: Pick<VoteMessage, 'type' | 'term' | 'transfer'>): void {
  const outbox = ask.type === 'vote' ? member.held : member.messages;
  const { lastIndex, lastTerm } = member.log;
  const beside = lastCommitted(member);
  for (const to of members(member.config)) {
    if (to === member.id || !isVoter(member.config, to)) continue;
    outbox.push({ ...ask, from: member.id, to, lastIndex, lastTerm, ...beside });
  }
}

function mayVoteFor(member: Member, { type, from, term }: VoteMessage): boolean {
  if (member.vote === from) return true;
  if (member.vote === noNode && member.leader === noNode) return true;
  return type === 'preVote' && term > member.term;
}

function recordVote(member: Member, { from, granted }: { from: NodeId; granted: boolean }): void {
  if (!member.votes.has(from)) member.votes.set(from, granted);
  const result = voteResult(member.config, (id) => member.votes.get(id));
  if (result === 'pending') return;
  if (result === 'lost') becomeFollower(member, { term: member.term, leader: noNode });
  else if (member.role === 'preCandidate') startElection(member, { transfer: false });
  else becomeLeader(member);
}

function becomeLeader(member: Member): void {
  const { log } = member;
  invariant(member.role === 'candidate' && member.vote === member.id, 'only a candidate is elected');
  invariant(log.synced === log.lastIndex, 'a candidate whose vote is durable has synced its log');
  resetRole(member, { term: member.term });
  member.role = 'leader';
  member.leader = member.id;
  trackMembers(member, { recentActive: false });
  const own = member.progress.get(member.id);
  invariant(own !== undefined, 'a leader is a member');
  own.becomeReplicate();
  own.accepted(log.synced);
  own.recentActive = true;
  member.uncommittedBytes = log.bytesOf({ from: log.committed + 1, to: log.lastIndex + 1 });
  appendNoop(member);
}
