/**
 * Those who contend for a lock or an election: each has a key under one prefix, named by its lease, and the one whose key is
 * the oldest holds it. Key layout, order and texts are those of etcd's `concurrency` package, so that its clients contend
 * with these services' callers.
 *
 * What goes wrong arrives with status UNKNOWN and etcd's text: its services pass on the errors of a client, which carry none.
 */
import { RpcError, StatusCode, clampInteger, etcdserverpb, isRpcError, mvccpb } from '@flotilla/wire';
import type { KeyValue, LocalClient } from './local-client.ts';

/** The lease of a caller that gives none lives this long, and nobody renews it. */
const sessionTtlSeconds = 60;

const { SortOrder, SortTarget } = etcdserverpb.RangeRequest;
const { DELETE } = mvccpb.Event.EventType;

/** The lease that a caller named, or a new one. */
export async function sessionLease(client: LocalClient, lease: bigint): Promise<bigint> {
  return lease === 0n ? await client.grantLease(sessionTtlSeconds) : lease;
}

export function prefixOf(name: Uint8Array): Uint8Array {
  return Buffer.concat([name, Buffer.from('/')]);
}

export function keyOf(prefix: Uint8Array, lease: bigint): Uint8Array {
  return Buffer.concat([prefix, Buffer.from(lease.toString(16))]);
}

/** The request for the oldest key under a prefix. */
export function oldest(prefix: Uint8Array): etcdserverpb.RangeRequest.$Properties {
  return {
    key: prefix,
    range_end: endOf(prefix),
    limit: 1,
    sort_target: SortTarget.CREATE,
    sort_order: SortOrder.ASCEND,
  };
}

/** The compare that holds while a key is the one that was created at that revision; 0: while there is none. */
export function createdAt(key: Uint8Array, create_revision: number): etcdserverpb.Compare.$Properties {
  const { CompareResult, CompareTarget } = etcdserverpb.Compare;
  return { key, target: CompareTarget.CREATE, result: CompareResult.EQUAL, create_revision };
}

/**
 * Resolves when no key under the prefix is older than `createRevision`. Each looks at its predecessor only, so that the end
 * of one wakes one.
 * @throws the signal's reason when it is aborted; RpcError when the member stops.
 */
export async function waitForOlder(
  client: LocalClient,
  { prefix, createRevision }: { readonly prefix: Uint8Array; readonly createRevision: number },
  signal: AbortSignal,
): Promise<void> {
  const youngestOlder = {
    key: prefix,
    range_end: endOf(prefix),
    limit: 1,
    sort_target: SortTarget.CREATE,
    sort_order: SortOrder.DESCEND,
    max_create_revision: createRevision - 1,
  };
  for (;;) {
    const { header, response } = await client.range(youngestOlder);
    signal.throwIfAborted();
    const predecessor = response.kvs?.[0];
    if (!predecessor) return;
    await waitForDelete(client, predecessor, clampInteger(header.revision), signal);
  }
}

/** Returns early when history is compacted meanwhile: whoever waits looks again. */
async function waitForDelete(
  client: LocalClient,
  { key }: KeyValue,
  revision: number,
  signal: AbortSignal,
): Promise<void> {
  const request = { key: key ?? null, start_revision: revision };
  for await (const { compacted, events } of client.watch(request, signal)) {
    if (compacted || events.some(({ type }) => type === DELETE)) return;
  }
  signal.throwIfAborted();
}

/** The first key after all that begin with `prefix`, which ends in a slash. */
export function endOf(prefix: Uint8Array): Uint8Array {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

/** As etcd's services pass on what went wrong: the text without its status. */
export async function withoutStatus<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw isRpcError(error) ? unknownError(error.message) : error;
  }
}

export function unknownError(text: string): RpcError {
  return new RpcError(StatusCode.UNKNOWN, text);
}
