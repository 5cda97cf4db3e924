/** `etcdserverpb.Lease`: grants and revokes go through the log, renewals and times left are the leader's. */
import { type Clock, type Randomness, createAsyncQueue, messageOf } from '@flotilla/base';
import { checkLeaseGrant, completeLeaseGrant, minLeaseTtlSeconds, toRpcError } from '@flotilla/store';
import { type Handlers, etcdserverpb, fromId, type leaseService, toId } from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import { endWithoutLeader, requireLeader } from './require-leader.ts';
import { answered, headerOf } from './response-header.ts';

/** A client that keeps leases alive and reads no answers loses its stream when these wait. */
const maxUnreadAnswers = 4096;

type KeepAliveResponse = etcdserverpb.LeaseKeepAliveResponse.$Properties;

export function leaseHandlers(
  member: Member,
  { clock, randomness }: { readonly clock: Clock; readonly randomness: Randomness },
): Handlers<typeof leaseService> {
  const header = headerOf(member);
  const { electionTicks, heartbeatMs } = member.settings;
  const minTtlSeconds = minLeaseTtlSeconds({ electionTicks, heartbeatMs });

  async function keepAlive(ID: bigint, signal: AbortSignal): Promise<KeepAliveResponse> {
    // Taken before the renewal, so that it is never later.
    const before = header(member.machine.store.revision);
    const { ttlSeconds } = await member.leases.renew(ID, signal);
    return { header: before, ID: fromId(ID), TTL: ttlSeconds };
  }

  return {
    async LeaseGrant(request, context) {
      requireLeader(member, context);
      const error = checkLeaseGrant(request);
      if (error) throw toRpcError(error.code);
      const isTaken = (id: bigint): boolean => member.machine.store.leases.get(id) !== undefined;
      const complete = completeLeaseGrant(request, { minTtlSeconds, randomness, isTaken });
      const body = etcdserverpb.LeaseGrantRequest.encode(complete).finish();
      const { response, revision } = answered(await member.proposals.submit('leaseGrant', body));
      return { ...response, header: header(revision) };
    },
    async LeaseRevoke(_request, context) {
      requireLeader(member, context);
      const outcome = await member.proposals.submit('leaseRevoke', context.requestBytes);
      return { header: header(answered(outcome).revision) };
    },
    async *LeaseKeepAlive(requests, context) {
      requireLeader(member, context);
      const answers = createAsyncQueue<KeepAliveResponse>(maxUnreadAnswers);
      const answerAll = async (): Promise<void> => {
        for await (const request of requests) {
          const answer = await keepAlive(toId(request.ID), context.signal);
          if (!answers.push(answer)) throw toRpcError('tooManyRequests');
        }
      };
      answerAll().then(
        () => answers.end(),
        (error: unknown) => answers.fail(error instanceof Error ? error : new Error(messageOf(error))),
      );
      const stopWaiting = endWithoutLeader({ member, clock }, context, () => answers.fail(toRpcError('noLeader')));
      const abort = (): void => answers.end();
      context.signal.addEventListener('abort', abort, { once: true });
      if (context.signal.aborted) abort();
      try {
        yield* answers;
      } finally {
        stopWaiting();
        context.signal.removeEventListener('abort', abort);
      }
    },
    async LeaseTimeToLive(request, context) {
      requireLeader(member, context);
      const id = toId(request.ID);
      const { ttlSeconds, grantedTtlSeconds } = await member.leases.timeToLive(id, context.signal);
      if (request.keys) await member.reads.confirm();
      const { store } = member.machine;
      return {
        header: header(store.revision),
        ID: request.ID,
        TTL: ttlSeconds,
        grantedTTL: grantedTtlSeconds,
        keys: request.keys && ttlSeconds >= 0 ? [...store.leases.keys(id)] : [],
      };
    },
    LeaseLeases(_request, context) {
      requireLeader(member, context);
      const { store, lessor } = member.machine;
      const leases = lessor.listByExpiry().map((id) => ({ ID: fromId(id) }));
      return { header: header(store.revision), leases };
    },
  };
}
