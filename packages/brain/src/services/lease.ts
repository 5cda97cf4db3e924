/** `etcdserverpb.Lease`: grants and revokes go through the log, renewals and times left are the leader's. */
import { type Clock, type Randomness, createAsyncQueue, messageOf } from '@flotilla/base';
import { checkLeaseGrant, completeLeaseGrant, minLeaseTtlSeconds, refusedLeaseKeys, toRpcError } from '@flotilla/store';
import { type CallContext, type Handlers, etcdserverpb, fromId, type leaseService, toId } from '@flotilla/wire';
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

  /** Renewing needs what revoking needs, and telling keys what reading them needs. */
  async function checkKeys(ids: readonly bigint[], access: 'read' | 'write', context: CallContext): Promise<void> {
    const caller = await member.authentication.callerOf(context);
    const { auth, leases } = member.machine.store;
    if (!auth.enabled) return;
    if (!caller) throw toRpcError('userNameEmpty');
    for (const id of ids) {
      const refused = refusedLeaseKeys({ auth, leases, caller }, id, access);
      if (refused) throw toRpcError(refused);
    }
  }

  async function keepAlive(ID: bigint, context: CallContext): Promise<KeepAliveResponse> {
    // Taken before the renewal, so that it is never later.
    const before = header(member.machine.store.revision);
    if (member.authentication.state.enabled) await checkKeys([ID], 'write', context);
    const { ttlSeconds } = await member.leases.renew(ID, context.signal);
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
      const caller = await member.authentication.callerOf(context);
      const outcome = await member.proposals.submit('leaseRevoke', context.requestBytes, caller);
      return { header: header(answered(outcome).revision) };
    },
    async *LeaseKeepAlive(requests, context) {
      requireLeader(member, context);
      const answers = createAsyncQueue<KeepAliveResponse>(maxUnreadAnswers);
      const answerAll = async (): Promise<void> => {
        for await (const request of requests) {
          const answer = await keepAlive(toId(request.ID), context);
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
      if (request.keys && member.authentication.state.enabled) await checkKeys([id], 'read', context);
      const { store } = member.machine;
      return {
        header: header(store.revision),
        ID: request.ID,
        TTL: ttlSeconds,
        grantedTTL: grantedTtlSeconds,
        keys: request.keys && ttlSeconds >= 0 ? [...store.leases.keys(id)] : [],
      };
    },
    async LeaseLeases(_request, context) {
      requireLeader(member, context);
      if (member.authentication.state.enabled) await checkKeys(member.machine.lessor.listByExpiry(), 'read', context);
      const { store, lessor } = member.machine;
      const leases = lessor.listByExpiry().map((id) => ({ ID: fromId(id) }));
      return { header: header(store.revision), leases };
    },
  };
}
