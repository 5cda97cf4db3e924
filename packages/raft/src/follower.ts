/** The follower's side of replication (paper section 5.3, 7): what it accepts from the leader of its term. */
import { invariant } from './invariant.ts';
import type { Member } from './member.ts';
import { adoptSnapshot } from './membership.ts';
import type { AppendMessage, HeartbeatMessage, SnapshotMessage } from './message.ts';

export function handleAppend(member: Member, message: AppendMessage): void {
  const { log } = member;
  const { prevIndex, prevTerm, entries } = message;
  // Late or repeated. What is committed is the leader's log anyway, so say that it matches.
  if (prevIndex < log.committed) {
    acknowledge(member, log.committed);
    return;
  }
  if (log.termAt(prevIndex) !== prevTerm) {
    reject(member, message);
    return;
  }
  log.merge(prevIndex, entries);
  const lastIndex = prevIndex + entries.length;
  // Only up to what this message vouches for: our log may go on with entries that the leader does not have.
  log.commitTo(Math.min(message.commit, lastIndex));
  invariant(log.committed >= log.provenCommit, 'a leader appended a conf change before the one before was committed');
  acknowledge(member, lastIndex);
}

export function handleHeartbeat(member: Member, { commit, round }: HeartbeatMessage): void {
  member.log.commitTo(commit);
  const { id: from, leader: to, term } = member;
  member.messages.push({ type: 'heartbeatResponse', from, to, term, round });
}

/** Takes the place of the log, unless the log holds all of it already. */
export function handleSnapshot(member: Member, { snapshot }: SnapshotMessage): void {
  const { log } = member;
  if (log.termAt(snapshot.index) === snapshot.term) log.commitTo(snapshot.index);
  if (snapshot.index > log.committed) {
    log.restore(snapshot);
    adoptSnapshot(member, snapshot);
    member.installing = snapshot;
  }
  acknowledge(member, log.committed);
}

/** Leaves only once the log up to `index` is durable. One that still waits is overtaken: the higher index says it all. */
function acknowledge(member: Member, index: number): void {
  const { id: from, leader: to, term, held } = member;
  const waiting = held.at(-1);
  let highest = index;
  if (waiting?.type === 'appendResponse') {
    highest = Math.max(index, waiting.index);
    held.pop();
  }
  held.push({ type: 'appendResponse', from, to, term, index: highest, rejected: false, hintIndex: 0, hintTerm: 0 });
}

function reject(member: Member, { prevIndex, prevTerm }: AppendMessage): void {
  const { id: from, leader: to, term, log } = member;
  const hintIndex = log.lastIndexWithin({ index: prevIndex, term: prevTerm });
  const hintTerm = log.termAt(hintIndex) ?? 0;
  member.messages.push({
    type: 'appendResponse',
    from,
    to,
    term,
    index: prevIndex,
    rejected: true,
    hintIndex,
    hintTerm,
  });
}
