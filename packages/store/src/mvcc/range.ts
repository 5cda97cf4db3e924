/** Answers a Range from a keyspace as of one moment. */
import { clampInteger, etcdserverpb } from '@flotilla/wire';
import { compareBytes, noBytes } from '../bytes.ts';
import { type Interval, intervalOf } from '../interval.ts';
import { type Outcome, type Refusal, refuse } from '../outcome.ts';
import { type KeyVersion, toMessage } from './key-value.ts';
import type { KeyId } from './key-table.ts';
import type { Keyspace } from './keyspace.ts';

export type RangeRequest = etcdserverpb.RangeRequest.$Properties;
export type RangeResponse = etcdserverpb.RangeResponse.$Properties;

/** The state as a request sees it. */
export interface ReadView {
  readonly keyspace: Keyspace;
  /** The newest revision: inside a txn that has written, the one it is making. */
  readonly revision: number;
  readonly compactRevision: number;
}

interface Found<T> {
  readonly versions: T[];
  /** Keys in the interval, whatever the limit. */
  readonly count: number;
}

const { SortOrder, SortTarget } = etcdserverpb.RangeRequest;

/** The revision that a request is about, where 0 or less is the newest; or why it is refused. */
export function revisionOf(view: ReadView, request: RangeRequest): number | Refusal {
  const asked = clampInteger(request.revision);
  if (asked > view.revision) return refuse('futureRevision');
  const revision = asked <= 0 ? view.revision : asked;
  return revision < view.compactRevision ? refuse('compacted') : revision;
}

export function range(view: ReadView, request: RangeRequest): Outcome<RangeResponse> {
  const revision = revisionOf(view, request);
  if (typeof revision !== 'number') return revision;
  const interval = intervalOf(request.key, request.range_end);
  const limit = Math.max(0, clampInteger(request.limit));
  const read = (id: KeyId): KeyVersion | undefined => view.keyspace.at(id, revision);
  const fetched = findVersions(view, { interval, revision, limit: fetchLimit(request, limit) }, read);
  if (request.count_only === true) return answer(view, { count: fetched.count, kvs: [], more: false });

  const kept = sorted(filtered(fetched.versions, request), request);
  const more = limit > 0 && kept.length > limit;
  const shown = more ? kept.slice(0, limit) : kept;
  const hide = request.keys_only === true ? hideValue(request) : undefined;
  const kvs = shown.map((version) => toMessage(hide ? hide(version) : version));
  return answer(view, { count: fetched.count, kvs, more });
}

function answer(view: ReadView, response: RangeResponse): Outcome<RangeResponse> {
  return { ok: true, response, revision: view.revision };
}

/** How many versions to fetch. One more than the limit tells whether there are more. */
function fetchLimit(request: RangeRequest, limit: number): number {
  if (request.count_only === true) return 0;
  return limit > 0 && (request.sort_order ?? 0) === SortOrder.NONE && !hasFilters(request) ? limit + 1 : Infinity;
}

interface Query {
  readonly interval: Interval;
  readonly revision: number;
  /** The most versions to read; the others are counted. */
  readonly limit: number;
}

/** Reads the versions of the keys that lived at a revision, in key order. @param read what is wanted of a key that did. */
export function findVersions<T>(view: ReadView, query: Query, read: (id: KeyId) => T | undefined): Found<T> {
  const { keyspace } = view;
  const { interval, revision, limit } = query;
  if (revision === view.revision) return findNewest(keyspace, query, read);
  const versions: T[] = [];
  let count = 0;
  keyspace.order.scan(interval.start, interval.end, (id) => {
    if (!keyspace.revisionAt(id, revision)) return true;
    count++;
    if (versions.length < limit) versions.push(read(id) as T);
    return true;
  });
  return { versions, count };
}

function findNewest<T>(keyspace: Keyspace, query: Query, read: (id: KeyId) => T | undefined): Found<T> {
  const { order, table } = keyspace;
  const { interval, limit } = query;
  const versions: T[] = [];
  if (interval.isPoint) {
    const id = keyspace.findLive(interval.start);
    if (id === undefined) return { versions, count: 0 };
    return { versions: limit > 0 ? [read(id) as T] : [], count: 1 };
  }
  if (interval.end !== undefined && compareBytes(interval.start, interval.end) >= 0) return { versions, count: 0 };
  // Keys beyond the limit are only counted, whole blocks at a time.
  let rest: { block: number; position: number } | undefined = order.place(interval.start);
  if (limit > 0) {
    rest = order.scan(interval.start, interval.end, (id) => {
      if (versions.length === limit) return false;
      if (table.isLive(id)) versions.push(read(id) as T);
      return true;
    });
  }
  return { versions, count: versions.length + (rest ? order.countLive(rest, interval.end) : 0) };
}

interface Filters {
  readonly minMod: number;
  readonly maxMod: number;
  readonly minCreate: number;
  readonly maxCreate: number;
}

function filtersOf(request: RangeRequest): Filters {
  return {
    minMod: clampInteger(request.min_mod_revision),
    maxMod: clampInteger(request.max_mod_revision),
    minCreate: clampInteger(request.min_create_revision),
    maxCreate: clampInteger(request.max_create_revision),
  };
}

export function hasFilters(request: RangeRequest): boolean {
  const { minMod, maxMod, minCreate, maxCreate } = filtersOf(request);
  return minMod !== 0 || maxMod !== 0 || minCreate !== 0 || maxCreate !== 0;
}

function filtered(versions: KeyVersion[], request: RangeRequest): KeyVersion[] {
  if (!hasFilters(request)) return versions;
  const { minMod, maxMod, minCreate, maxCreate } = filtersOf(request);
  const within = (value: number, min: number, max: number): boolean =>
    (min === 0 || value >= min) && (max === 0 || value <= max);
  return versions.filter(
    ({ modRevision, createRevision }) =>
      within(modRevision, minMod, maxMod) && within(createRevision, minCreate, maxCreate),
  );
}

type Order = (a: KeyVersion, b: KeyVersion) => number;

/** The versions arrive by key. A target without an order is sorted ascending. */
function sorted(versions: KeyVersion[], request: RangeRequest): KeyVersion[] {
  const ascending = orderBy(request.sort_target ?? SortTarget.KEY);
  if (request.sort_order === SortOrder.DESCEND) return versions.sort((a, b) => ascending(b, a));
  return request.sort_target ? versions.sort(ascending) : versions;
}

function orderBy(target: etcdserverpb.RangeRequest.SortTarget): Order {
  switch (target) {
    case SortTarget.VERSION:
      return (a, b) => a.version - b.version;
    case SortTarget.CREATE:
      return (a, b) => a.createRevision - b.createRevision;
    case SortTarget.MOD:
      return (a, b) => a.modRevision - b.modRevision;
    case SortTarget.VALUE:
      return (a, b) => compareBytes(a.value, b.value);
    default:
      return (a, b) => compareBytes(a.key, b.key);
  }
}

/** Since etcd 3.7 keys_only is answered from the index, which knows no lease, unless values decide the order. */
function hideValue(request: RangeRequest): (version: KeyVersion) => KeyVersion {
  if (request.sort_target === SortTarget.VALUE) return (version) => ({ ...version, value: noBytes });
  return (version) => ({ ...version, value: noBytes, lease: 0n });
}
