/**
 * The leader's side of replication (paper section 5.3, thesis 10.2). Appends are derived from state when a Ready is
 * taken, not from events: whatever was proposed, committed and confirmed since the last one becomes one message a
 * follower, and the followers at the same place share its entries.
 */
import type { Entry, NodeId, SnapshotMeta } from './entry.ts';
import { invariant } from './invariant.ts';
import type { ConfigSince, Member } from './member.ts';
import { configIndex } from './member.ts';
import type { AppendResponse, HeartbeatResponse } from './message.ts';
import type { Progress } from './progress.ts';
import { quorumIndex } from './quorum.ts';
import { confirmRound } from './read-index.ts';
import { finishTransferIfCaughtUp } from './transfer.ts';

const noData = new Uint8Array(0);
const noEntries: readonly Entry[] = [];

/** Section 5.4.2 and 8: entries of earlier terms commit, and reads begin, once an entry of the own term has. */
export function appendNoop(member: Member): void {
  appendData(member, [noData]);
}

/** Appends one entry for each of `data`. Returns whether they fit under the uncommitted limit. */
export function appendProposals(member: Member, data: readonly Uint8Array[]): boolean {
  const bytes = data.reduce((sum, one) => sum + one.length, 0);
  // An idle leader takes a batch of any size, or one beyond the limit could never pass.
  if (member.uncommittedBytes > 0 && member.uncommittedBytes + bytes > member.limits.maxUncommittedBytes) return false;
  appendData(member, data);
  return true;
}

/** Appends a conf change. It passes every limit: there is one at a time. */
export function appendConfChange(member: Member, data: Uint8Array): void {
  appendEntries(member, [{ term: member.term, index: member.log.lastIndex + 1, type: 'confChange', data }]);
}

/** Something is to be sent to `peer`. */
export function appendDue(member: Member, peer: Progress): boolean {
  const { log } = member;
  if (peer.state === 'snapshot' || peer.paused) return false;
  // A snapshot is too dear to be sent to someone who may be gone.
  if (needsSnapshot(member, peer)) return peer.recentActive;
  if (peer.state === 'probe' || peer.nudged) return true;
  if (peer.next <= log.lastIndex && !peer.inflights.full) return true;
  return peer.sentCommit < Math.min(log.committed, peer.next - 1);
}

/** Sends to every follower all that it is due. */
export function replicate(member: Member): void {
  for (const [id, peer] of member.progress) {
    if (id === member.id) continue;
    while (appendDue(member, peer)) sendNext(member, id, peer);
  }
}

/** The leader's own log is durable up to `synced`: its own vote for commitment. */
export function ownLogSynced(member: Member): void {
  member.progress.get(member.id)?.accepted(member.log.synced);
  advanceCommit(member);
}

export function handleAppendResponse(member: Member, message: AppendResponse): void {
  const peer = member.progress.get(message.from);
  if (peer === undefined) return;
  peer.recentActive = true;
  if (message.rejected) {
    peer.refused({ index: message.index, hint: agreementBound(member, message) });
    return;
  }
  invariant(message.index <= member.log.lastIndex, 'a member confirmed more than this log holds');
  const news = peer.accepted(message.index);
  // A probe is answered even when it brought nothing new: now we know where the logs agree.
  if (!news && !(peer.state === 'probe' && peer.match === message.index)) return;
  leaveWaitingState(member, peer);
  if (news) advanceCommit(member);
  finishTransferIfCaughtUp(member, { id: message.from, match: peer.match });
}

export function handleHeartbeatResponse(member: Member, { from, round }: HeartbeatResponse): void {
  const peer = member.progress.get(from);
  if (peer === undefined) return;
  peer.heartbeatAnswered({ behind: peer.match < member.log.lastIndex });
  confirmRound(member, { peer, round });
}

function appendData(member: Member, data: readonly Uint8Array[]): void {
  const { log, term } = member;
  const first = log.lastIndex + 1;
  appendEntries(
    member,
    data.map((one, i) => ({ term, index: first + i, type: 'normal', data: one })),
  );
}

