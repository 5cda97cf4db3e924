/** How new a read from the cache must be, and the waiting for it. */
import { type Kind, resourceVersionTooLarge, serverTimeout } from '@flotilla/api';
import type { KindCache } from '../cache/kind-cache.ts';

/** A read waits this long for the cache, milliseconds; as in kube-apiserver. */
const waitMs = 3_000;

export interface Freshness {
  /** Resolves false when the cache did not get there in time: read from the store instead. */
  newest(cache: KindCache, signal: AbortSignal): Promise<boolean>;
  /** @throws ApiError Timeout with cause ResourceVersionTooLarge. */
  notOlderThan(cache: KindCache, revision: number, signal: AbortSignal): Promise<void>;
  /** As `newest`, where there is nothing else to read from. @throws ApiError ServerTimeout. */
  mustBeNewest(cache: KindCache, kind: Kind, signal: AbortSignal): Promise<void>;
}

/** @param freshRevision asks the store for a revision that is read after the question. */
export function createFreshness(freshRevision: () => Promise<number>): Freshness {
  const reached = (cache: KindCache, revision: number, signal: AbortSignal): Promise<boolean> => {
    if (cache.isReady && cache.revision >= revision) return Promise.resolve(true);
    return cache.reached(revision, AbortSignal.any([signal, AbortSignal.timeout(waitMs)]));
  };
  const newest = async (cache: KindCache, signal: AbortSignal): Promise<boolean> => {
    return reached(cache, await freshRevision(), signal);
  };
  return {
    newest,
    async notOlderThan(cache, revision, signal) {
      if (await reached(cache, revision, signal)) return;
      throw resourceVersionTooLarge({ requested: revision, current: cache.revision });
    },
    async mustBeNewest(cache, { group, plural }, signal) {
      if (!(await newest(cache, signal))) throw serverTimeout({ group, resource: plural }, 'watch', 1);
    },
  };
}
