/**
 * Answers a Range with the bytes of its `RangeResponse`: versions are `mvccpb.KeyValue` bytes wherever they lie, and are
 * copied as they are. What is asked for in another order, by filters or without values takes the way over messages.
 */
import { clampInteger, etcdserverpb } from '@flotilla/wire';
import { withHeader } from '../answer-encoding.ts';
import { framedLength, writeFramed } from '../framing.ts';
import { intervalOf } from '../interval.ts';
import type { Outcome } from '../outcome.ts';
import { type RangeRequest, type ReadView, findVersions, hasFilters, range, revisionOf } from './range.ts';
import { varintLength, writeVarint } from './varint.ts';

/** Makes the bytes of the `ResponseHeader` of a revision. */
export type EncodedHeader = (revision: number) => Uint8Array;

const tags = { header: 0x0a, kvs: 0x12, more: 0x18, count: 0x20 } as const;
const { SortOrder, SortTarget } = etcdserverpb.RangeRequest;

export function encodedRange(view: ReadView, request: RangeRequest, headerOf: EncodedHeader): Outcome<Uint8Array> {
  const revision = revisionOf(view, request);
  if (typeof revision !== 'number') return revision;
  const header = headerOf(view.revision);
  if (!isPlain(request)) {
    const outcome = range(view, request);
    return outcome.ok
      ? { ...outcome, response: withHeader(header, etcdserverpb.RangeResponse.encode(outcome.response).finish()) }
      : outcome;
  }
  const interval = intervalOf(request.key, request.range_end);
  const limit = Math.max(0, clampInteger(request.limit));
  const read = (id: number): Uint8Array | undefined => view.keyspace.bytesAt(id, revision);
  const { versions, count } = findVersions(view, { interval, revision, limit: limit || Infinity }, read);
  return { ok: true, response: encode({ header, versions, count }), revision: view.revision };
}

/** Whether versions are asked for as they are, in the order of keys. */
function isPlain(request: RangeRequest): boolean {
  if (request.keys_only === true || request.count_only === true || hasFilters(request)) return false;
  return (request.sort_target ?? SortTarget.KEY) === SortTarget.KEY && request.sort_order !== SortOrder.DESCEND;
}

interface Parts {
  readonly header: Uint8Array;
  readonly versions: readonly Uint8Array[];
  /** Keys in the interval: more than there are versions when a limit cut them. */
  readonly count: number;
}

function encode({ header, versions, count }: Parts): Uint8Array {
  const hasMore = count > versions.length;
  let length = framedLength(header.length) + (hasMore ? 2 : 0) + (count > 0 ? 1 + varintLength(count) : 0);
  for (const version of versions) length += framedLength(version.length);
  const bytes = Buffer.allocUnsafe(length);
  let at = writeFramed(bytes, 0, { tag: tags.header, content: header });
  for (const content of versions) at = writeFramed(bytes, at, { tag: tags.kvs, content });
  if (hasMore) {
    bytes[at++] = tags.more;
    bytes[at++] = 1;
  }
  if (count > 0) {
    bytes[at++] = tags.count;
    writeVarint(bytes, at, count);
  }
  return bytes;
}