function appendEntries(member: Member, entries: readonly Entry[]): void {
  const { log } = member;
  const first = log.lastIndex + 1;
  log.append(entries);
  member.uncommittedBytes += log.bytesOf({ from: first, to: log.lastIndex + 1 });
}

/**
 * Its next entry is compacted; or it has nothing yet, and the log begins with entry 1 but holds applied conf changes. A
 * newcomer does not know which configuration those change, so it begins with a snapshot, which says it.
 */
function needsSnapshot(member: Member, { next }: Progress): boolean {
  return next <= member.log.compacted.index || (next === 1 && configIndex(member) > 0);
}

function sendNext(member: Member, to: NodeId, peer: Progress): void {
  const { log, term, id: from } = member;
  const prevIndex = peer.next - 1;
  const prevTerm = log.termAt(prevIndex);
  if (prevTerm === undefined || needsSnapshot(member, peer)) {
    sendSnapshot(member, to, peer);
    return;
  }
  const { entries, bytes } = peer.inflights.full ? { entries: noEntries, bytes: 0 } : entriesFrom(member, peer.next);
  member.messages.push({ type: 'append', from, to, term, prevIndex, prevTerm, entries, commit: log.committed });
  const lastIndex = prevIndex + entries.length;
  peer.sent({ lastIndex, count: entries.length, bytes });
  peer.sentCommit = Math.min(log.committed, lastIndex);
}

function sendSnapshot(member: Member, to: NodeId, peer: Progress): void {
  const { log, term, id: from, configs } = member;
  // The oldest state that helps and whose configuration is known; for a newcomer, the one that knows of all conf changes.
  const known = peer.next > log.compacted.index ? configIndex(member) : (configs[0] as ConfigSince).index;
  const snapshot = snapshotAt(member, Math.max(log.compacted.index, known));
  peer.becomeSnapshot(snapshot.index);
  member.messages.push({ type: 'snapshot', from, to, term, snapshot });
}

/** What a snapshot of the state at `index` says of itself. */
export function snapshotAt({ log, configs }: Member, index: number): SnapshotMeta {
  const term = log.termAt(index);
  invariant(term !== undefined && index <= log.applied, 'a snapshot is of an applied entry that is not compacted');
  const since = configs.findLast((one) => one.index <= index);
  invariant(since !== undefined, `the configuration at entry ${index} is not known: the state was newer at the start`);
  return { index, term, config: since.config };
}

function entriesFrom({ log, limits }: Member, from: number): { entries: readonly Entry[]; bytes: number } {
  return log.sliceBytes({ from, to: log.lastIndex + 1, maxBytes: limits.maxMessageBytes });
}

/**
 * Where the logs can agree at most. Both sides skip whole terms, so each round trip settles a term of either log.
 *
 *     index          1 2 3 4 5 6 7 8    The follower refuses an append after 8 and hints at 6, where it has term 2.
 *     leader's term  1 3 3 3 5 5 5 5    The leader's last entry up to 6 with a term of at most 2 is 1, so the next
 *     follower's     1 1 1 1 2 2        append is after 1.
 */
function agreementBound({ log }: Member, { hintIndex, hintTerm }: AppendResponse): number {
  return hintTerm > 0 ? log.lastIndexWithin({ index: hintIndex, term: hintTerm }) : hintIndex;
}

function leaveWaitingState({ log }: Member, peer: Progress): void {
  if (peer.state === 'probe') peer.becomeReplicate();
  // Whichever snapshot it took, and whether or not its sender has reported: it can be served from the log again.
  if (peer.state === 'snapshot' && peer.match >= log.compacted.index) peer.becomeReplicate();
}

/** Section 5.4.2: only an entry of the own term is committed by counting; those before it commit along. */
export function advanceCommit(member: Member): void {
  const { log } = member;
  const index = quorumIndex(member.voterProgress, matchOf);
  if (index <= log.committed || log.termAt(index) !== member.term) return;
  member.uncommittedBytes -= log.bytesOf({ from: log.committed + 1, to: index + 1 });
  log.commitTo(index);
}

function matchOf({ match }: Progress): number {
  return match;
}
