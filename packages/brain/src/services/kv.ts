/** `etcdserverpb.KV`: reads from local state after a ReadIndex round, writes through the log. */
import {
  type EntryResponse,
  type EntryType,
  type StoreError,
  checkDeleteRange,
  checkPut,
  checkRange,
  checkTxn,
  isReadOnlyTxn,
  isSerializableTxn,
  toRpcError,
} from '@flotilla/store';
import { type CallContext, type Handlers, clampInteger, type etcdserverpb, type kvService } from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import { rangeStream } from './range-stream.ts';
import { requireLeader } from './require-leader.ts';
import { type ResponseHeader, answered, headerOf } from './response-header.ts';

type CompactionResponse = etcdserverpb.CompactionResponse.$Properties;

export function kvHandlers(member: Member): Handlers<typeof kvService> {
  const header = headerOf(member);
  const { maxTxnOps } = member.settings;

  /** Proposes the request's own bytes. */
  async function write<R extends EntryResponse>(
    type: EntryType,
    context: CallContext,
  ): Promise<R & { header: ResponseHeader }> {
    const outcome = await member.proposals.submit(type, context.requestBytes);
    const { response, revision } = answered(outcome);
    return { ...(response as R), header: header(revision) };
  }

  return {
    async Range(request, context) {
      requireLeader(member, context);
      refuse(checkRange(request));
      if (!request.serializable) await member.reads.confirm();
      const { response, revision } = answered(member.machine.store.range(request));
      return { ...response, header: header(revision) };
    },
    RangeStream: (request, context) => rangeStream(member, request, context),
    async Put(request, context) {
      requireLeader(member, context);
      refuse(checkPut(request));
      return await write('put', context);
    },
    async DeleteRange(request, context) {
      requireLeader(member, context);
      refuse(checkDeleteRange(request));
      return await write('deleteRange', context);
    },
    async Txn(request, context) {
      requireLeader(member, context);
      refuse(checkTxn(request, maxTxnOps));
      if (!isReadOnlyTxn(request)) return await write('txn', context);
      if (!isSerializableTxn(request)) await member.reads.confirm();
      const { response, revision } = answered(member.machine.store.readOnlyTxn(request));
      return { ...response, header: header(revision) };
    },
    async Compact({ revision, physical }, context) {
      requireLeader(member, context);
      const response = await write<CompactionResponse>('compact', context);
      if (physical) await member.machine.state.compacted(clampInteger(revision));
      return response;
    },
  };
}

function refuse(error: StoreError | undefined): void {
  if (error) throw toRpcError(error.code);
}
