/** What a leader says when it has nothing to append. */
import type { Member } from './member.ts';

/** Heartbeats to all, under the newest read round. */
export function broadcastHeartbeat(member: Member): void {
  const { id: from, term, round, log } = member;
  for (const [to, peer] of member.progress) {
    if (to === from) continue;
    // Beyond what is known to match, the follower may hold other entries, and must not commit those.
    const commit = Math.min(peer.match, log.committed);
    member.messages.push({ type: 'heartbeat', from, to, term, commit, round });
  }
}
