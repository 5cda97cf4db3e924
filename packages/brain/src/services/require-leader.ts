/**
 * The metadata `hasleader: true`: such a unary call fails at once without a leader, and such a stream ends when there has
 * been none for three election timeouts.
 */
import { toRpcError } from '@flotilla/store';
import type { CallContext } from '@flotilla/wire';
import type { Timer } from '@flotilla/base';
import type { Member } from '../member/member.ts';

function asksForLeader(context: CallContext): boolean {
  return context.metadata('hasleader') === 'true';
}

/** @throws RpcError `etcdserver: no leader`. */
export function requireLeader(member: Member, context: CallContext): void {
  if (!member.leadership.known && asksForLeader(context)) throw toRpcError('noLeader');
}

/** Calls `end` when a stream that asked for a leader has to end; stop it with the returned function. */
export function endWithoutLeader(
  {
    member,
    clock,
  }: { readonly member: Member; readonly clock: { after(delayMs: number, callback: () => void): Timer } },
  context: CallContext,
  end: () => void,
): () => void {
  if (!asksForLeader(context)) return () => undefined;
  const { leadership, electionTimeoutMs } = member;
  let timer: Timer | undefined;
  const consider = (): void => {
    timer?.cancel();
    timer = leadership.known ? undefined : clock.after(3 * electionTimeoutMs, end);
  };
  consider();
  const unsubscribe = leadership.subscribe(consider);
  return () => {
    unsubscribe();
    timer?.cancel();
  };
}
