/**
 * Lists. From the cache where it can answer, from the store where a list must be of one past revision:
 *
 * | resourceVersion | match               | answered from                                     |
 * | --------------- | ------------------- | ------------------------------------------------- |
 * | none            |                     | the cache, once it is as new as the request       |
 * | 0               |                     | the cache as it is                                |
 * | N               | none, no limit      | the cache, once it is at N                        |
 * | N               | NotOlderThan        | the cache, once it is at N                        |
 * | N               | Exact; none + limit | the store at N                                    |
 * | (continue)      |                     | the store at the first page's revision            |
 *
 * A first page that the cache cuts off goes on in the store: the cache at revision N is the store at N.
 */
import { ApiError, expired, resourceVersionTooLarge } from '@flotilla/api';
import { codeOf } from '@flotilla/base';
import { CompactedError, type EtcdClient, prefixRange } from '@flotilla/etcd-client';
import type { Selects } from '../cache/cache-event.ts';
import type { KindCache } from '../cache/kind-cache.ts';
import { type Version, decodeStored, versionOf } from '../cache/version.ts';
import { type ContinueToken, anyRevision, decodeContinue, encodeContinue } from './continue-token.ts';
import type { Freshness } from './freshness.ts';
import { type ListOptions, checkListOptions, parseResourceVersion } from './read-options.ts';
import { type RequestContext, type Target, collectionPrefix } from './request.ts';
import { type Selection, selection } from './selection.ts';

export interface ListResult {
  readonly revision: number;
  /** Empty on the last page. */
  readonly continue: string;
  /** Known only for pages without selectors. */
  readonly remainingItemCount: number | undefined;
  readonly versions: readonly Version[];
}

export interface ListSources {
  readonly client: EtcdClient;
  readonly cache: KindCache;
  readonly freshness: Freshness;
}

/** The largest page that is read from the store at once. */
const storePageLimit = 1_000;

const inconsistentPage =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

export async function listObjects(
  sources: ListSources,
  target: Target,
  options: ListOptions,
  context: RequestContext,
): Promise<ListResult> {
  checkListOptions(options);
  const selected = selection(target.kind, options.labelSelector, options.fieldSelector);
  const revision = parseResourceVersion(options.resourceVersion);
  const { limit } = options;
  if (options.continue !== '')
    return continuedPage(sources, target, selected, decodeContinue(options.continue), limit, context);

  const { cache, freshness } = sources;
  const exact = options.resourceVersionMatch === 'Exact' || (options.resourceVersionMatch === '' && limit > 0);
  if (revision !== undefined && revision > 0 && exact) {
    return storePage(sources, target, selected, { revision, start: '' }, limit, context);
  }
  if (revision === undefined) {
    const isNew = await freshness.newest(cache, context.signal);
    if (!isNew) return storePage(sources, target, selected, { revision: anyRevision, start: '' }, limit, context);
  } else if (revision > 0) {
    await freshness.notOlderThan(cache, revision, context.signal);
  } else {
    await cache.ready();
  }
  return cachedPage(cache, target, selected, limit);
}

function cachedPage(
  cache: KindCache,
  target: Target,
  { selects, isEverything, name }: Selection,
  limit: number,
): ListResult {
  const prefix = collectionPrefix(target);
  const { revision } = cache;
  const versions = isOneKey(target, name) ? present(cache, prefix + name, selects) : cache.list(prefix, selects);
  const next = limit > 0 ? versions[limit] : undefined;
  if (!next) return { revision, continue: '', remainingItemCount: undefined, versions };
  return {
    revision,
    continue: encodeContinue({ revision, start: next.key.slice(prefix.length) }),
    remainingItemCount: isEverything ? versions.length - limit : undefined,
    versions: versions.slice(0, limit),
  };
}

/** Whether a name and the collection's path make the key of one object. */
function isOneKey({ kind, namespace }: Target, name: string | undefined): name is string {
  return name !== undefined && (!kind.namespaced || namespace !== '');
}

function present(cache: KindCache, key: string, selects: Selects): Version[] {
  const version = cache.get(key);
  return version && selects(version) ? [version] : [];
}

async function continuedPage(
  sources: ListSources,
  target: Target,
  selected: Selection,
  token: ContinueToken,
  limit: number,
  context: RequestContext,
): Promise<ListResult> {
  try {
    return await storePage(sources, target, selected, token, limit, context);
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'Expired') throw error;
    throw expired(inconsistentPage, encodeContinue({ ...token, revision: anyRevision }));
  }
}

/** Reads on until the page is full: a selector may drop most of what the store returns. */
async function storePage(
  { client, cache }: ListSources,
  target: Target,
  { selects, isEverything }: Selection,
  from: ContinueToken,
  limit: number,
  { signal }: RequestContext,
): Promise<ListResult> {
  const prefix = collectionPrefix(target);
  const { rangeEnd } = prefixRange(prefix);
  const wanted = limit > 0 ? limit : Infinity;
  const versions: Version[] = [];
  let revision = from.revision === anyRevision ? 0 : from.revision;
  let key = prefix + from.start;
  for (;;) {
    const request = { key, ...(rangeEnd && { rangeEnd }), revision, limit: Math.min(storePageLimit, wanted) };
    const page = await readPage(() => client.kv.range(request, { signal }), {
      requested: revision,
      current: cache.revision,
    });
    if (revision === 0) revision = page.header.revision;
    for (const [index, kv] of page.kvs.entries()) {
      const version = versionOf(target.kind, Buffer.from(kv.key).toString(), decodeStored(kv.value), kv.modRevision);
      if (selects(version)) versions.push(version);
      key = `${version.key}\0`;
      const left = page.count - index - 1;
      if (versions.length < wanted || left === 0) continue;
      const token = encodeContinue({ revision, start: key.slice(prefix.length) });
      return { revision, continue: token, remainingItemCount: isEverything ? left : undefined, versions };
    }
    if (!page.more) return { revision, continue: '', remainingItemCount: undefined, versions };
  }
}

/** @throws ApiError Expired, or Timeout with cause ResourceVersionTooLarge. */
async function readPage<T>(read: () => Promise<T>, revisions: { requested: number; current: number }): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CompactedError) throw expired('The resourceVersion for the provided list is too old.');
    if (codeOf(error) === 'ETCD_FUTURE_REVISION') throw resourceVersionTooLarge(revisions);
    throw error;
  }
}
