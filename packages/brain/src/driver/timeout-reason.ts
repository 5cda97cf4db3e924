/** Why a request got no answer in time, in etcd's words. */
import type { NodeId } from '@flotilla/raft';
import type { StoreErrorCode } from '@flotilla/store';
import type { Leadership } from './leadership.ts';

export function timeoutReason(given: {
  readonly startedMs: number;
  readonly leadership: Leadership;
  readonly electionTimeoutMs: number;
  readonly self: NodeId;
  readonly connected: (id: NodeId) => boolean;
}): StoreErrorCode {
  const { startedMs, leadership, electionTimeoutMs, self, connected } = given;
  if (!leadership.known) return 'timeout';
  const lostMs = leadership.sinceMs - 2 * electionTimeoutMs;
  if (startedMs > lostMs && startedMs < leadership.sinceMs) return 'timeoutLeaderFailure';
  return leadership.leader !== self && !connected(leadership.leader) ? 'timeoutConnectionLost' : 'timeout';
}
