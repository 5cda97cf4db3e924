/**
 * `KV.RangeStream`: a range in chunks, all of one revision, so that neither side holds the whole. Chunks double and halve to
 * stay near the largest request; header, more and count stand on the last one only, as in etcd 3.7.
 */
import { checkRange, toRpcError } from '@flotilla/store';
import { type CallContext, clampInteger, etcdserverpb } from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import { requireLeader } from './require-leader.ts';
import { answered, headerOf } from './response-header.ts';

type RangeRequest = etcdserverpb.RangeRequest.$Properties;
type KeyValues = NonNullable<etcdserverpb.RangeResponse.$Properties['kvs']>;
type Chunk = etcdserverpb.RangeStreamResponse.$Properties;

const firstChunkKeys = 10;
const { SortOrder, SortTarget } = etcdserverpb.RangeRequest;

export async function* rangeStream(
  member: Member,
  request: RangeRequest,
  context: CallContext,
): AsyncGenerator<Chunk, void> {
  requireLeader(member, context);
  const error = checkRange(request);
  if (error) throw toRpcError(error.code);
  refuseUnstreamable(request);
  if (request.serializable !== true) await member.reads.confirm();
  const caller = await member.authentication.callerOf(context);

  const header = headerOf(member)(member.machine.store.revision);
  const asked = clampInteger(request.revision);
  const revision = asked > 0 ? asked : member.machine.store.revision;
  const limit = Math.max(0, clampInteger(request.limit));
  const inOrder = { ...request, revision, sort_order: SortOrder.NONE, sort_target: SortTarget.KEY };
  let sent = 0;
  let total: number | undefined;
  let chunkKeys = firstChunkKeys;
  let { key } = request;
  for (;;) {
    const wanted = limit > 0 ? Math.min(chunkKeys, limit - sent) : chunkKeys;
    const { response } = answered(member.machine.store.range({ ...inOrder, key: key ?? null, limit: wanted }, caller));
    const kvs = response.kvs ?? [];
    total ??= clampInteger(response.count);
    sent += kvs.length;
    const done = response.more !== true || sent === limit;
    if (done) {
      yield { range_response: { header, kvs, count: total, more: request.count_only !== true && sent < total } };
      return;
    }
    yield { range_response: { kvs } };
    chunkKeys = nextChunk(chunkKeys, bytesOf(kvs), member.settings.maxRequestBytes);
    key = Buffer.concat([kvs.at(-1)?.key ?? new Uint8Array(), Buffer.of(0)]);
  }
}

/** By key, ascending, is the order that there is; without an order the target means nothing (etcd's `v3rpc/key.go`). */
function refuseUnstreamable(request: RangeRequest): void {
  const { sort_order, sort_target } = request;
  const isByKey = (sort_target ?? SortTarget.KEY) === SortTarget.KEY && sort_order === SortOrder.ASCEND;
  if ((sort_order ?? SortOrder.NONE) !== SortOrder.NONE && !isByKey) throw toRpcError('rangeStreamSort');
  const filters = [
    request.min_mod_revision,
    request.max_mod_revision,
    request.min_create_revision,
    request.max_create_revision,
  ];
  if (filters.some((filter) => clampInteger(filter) !== 0)) throw toRpcError('rangeStreamFilters');
}

function bytesOf(kvs: KeyValues): number {
  return kvs.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0);
}

function nextChunk(keys: number, bytes: number, wantedBytes: number): number {
  if (bytes > wantedBytes) return Math.max(1, keys >> 1);
  return 2 * bytes <= wantedBytes ? 2 * keys : keys;
}
