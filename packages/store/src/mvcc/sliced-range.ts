/**
 * A Range of one revision, answered a slice at a time, so that a large one does not hold up everything else. Between two
 * slices the state may go on: what was read at a revision stays readable from history until a compaction goes beyond it.
 *
 * Worked example. At revision 9 a range over a million keys begins. After the first slice the keys k2 (already read) and
 * k7 (not yet) are put at 10: the next slice still finds k7 as of 9, now as a superseded version. After a compaction at 10 it
 * would not: a range of the newest revision then begins anew, one of a revision that was asked for is refused as compacted.
 *
 * Sliced are ranges in the order of keys, with values or without, and counts. Another order, or filters, need all
 * versions at once, and are answered in one step.
 */
import { clampInteger, etcdserverpb } from '@flotilla/wire';
import { noBytes } from '../bytes.ts';
import { type Framed, framedLength, writeFramed } from '../framing.ts';
import { type Interval, intervalOf } from '../interval.ts';
import { type Outcome, refuse } from '../outcome.ts';
import { type EncodedHeader, encodedRange } from './encoded-range.ts';
import type { KeyId } from './key-table.ts';
import { decodeKeyVersion, encodeInto, encodedLength } from './key-value.ts';
import { type RangeRequest, type ReadView, hasFilters, revisionOf } from './range.ts';
import { varintLength, writeVarint } from './varint.ts';

/** How much of a range is read in one step. */
export interface SliceLimits {
  /** Keys that are looked at; one whose version comes from a page counts as {@link pageReadKeys}. */
  readonly keys: number;
  /** Bytes of versions after which the slice ends. */
  readonly bytes: number;
}

/** A page may have to be read from the disk, and checked. */
const pageReadKeys = 32;

/** Some two milliseconds. */
export const usualSlice: SliceLimits = { keys: 4096, bytes: 1024 * 1024 };

/** Bytes of the `RangeResponse`, in pieces to be sent one after the other. */
export type SlicedRange = Generator<void, Outcome<readonly Uint8Array[]>>;

/** With compactions coming this often, the range is answered in one step. */
const attemptsMax = 3;
const tags = { header: 0x0a, kvs: 0x12, more: 0x18, count: 0x20 } as const;
const { SortOrder, SortTarget } = etcdserverpb.RangeRequest;

/** @param viewOf the state as it is by now; asked anew in each step */
export function* slicedRange(
  viewOf: () => ReadView,
  request: RangeRequest,
  headerOf: EncodedHeader,
  limits: SliceLimits = usualSlice,
): SlicedRange {
  if (isSliceable(request, limits)) {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const outcome = yield* oneAttempt(viewOf, request, { headerOf, limits });
      if (outcome) return outcome;
    }
  }
  const whole = encodedRange(viewOf(), request, headerOf);
  return whole.ok ? { ...whole, response: [whole.response] } : whole;
}

/** Whether one look at each key in order is all that is needed, and there may be many. */
function isSliceable(request: RangeRequest, { keys }: SliceLimits): boolean {
  if (intervalOf(request.key, request.range_end).isPoint || hasFilters(request)) return false;
  if ((request.sort_target ?? SortTarget.KEY) !== SortTarget.KEY || request.sort_order === SortOrder.DESCEND)
    return false;
  if (clampInteger(request.revision) > 0) return true;
  // At the newest revision whole blocks of keys are counted at once: a count or a few versions are no long work.
  const limit = clampInteger(request.limit);
  return request.count_only !== true && (limit <= 0 || limit > keys);
}

/** Undefined when a compaction took what was not read yet. */
function* oneAttempt(
  viewOf: () => ReadView,
  request: RangeRequest,
  { headerOf, limits }: { readonly headerOf: EncodedHeader; readonly limits: SliceLimits },
): Generator<void, Outcome<readonly Uint8Array[]> | undefined> {
  const view = viewOf();
  const revision = revisionOf(view, request);
  if (typeof revision !== 'number') return revision;
  const header = frames([{ tag: tags.header, content: headerOf(view.revision) }]);
  const reading = new Reading(request, revision);
  const pieces = [header];
  for (;;) {
    const { keyspace, compactRevision } = viewOf();
    if (revision < compactRevision) return clampInteger(request.revision) > 0 ? refuse('compacted') : undefined;
    const piece = reading.read(keyspace, limits);
    if (piece.length > 0) pieces.push(piece);
    if (reading.isDone) break;
    yield;
  }
  pieces.push(endOf(reading));
  return { ok: true, response: pieces, revision: view.revision };
}

/** How far a range has come. */
class Reading {
  /** Keys that lived at the revision, whatever the limit. */
  count = 0;
  hasMore = false;
  isDone = false;
  readonly #revision: number;
  readonly #interval: Interval;
  /** Where the next slice begins. */
  #start: Uint8Array;
  /** Versions that are still wanted. */
  #wanted: number;
  readonly #isCount: boolean;
  readonly #keysOnly: boolean;

  constructor(request: RangeRequest, revision: number) {
    this.#revision = revision;
    this.#interval = intervalOf(request.key, request.range_end);
    this.#start = this.#interval.start;
    this.#isCount = request.count_only === true;
    this.#keysOnly = request.keys_only === true;
    this.#wanted = this.#isCount ? 0 : Math.max(0, clampInteger(request.limit)) || Infinity;
  }

  /** Reads a slice; returns its versions as fields of the response. */
  read(keyspace: ReadView['keyspace'], limits: SliceLimits): Uint8Array {
    const versions: Framed[] = [];
    let keys = 0;
    let bytes = 0;
    let next: KeyId | undefined;
    keyspace.order.scan(this.#start, this.#interval.end, (id) => {
      if (keys >= limits.keys || bytes >= limits.bytes) {
        next = id;
        return false;
      }
      keys++;
      if (this.#wanted === 0) {
        if (keyspace.revisionAt(id, this.#revision)) this.#countOne();
        return true;
      }
      const version = keyspace.bytesAt(id, this.#revision);
      if (!version) return true;
      if (keyspace.table.modRevision(id) > this.#revision) keys += pageReadKeys - 1;
      const content = this.#keysOnly ? withoutValue(version) : version;
      versions.push({ tag: tags.kvs, content });
      bytes += content.length;
      this.count++;
      this.#wanted--;
      return true;
    });
    if (next === undefined) this.isDone = true;
    else this.#start = keyspace.keyCopy(next);
    return frames(versions);
  }

  #countOne(): void {
    this.count++;
    this.hasMore = !this.#isCount;
  }
}

/** As etcd answers keys_only: from the index, which knows neither value nor lease. */
function withoutValue(version: Uint8Array): Uint8Array {
  const head = { ...decodeKeyVersion(version), value: noBytes, lease: 0n };
  const bytes = Buffer.allocUnsafe(encodedLength(head));
  encodeInto(bytes, 0, head);
  return bytes;
}

function frames(fields: readonly Framed[]): Uint8Array {
  let length = 0;
  for (const { content } of fields) length += framedLength(content.length);
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const field of fields) at = writeFramed(bytes, at, field);
  return bytes;
}

function endOf({ hasMore, count }: Reading): Uint8Array {
  const bytes = Buffer.alloc((hasMore ? 2 : 0) + (count > 0 ? 1 + varintLength(count) : 0));
  let at = 0;
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
