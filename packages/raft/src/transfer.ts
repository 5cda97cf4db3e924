/**
 * Handing leadership over (thesis 3.10): proposals stop, the target catches up, and is told to campaign at once. Its
 * votes are marked, so that they pass although the voters still hear this leader. Given up after an election timeout.
 */
import type { NodeId } from './entry.ts';
import { noNode } from './entry.ts';
import type { Member } from './member.ts';

/** Starts handing over to a voter. Naming the leader itself calls a hand-over off. */
export function startTransfer(member: Member, to: NodeId): void {
  if (to === member.transferee) return;
  member.transferee = to === member.id ? noNode : to;
  member.electionElapsed = 0;
  finishTransferIfCaughtUp(member, { id: to, match: member.progress.get(to)?.match ?? 0 });
}

/** Tells the target to campaign if it holds the whole log; again if it did not react to the last time. */
export function finishTransferIfCaughtUp(member: Member, { id, match }: { id: NodeId; match: number }): void {
  if (id !== member.transferee || match !== member.log.lastIndex) return;
  member.messages.push({ type: 'timeoutNow', from: member.id, to: id, term: member.term });
}
