/**
 * A client of this very member, for the services that etcd builds on its own client: locks and elections. Nothing leaves the
 * process; reads are linearizable. It may do what the caller of its call may do.
 */
import { type Randomness, createAsyncQueue } from '@flotilla/base';
import { checkTxn, completeLeaseGrant, minLeaseTtlSeconds, toRpcError } from '@flotilla/store';
import {
  type CallContext,
  Encoded,
  type ResponseSink,
  clampInteger,
  etcdserverpb,
  type mvccpb,
  toId,
} from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import { type ResponseHeader, answered, headerOf } from './response-header.ts';
import { messageOverheadBytes } from './watch.ts';

/** From so many unread answers on, a watch pauses. */
const pausedAnswers = 64;

export type KeyValue = mvccpb.KeyValue.$Properties;

/** An answer with the header that the member's own answers have. */
export interface Headed<T> {
  readonly header: ResponseHeader;
  readonly response: T;
}

export interface LocalClient {
  grantLease(ttlSeconds: number): Promise<bigint>;
  txn(request: etcdserverpb.TxnRequest.$Properties): Promise<Headed<etcdserverpb.TxnResponse.$Properties>>;
  delete(key: Uint8Array): Promise<ResponseHeader>;
  range(request: etcdserverpb.RangeRequest.$Properties): Promise<Headed<etcdserverpb.RangeResponse.$Properties>>;
  /**
   * The answers of one watch that carry something, until `signal` is aborted.
   * @throws RpcError when the member stops.
   */
  watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<WatchAnswer>;
}

export type WatchRequest = etcdserverpb.WatchCreateRequest.$Properties;

export interface WatchAnswer {
  readonly header: ResponseHeader;
  /** What it was to begin with is compacted: no more answers come. */
  readonly compacted: boolean;
  readonly events: readonly mvccpb.Event.$Properties[];
}

/** Makes the client of a call. */
export type LocalClientOf = (context: CallContext) => LocalClient;

export function localClient(member: Member, world: { readonly randomness: Randomness }): LocalClientOf {
  return (context) => clientOf(member, world, context);
}

function clientOf(
  member: Member,
  { randomness }: { readonly randomness: Randomness },
  context: CallContext,
): LocalClient {
  const { authentication } = member;
  const header = headerOf(member);
  const { membership, maxRequestBytes, maxTxnOps, electionTicks, heartbeatMs } = member.settings;
  const minTtlSeconds = minLeaseTtlSeconds({ electionTicks, heartbeatMs });
  return {
    async grantLease(ttlSeconds) {
      const caller = await authentication.callerOf(context);
      if (authentication.state.enabled && !caller) throw toRpcError('userNameEmpty');
      const isTaken = (id: bigint): boolean => member.machine.store.leases.get(id) !== undefined;
      const request = completeLeaseGrant({ TTL: ttlSeconds }, { minTtlSeconds, randomness, isTaken });
      answered(await member.proposals.submit('leaseGrant', etcdserverpb.LeaseGrantRequest.encode(request).finish()));
      return toId(request.ID);
    },
    async txn(request) {
      const refused = checkTxn(request, maxTxnOps);
      if (refused) throw toRpcError(refused.code);
      const caller = await authentication.callerOf(context);
      const outcome = await member.proposals.submit('txn', etcdserverpb.TxnRequest.encode(request).finish(), caller);
      const { response, revision } = answered(outcome);
      return { header: header(revision), response };
    },
    async delete(key) {
      if (key.length === 0) throw toRpcError('keyNotProvided');
      const body = etcdserverpb.DeleteRangeRequest.encode({ key }).finish();
      const caller = await authentication.callerOf(context);
      return header(answered(await member.proposals.submit('deleteRange', body, caller)).revision);
    },
    async range(request) {
      await member.reads.confirm();
      const caller = await authentication.callerOf(context);
      const { response, revision } = answered(member.machine.store.range(request, caller));
      return { header: header(revision), response };
    },
    async *watch(request, signal) {
      const caller = await authentication.callerOf(context);
      const refused = authentication.state.refusedKeys(caller, request, 'read');
      if (refused) throw toRpcError(refused);
      const answers = new WatchAnswers();
      const stream = member.machine.watchHub.openStream({
        header: () => ({
          clusterId: membership.clusterId,
          memberId: membership.self.id,
          raftTerm: member.raft.term,
        }),
        maxFragmentBytes: maxRequestBytes + messageOverheadBytes,
        sink: answers,
      });
      const close = (): void => stream.close();
      signal.addEventListener('abort', close, { once: true });
      if (signal.aborted) close();
      try {
        stream.receive({ create_request: request });
        for await (const answer of answers) {
          if (answer.compacted || answer.events.length > 0) yield answer;
          if (answer.compacted) return;
        }
        if (!signal.aborted) throw toRpcError('serverStopped');
      } finally {
        signal.removeEventListener('abort', close);
        stream.close();
      }
    },
  };
}

/** Answers that wait to be read; the watch is told to pause when they are many. */
class WatchAnswers implements ResponseSink<etcdserverpb.WatchResponse.$Properties>, AsyncIterable<WatchAnswer> {
  readonly #queue = createAsyncQueue<WatchAnswer>(Infinity);
  #drained: (() => void)[] = [];

  write(response: etcdserverpb.WatchResponse.$Properties | Encoded): boolean {
    this.#queue.push(answerOf(response));
    return this.#queue.size < pausedAnswers;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  end(error?: Error): void {
    if (error) this.#queue.fail(error);
    else this.#queue.end();
    this.#release();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchAnswer, void> {
    for await (const answer of this.#queue) {
      if (this.#queue.size === 0) this.#release();
      yield answer;
    }
  }

  #release(): void {
    const waiting = this.#drained;
    this.#drained = [];
    for (const resolve of waiting) resolve();
  }
}

function answerOf(response: etcdserverpb.WatchResponse.$Properties | Encoded): WatchAnswer {
  const message = response instanceof Encoded ? etcdserverpb.WatchResponse.decode(response.bytes) : response;
  const { header, events, canceled, compact_revision } = message;
  return {
    header: header ?? {},
    compacted: canceled === true && clampInteger(compact_revision) > 0,
    events: events ?? [],
  };
}
