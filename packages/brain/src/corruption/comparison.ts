/** What hashes of several members say about who is damaged: etcd's rules, without the asking. */
import type { NodeId } from '@flotilla/raft';
import type { MemberHash } from './member-hash.ts';

export interface PeerHash {
  readonly id: NodeId;
  readonly hash: MemberHash;
}

/** Both name the same changes and differ. */
export function contradict(a: MemberHash, b: MemberHash): boolean {
  return a.revision === b.revision && a.compactRevision === b.compactRevision && a.hash !== b.hash;
}

/**
 * Whom the leader finds damaged: itself, if it does not hash the same changes alike twice; a peer that has what the leader
 * (which made sure that it leads in between) has not; a peer with another hash of the same changes.
 */
export function damaged(
  self: NodeId,
  {
    before,
    after,
    peers,
  }: { readonly before: MemberHash; readonly after: MemberHash; readonly peers: readonly PeerHash[] },
): readonly NodeId[] {
  const found = peers.filter(
    ({ hash }) =>
      hash.currentRevision > after.currentRevision ||
      hash.compactRevision > after.compactRevision ||
      contradict(hash, before),
  );
  const ids = found.map(({ id }) => id);
  return contradict(before, after) ? [self, ...ids] : ids;
}

/**
 * Who has another hash than the majority of all members; `undecided` when hashes differ and none has a majority.
 */
export function minority(hashes: readonly PeerHash[], memberCount: number): readonly NodeId[] | 'undecided' {
  const holders = new Map<number, NodeId[]>();
  for (const { id, hash } of hashes) holders.set(hash.hash, [...(holders.get(hash.hash) ?? []), id]);
  if (holders.size <= 1) return [];
  const groups = [...holders.values()];
  const majority = groups.find((ids) => ids.length * 2 > memberCount);
  return majority ? groups.filter((ids) => ids !== majority).flat() : 'undecided';
}
