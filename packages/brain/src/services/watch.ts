/** `etcdserverpb.Watch`: each call is a stream of the watch hub. */
import { type Clock, messageOf } from '@flotilla/base';
import { toRpcError } from '@flotilla/store';
import { type Handlers, pushed, type watchService } from '@flotilla/wire';
import { guardWatch } from '../auth/watch-guard.ts';
import type { Member } from '../member/member.ts';
import { endWithoutLeader, requireLeader } from './require-leader.ts';

/** What a gRPC message may exceed the largest request by; also the size from which watch responses are split. */
export const messageOverheadBytes = 512 * 1024;

export function watchHandlers(member: Member, clock: Clock): Handlers<typeof watchService> {
  const { membership, maxRequestBytes } = member.settings;
  const ids = { clusterId: membership.clusterId, memberId: membership.self.id };
  return {
    Watch: pushed((requests, sink, context) => {
      requireLeader(member, context);
      let stopWaiting = (): void => undefined;
      const stream = member.machine.watchHub.openStream({
        header: () => ({ ...ids, raftTerm: member.raft.term }),
        maxFragmentBytes: maxRequestBytes + messageOverheadBytes,
        sink,
        onClose: () => stopWaiting(),
      });
      const close = (error?: unknown): void => stream.close(error === undefined ? undefined : errorOf(error));
      stopWaiting = endWithoutLeader({ member, clock }, context, () => close(toRpcError('noLeader')));
      context.signal.addEventListener('abort', () => close(), { once: true });
      if (context.signal.aborted) return close();
      // A client that asks nothing more goes on listening.
      requests.forEach(guardWatch(member, stream, context)).catch(close);
    }),
  };
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}
