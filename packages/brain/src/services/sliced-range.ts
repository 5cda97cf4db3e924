/** A Range from local state whose turns stay short, however much it reads. */
import type { Caller, Outcome } from '@flotilla/store';
import { type CallContext, RpcError, StatusCode, type etcdserverpb } from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import { encodedHeaderOf } from './response-header.ts';

export interface RangeCall {
  readonly request: etcdserverpb.RangeRequest.$Properties;
  readonly context: CallContext;
  readonly caller: Caller | undefined;
}

/**
 * The pieces of the encoded response. A snapshot that is installed meanwhile makes it begin anew.
 * @throws RpcError CANCELLED (as a rejection) when nobody waits for it any more.
 */
export async function answerRange(
  { machine }: Member,
  headerOf: ReturnType<typeof encodedHeaderOf>,
  { request, context, caller }: RangeCall,
): Promise<Outcome<readonly Uint8Array[]>> {
  for (;;) {
    const { store } = machine;
    const slices = store.slicedRange(request, headerOf, { caller });
    let step = slices.next();
    while (step.done !== true) {
      await machine.nextSlice();
      if (context.signal.aborted) throw new RpcError(StatusCode.CANCELLED, 'context canceled');
      if (machine.store !== store) break;
      step = slices.next();
    }
    if (step.done === true) return step.value;
  }
}
