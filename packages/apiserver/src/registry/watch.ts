/** Watches: where one starts, its bookmarks, and its end. */
import { type Clock } from '@flotilla/base';
import { expired } from '@flotilla/api';
import type { KindCache } from '../cache/kind-cache.ts';
import type { Watcher } from '../cache/watcher.ts';
import type { WatchOutput } from '../cache/watcher.ts';
import type { Freshness } from './freshness.ts';
import { type WatchOptions, checkWatchOptions, parseResourceVersion } from './read-options.ts';
import { type RequestContext, type Target, collectionPrefix } from './request.ts';
import { selection } from './selection.ts';

export interface WatchSources {
  readonly cache: KindCache;
  readonly freshness: Freshness;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** Of a watch whose client names none: drawn between this and twice this, so that watches don't all end at once. */
const minTimeoutSeconds = 1_800;
/** A longer one would overflow a timer; clients watch again. */
const maxTimeoutSeconds = 86_400;
const bookmarkEveryMs = 60_000;
/** A last bookmark leaves this long before the end. */
const bookmarkBeforeEndMs = 2_000;

/**
 * Opens a watch. What it throws comes before the stream; iterating the result never throws.
 * @throws ApiError Expired for a version that the window has lost.
 */
export async function watchObjects(
  sources: WatchSources,
  target: Target,
  options: WatchOptions,
  context: RequestContext,
): Promise<AsyncIterable<readonly WatchOutput[]>> {
  checkWatchOptions(options);
  const { selects } = selection(target.kind, options.labelSelector, options.fieldSelector);
  const revision = parseResourceVersion(options.resourceVersion);
  const { cache, freshness } = sources;
  const fromPresent = revision === undefined || revision === 0 || options.sendInitialEvents === true;

  if (!fromPresent) await cache.ready();
  else if (revision === undefined) await freshness.mustBeNewest(cache, target.kind, context.signal);
  else if (revision > 0) await freshness.notOlderThan(cache, revision, context.signal);
  else await cache.ready();

  const after = fromPresent ? undefined : revision;
  if (after !== undefined && after < cache.windowStart) {
    throw expired(`too old resource version: ${after} (${cache.windowStart})`);
  }
  // Without initial events a stream that starts with the present state still starts after it.
  const start = options.sendInitialEvents === false && fromPresent ? cache.revision : after;
  const watcher = cache.watch({
    prefix: collectionPrefix(target),
    selects,
    ...(start !== undefined && { after: start }),
    markInitialEnd: options.sendInitialEvents === true && options.allowWatchBookmarks,
  });
  return timed(sources, watcher, options, context.signal);
}

async function* timed(
  { cache, clock, random }: WatchSources,
  watcher: Watcher,
  { timeoutSeconds, allowWatchBookmarks }: WatchOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly WatchOutput[], void> {
  const asked = timeoutSeconds > 0 ? timeoutSeconds : minTimeoutSeconds * (1 + random());
  const seconds = Math.min(asked, maxTimeoutSeconds);
  const bookmark = (): void => watcher.bookmark(cache.revision);
  const end = (): void => watcher.end();
  const timers = [clock.after(seconds * 1_000, end)];
  if (allowWatchBookmarks) {
    timers.push(clock.every(bookmarkEveryMs, bookmark));
    timers.push(clock.after(Math.max(0, seconds * 1_000 - bookmarkBeforeEndMs), bookmark));
  }
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    yield* watcher;
  } finally {
    for (const timer of timers) timer.cancel();
    signal.removeEventListener('abort', end);
  }
}
