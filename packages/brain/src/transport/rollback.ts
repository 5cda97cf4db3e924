/** A member says how far its log goes when it connects; a leader remembers what it had acknowledged before. */
import type { NodeId, Raft } from '@flotilla/raft';

/** What to tell a member whose log ends before what it had acknowledged; undefined when all is well. */
export function rolledBackText(
  raft: Pick<Raft, 'role' | 'status'>,
  { from, lastIndex }: { readonly from: NodeId; readonly lastIndex: number },
): string | undefined {
  if (raft.role !== 'leader') return undefined;
  const match = raft.status().progress.get(from)?.match ?? 0;
  if (match <= lastIndex) return undefined;
  return (
    `the log of member ${from.toString(16)} ends with entry ${lastIndex}, but it had acknowledged entry ${match}: ` +
    'its disk was rolled back. Remove it from the cluster, move its data directory away and add it again'
  );
}
