/**
 * Time: a follower that hears nothing campaigns, a leader sends heartbeats and looks whether a quorum still answers, and
 * whether it is still a voter.
 */
import { campaign, mayCampaign } from './election.ts';
import { noNode } from './entry.ts';
import { broadcastHeartbeat } from './heartbeat.ts';
import type { Member } from './member.ts';
import { becomeFollower, quorumActive } from './member.ts';
import { isVoter } from './quorum.ts';

export function tick(member: Member): void {
  if (member.role === 'leader') tickLeader(member);
  else tickFollower(member);
}

function tickFollower(member: Member): void {
  member.electionElapsed++;
  // Who may not campaign goes on counting: with the silence ends its promise to the leader, and others may need its vote.
  if (member.electionElapsed < member.electionTimeout || !mayCampaign(member)) return;
  member.electionElapsed = 0;
  campaign(member);
}

function tickLeader(member: Member): void {
  member.electionElapsed++;
  if (member.electionElapsed >= member.limits.electionTimeoutTicks) {
    member.electionElapsed = 0;
    member.transferee = noNode;
    if (!isVoter(member.config, member.id)) return becomeFollower(member, { term: member.term, leader: noNode });
    if (member.limits.checkQuorum && !checkQuorum(member)) return;
  }
  member.heartbeatElapsed++;
  if (member.heartbeatElapsed < member.limits.heartbeatTimeoutTicks) return;
  member.heartbeatElapsed = 0;
  for (const peer of member.progress.values()) peer.heartbeatTick();
  broadcastHeartbeat(member);
}

/** Thesis 6.2: a leader that a quorum has not answered for an election timeout steps down. */
function checkQuorum(member: Member): boolean {
  if (!quorumActive(member)) {
    becomeFollower(member, { term: member.term, leader: noNode });
    return false;
  }
  for (const [id, peer] of member.progress) peer.recentActive = id === member.id;
  return true;
}
