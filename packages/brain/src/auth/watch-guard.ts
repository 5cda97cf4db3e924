/** The requests of a watch call, with the refusal of those whose keys the caller may not read. Their order stays. */
import { type WatchStream, toRpcError } from '@flotilla/store';
import { type CallContext, RpcError, StatusCode, type etcdserverpb } from '@flotilla/wire';
import type { Member } from '../member/member.ts';

type WatchRequest = etcdserverpb.WatchRequest.$Properties;
type CreateRequest = etcdserverpb.WatchCreateRequest.$Properties;

/** Requests that may wait until it is known who calls; a client that sends more loses its stream. */
const maxWaiting = 4096;

/** Hands requests to the stream: at once while authentication is off. */
export function guardWatch(
  { authentication }: Pick<Member, 'authentication'>,
  stream: Pick<WatchStream, 'receive' | 'close'>,
  context: CallContext,
): (request: WatchRequest) => void {
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();

  const refusalOf = async ({ key, range_end }: CreateRequest): Promise<string | undefined> => {
    try {
      const caller = await authentication.callerOf(context);
      const keys = { key: key?.length ? key : Buffer.of(0), range_end: range_end ?? null };
      const refused = authentication.state.refusedKeys(caller, keys, 'read');
      return refused && statusText(toRpcError(refused));
    } catch (error) {
      if (error instanceof RpcError) return statusText(error);
      throw error;
    }
  };
  const receive = async (request: WatchRequest): Promise<void> => {
    const create = request.create_request;
    stream.receive(request, create ? await refusalOf(create) : undefined);
  };
  const fail = (error: unknown): void => stream.close(error instanceof Error ? error : toRpcError('serverStopped'));

  return (request) => {
    if (waiting === 0 && !authentication.state.enabled) return stream.receive(request);
    if (waiting >= maxWaiting) return fail(toRpcError('tooManyRequests'));
    waiting++;
    last = last
      .then(() => receive(request))
      .catch(fail)
      .finally(() => waiting--);
  };
}

/** A status as Go prints it, which is what etcd's clients find in the reason. */
function statusText({ status, message }: RpcError): string {
  const name = Object.entries(StatusCode).find(([, code]) => code === status)?.[0] ?? 'UNKNOWN';
  const words = name.split('_').map((word) => word.charAt(0) + word.slice(1).toLowerCase());
  return `rpc error: code = ${words.join('')} desc = ${message}`;
}
