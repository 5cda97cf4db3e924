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

/**
 * A leader that has no vote any more (thesis 4.2.2) goes on leading while it hands over to the most advanced voter, so that
 * the cluster need not wait for it to fall silent. It does not count itself, and steps down after an election timeout.
 */
export function handOver(member: Member): void {
  const matchOf = (id: NodeId): number => member.progress.get(id)?.match ?? 0;
  const [first = noNode, ...others] = member.config.voters;
  startTransfer(
    member,
    others.reduce((best, id) => (matchOf(id) > matchOf(best) ? id : best), first),
  );
}

/** Tells the target to campaign if it holds the whole log; again if it did not react to the last time. */
export function finishTransferIfCaughtUp(member: Member, { id, match }: { id: NodeId; match: number }): void {
  if (id !== member.transferee || match !== member.log.lastIndex) return;
  member.messages.push({ type: 'timeoutNow', from: member.id, to: id, term: member.term });
}
