/**
 * Linearizable reads without a log entry (thesis 6.4). All reads that arrived since the last Ready join one round: a
 * broadcast of heartbeats under a new round number, which followers echo. A read joins only a round whose heartbeats
 * leave after it arrived, so an echo proves that nobody had overtaken this leader by then. An echo of a round confirms
 * all earlier ones too; a lost one is made up by the next heartbeat of any kind, which carries the newest round.
 */
import { broadcastHeartbeat } from './heartbeat.ts';
import type { Member, PendingRead } from './member.ts';
import type { Progress } from './progress.ts';
import { quorumIndex } from './quorum.ts';

/** Queues a read on a leader. Returns whether there was room. */
export function enqueueRead(member: Member, read: PendingRead): boolean {
  if (member.pendingReads >= member.limits.maxPendingReads) return false;
  member.pendingReads++;
  member.waitingReads.push(read);
  return true;
}

/** Reads wait, and may begin: before an entry of the own term is committed, a leader does not know what is. */
export function readRoundDue({ role, waitingReads, log, term }: Member): boolean {
  return role === 'leader' && waitingReads.length > 0 && log.termAt(log.committed) === term;
}

/** Sends a round of heartbeats for all waiting reads. */
export function openReadRound(member: Member): void {
  member.round++;
  const own = member.progress.get(member.id);
  if (own !== undefined) own.confirmedRound = member.round;
  member.readRounds.push({ round: member.round, index: member.log.committed, reads: member.waitingReads });
  member.waitingReads = [];
  broadcastHeartbeat(member);
  settleReads(member);
}

/** `peer` still followed us when a heartbeat of `round` reached it. */
export function confirmRound(member: Member, { peer, round }: { peer: Progress; round: number }): void {
  peer.confirmedRound = Math.max(peer.confirmedRound, round);
  settleReads(member);
}

/** Answers the reads of all rounds that a quorum has confirmed. */
export function settleReads(member: Member): void {
  if (member.readRounds.length === 0) return;
  const confirmed = quorumIndex(member.voterProgress, confirmedRoundOf);
  const open = member.readRounds.findIndex(({ round }) => round > confirmed);
  const settled = member.readRounds.splice(0, open === -1 ? member.readRounds.length : open);
  for (const { index, reads } of settled) {
    member.pendingReads -= reads.length;
    for (const read of reads) answer(member, { read, index });
  }
}

function confirmedRoundOf({ confirmedRound }: Progress): number {
  return confirmedRound;
}

function answer(member: Member, { read, index }: { read: PendingRead; index: number }): void {
  const { context, from: to } = read;
  if (to === member.id) member.readStates.push({ context, index });
  else member.messages.push({ type: 'readIndexResponse', from: member.id, to, term: member.term, context, index });
}
