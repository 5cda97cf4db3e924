/** `etcdserverpb.KV`: reads from local state after a ReadIndex round, writes through the log. */
import {
  type AnsweredType,
  type StoreError,
  checkDeleteRange,
  checkPut,
  checkRange,
  checkTxn,
  encodeAnswer,
  isReadOnlyTxn,
  isSerializableTxn,
  toRpcError,
} from '@flotilla/store';
import { type CallContext, Encoded, type Handlers, clampInteger, type kvService } from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import { rangeStream } from './range-stream.ts';
import { answerRange } from './sliced-range.ts';
import { requireLeader } from './require-leader.ts';
import { answered, encodedHeaderOf, headerOf } from './response-header.ts';

export function kvHandlers(member: Member): Handlers<typeof kvService> {
  const header = headerOf(member);
  const { maxTxnOps } = member.settings;

  const encodedHeader = encodedHeaderOf(member);

  /** Proposes the request's own bytes. */
  async function write(type: AnsweredType, context: CallContext): Promise<Encoded> {
    const asking = member.authentication.callerOf(context);
    const outcome = await member.proposals.submit(type, context.requestBytes, asking && (await asking));
    const { response, revision } = answered(outcome);
    return new Encoded(encodeAnswer(type, response, encodedHeader(revision)));
  }

  return {
    async Range(request, context) {
      requireLeader(member, context);
      refuse(checkRange(request));
      if (!request.serializable) await member.reads.confirm();
      const asking = member.authentication.callerOf(context);
      const caller = asking && (await asking);
      // One key is at hand: no step more than needed.
      if (request.range_end.length === 0) {
        return new Encoded(answered(member.machine.store.encodedRange(request, encodedHeader, caller)).response);
      }
      const outcome = await answerRange(member, encodedHeader, { request, context, caller });
      return new Encoded(...answered(outcome).response);
    },
    RangeStream: (request, context) => rangeStream(member, request, context),
    // No promise but the one that `write` makes: these are the hottest calls.
    Put(request, context) {
      requireLeader(member, context);
      refuse(checkPut(request));
      return write('put', context);
    },
    DeleteRange(request, context) {
      requireLeader(member, context);
      refuse(checkDeleteRange(request));
      return write('deleteRange', context);
    },
    async Txn(request, context) {
      requireLeader(member, context);
      refuse(checkTxn(request, maxTxnOps));
      if (!isReadOnlyTxn(request)) return await write('txn', context);
      if (!isSerializableTxn(request)) await member.reads.confirm();
      const asking = member.authentication.callerOf(context);
      const caller = asking && (await asking);
      const { response, revision } = answered(member.machine.store.readOnlyTxn(request, caller));
      return { ...response, header: header(revision) };
    },
    async Compact({ revision, physical }, context) {
      requireLeader(member, context);
      const compacted = answered(await member.proposals.submit('compact', context.requestBytes));
      if (physical) await member.machine.state.compacted(clampInteger(revision));
      return { header: header(compacted.revision) };
    },
  };
}

function refuse(error: StoreError | undefined): void {
  if (error) throw toRpcError(error.code);
}
