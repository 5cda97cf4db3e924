/** `etcdserverpb.Watch`: each call is a stream of the watch hub. */
import { type Clock, messageOf } from '@flotilla/base';
import { toRpcError } from '@flotilla/store';
import type { Handlers, watchService } from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import { endWithoutLeader, requireLeader } from './require-leader.ts';

/** What a gRPC message may exceed the largest request by; also the size from which watch responses are split. */
export const messageOverheadBytes = 512 * 1024;

export function watchHandlers(member: Member, clock: Clock): Handlers<typeof watchService> {
  const { membership, maxRequestBytes } = member.settings;
  const ids = { clusterId: membership.clusterId, memberId: membership.self.id };
  return {
    async *Watch(requests, context) {
      requireLeader(member, context);
      const stream = member.machine.watchHub.openStream({
        header: () => ({ ...ids, raftTerm: member.raft.term }),
        maxFragmentBytes: maxRequestBytes + messageOverheadBytes,
      });
      // Ended by us unless the client ends it first.
      let failure: Error | undefined = toRpcError('serverStopped');
      const close = (reason: Error | undefined): void => {
        failure = reason;
        stream.close();
      };
      const receive = async (): Promise<void> => {
        for await (const request of requests) stream.receive(request);
      };
      receive().then(
        () => close(undefined),
        (error: unknown) => close(error instanceof Error ? error : new Error(messageOf(error))),
      );
      const stopWaiting = endWithoutLeader({ member, clock }, context, () => close(toRpcError('noLeader')));
      const abort = (): void => close(undefined);
      context.signal.addEventListener('abort', abort, { once: true });
      if (context.signal.aborted) abort();
      try {
        yield* stream.responses;
        if (failure) throw failure;
      } finally {
        stopWaiting();
        context.signal.removeEventListener('abort', abort);
        stream.close();
      }
    },
  };
}
